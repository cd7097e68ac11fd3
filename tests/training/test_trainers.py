import re
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from training.checkpoint import load_checkpoint, load_transform_net, save_checkpoint
from training.config import StyleCredits, TransformConfig
from training.devices import Placement
from training.errors import CheckpointError, OptionError, TrainingError
from training.networks.recurrent_net import RecurrentNet
from training.networks.transform_net import build_transform_net
from training.report import TrainingReport
from training.soap import Soap
from training.trainers import one_cycle, sample_pictures
from training.transform_trainer import TransformTrainer

# Layers that cost little, for tests of what does not depend on them.
SHALLOW: dict[str, Any] = {
    "style_layers": ("relu1_1", "relu2_1"),
    "content_layers": ("relu2_1",),
    "style_sizes": (64,),
    "batch_size": 1,
    "sample_every": 100,
    "checkpoint_minutes": 5.0,
}


@pytest.fixture
def options(photographs: Path, style_picture: Path, feature_weights: Path, tmp_path: Path) -> dict[str, Any]:
    """A training small enough for a test: a real network, real losses, four steps."""
    return {
        "style_image": style_picture,
        "content": photographs,
        "out": tmp_path / "stripes.pt",
        "credits": StyleCredits("stripes", "Stripes", "nobody", "1900"),
        "steps": 4,
        "batch_size": 2,
        "crop_size": 64,
        "style_sizes": (64, 96),
        "weights": feature_weights,
        "precision": "fp32",
        "device": "cpu",
        "sample_every": 2,
        "checkpoint_minutes": 0.0,
    }


def train(options: dict[str, Any], **changes: Any) -> TransformTrainer:
    config = TransformConfig(**{**options, **changes})
    trainer = TransformTrainer(config, Placement(config.device, config.precision))
    trainer.run(report_for(config, trainer))
    return trainer


def report_for(config: TransformConfig, trainer: TransformTrainer) -> TrainingReport:
    return TrainingReport(
        config.run_folder(),
        steps=config.steps,
        done=trainer.step,
        pictures=sample_pictures(config, count=2, short_side=64),
        style_image=torch.rand(3, 64, 64),
        quiet=False,
    )


def weights_of(file: Path) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = load_checkpoint(file)["weights"]
    return weights


def test_training_lowers_the_loss(options: dict[str, Any]) -> None:
    options.update(steps=30, learning_rate=1e-2, sample_every=100, checkpoint_minutes=5.0)
    history = train(options).history
    first, last = history[0]["total"], sum(row["total"] for row in history[-5:]) / 5
    assert last < 0.8 * first


def test_the_checkpoint_paints_and_holds_its_credits(options: dict[str, Any]) -> None:
    train(options)
    network, content = load_transform_net(options["out"])
    assert network(torch.rand(1, 3, 70, 90)).shape == (1, 3, 70, 90)
    assert content["style"]["artist"] == "nobody"
    assert content["training"]["pictures"] == 8
    assert content["training"]["feature_networks"]["vgg19"] == "vgg19_features_to_conv3_4.safetensors"


def test_a_killed_training_goes_on_exactly_where_it_was(options: dict[str, Any], tmp_path: Path) -> None:
    train(options)
    whole = weights_of(options["out"])

    class Killed(Exception):
        pass

    class DyingReport(TrainingReport):
        def step(self, step: int, parts: dict[str, float]) -> None:
            if step == 3:
                raise Killed  # in the third step, after the checkpoint of the second
            super().step(step, parts)

    config = TransformConfig(**{**options, "out": tmp_path / "again.pt"})
    trainer = TransformTrainer(config, Placement("cpu", "fp32"))
    report = report_for(config, trainer)
    report.__class__ = DyingReport
    with pytest.raises(Killed):
        trainer.run(report)
    assert not config.out.exists()

    resumed = TransformTrainer(config, Placement("cpu", "fp32"))
    assert resumed.step == 2
    resumed.run(report_for(config, resumed))
    for name, value in weights_of(config.out).items():
        assert torch.equal(value, whole[name]), name
    assert [row["step"] for row in resumed.history] == [1, 2, 3, 4]


def press_in_step(patch: pytest.MonkeyPatch, step: int, times: int) -> None:
    """Press Ctrl-C while the optimiser has moved a part of the network."""
    move, moves, done = Soap._move, 0, 0

    def pressing(self: Soap, parameter: nn.Parameter, rate: float) -> None:
        nonlocal moves, done
        moves += 1
        of_a_step = sum(len(group["params"]) for group in self.param_groups)
        if moves > (step - 1) * of_a_step + of_a_step // 2 and done < times:
            done += 1
            signal.raise_signal(signal.SIGINT)
        move(self, parameter, rate)

    patch.setattr(Soap, "_move", pressing)


@pytest.mark.parametrize(("times", "kept"), [(1, 3), (2, 0)])  # pressed twice, a step ends where it is
def test_ctrl_c_within_a_step_saves_no_half_of_it(
    options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int, kept: int
) -> None:
    options.update(SHALLOW)
    train(options)
    config = TransformConfig(**{**options, "out": tmp_path / "again.pt"})
    trainer = TransformTrainer(config, Placement("cpu", "fp32"))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        press_in_step(patch, 3, times)
        trainer.run(report_for(config, trainer))
    resumed = TransformTrainer(config, Placement("cpu", "fp32"))
    assert resumed.step == kept
    resumed.run(report_for(config, resumed))
    whole = weights_of(options["out"])
    for name, value in weights_of(config.out).items():
        assert torch.equal(value, whole[name]), name


def test_a_broken_photograph_is_left_out_of_the_sheets(options: dict[str, Any], photographs: Path) -> None:
    found = sample_pictures(TransformConfig(**options), count=6)
    assert len(found) == len(list(photographs.iterdir())) - 1


def test_resuming_with_other_options_is_refused_and_names_them(options: dict[str, Any]) -> None:
    train(options)
    with pytest.raises(OptionError, match=r"style_weight 8.0 -> 3.0.*--fresh"):
        train(options, style_weight=3.0)
    assert train(options, style_weight=3.0, fresh=True).step == 4


@pytest.mark.parametrize("loss", ["bn:0.7+poly:0.3", "linear:0.5+gaussian:0.5"])
def test_every_style_loss_trains_and_is_named_in_the_checkpoint(options: dict[str, Any], loss: str) -> None:
    options.update(SHALLOW, steps=20, learning_rate=1e-2)
    history = train(options, loss=loss).history
    for part in ("total", "style"):
        assert sum(row[part] for row in history[-5:]) / 5 < 0.8 * history[0][part]
    assert load_checkpoint(options["out"])["training"]["loss"] == loss
    with pytest.raises(OptionError, match=rf"loss {re.escape(loss)} -> gram.*--fresh"):
        train(options)


def test_a_training_with_random_pairs_goes_on_exactly_where_it_was(options: dict[str, Any]) -> None:
    options.update(SHALLOW, steps=3, loss="gaussian")
    whole = train(options).history
    config = TransformConfig(**{**options, "fresh": True})
    trainer = TransformTrainer(config, Placement("cpu", "fp32"))
    for content_image in trainer._batches():
        trainer._train_step(content_image)
        trainer.step += 1
        trainer.save()
        if trainer.step == 2:
            break
    again = train(options)
    assert again.history[-1]["style"] == whole[-1]["style"]


def test_a_checkpoint_older_than_an_option_goes_on_as_with_its_default(options: dict[str, Any]) -> None:
    options.update(SHALLOW, steps=2)
    trainer = train(options)
    content = load_checkpoint(trainer.resume_file)
    del content["resume"]["identity"]["loss"], content["resume"]["identity"]["zoom"]
    save_checkpoint(trainer.resume_file, content)
    assert train(options).step == 2
    with pytest.raises(OptionError, match="loss gram -> bn"):
        train(options, loss="bn")


def test_training_can_start_from_another_checkpoint(options: dict[str, Any], tmp_path: Path) -> None:
    train(options)
    config = TransformConfig(**{**options, "out": tmp_path / "finer.pt", "init_from": options["out"]})
    started = TransformTrainer(config, Placement("cpu", "fp32"))
    for name, value in started.network.state_dict().items():
        assert torch.equal(value, weights_of(options["out"])[name]), name
    started.run(report_for(config, started))
    assert load_checkpoint(config.out)["training"]["pictures"] == 8 + 8


def test_a_start_of_another_preset_is_refused(options: dict[str, Any], tmp_path: Path) -> None:
    train(options, steps=1)
    with pytest.raises(CheckpointError, match="is of preset turbo, not full"):
        train(options, preset="full", init_from=options["out"], out=tmp_path / "full.pt")


def test_a_student_comes_to_paint_like_its_teacher(options: dict[str, Any], tmp_path: Path) -> None:
    train(options, steps=2, preset="fast")
    config = {"preset": "turbo", "teacher": options["out"], "out": tmp_path / "student.pt"} | SHALLOW
    config.update(steps=40, learning_rate=1e-2, weights=tmp_path / "no_features_are_needed")
    history = train(options, **config).history
    assert sum(row["total"] for row in history[-5:]) / 5 < 0.7 * history[0]["total"]
    student, content = load_transform_net(tmp_path / "student.pt")
    teacher, _ = load_transform_net(options["out"])
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        torch.manual_seed(0)
        fresh = build_transform_net("turbo").eval()
        target = teacher(image)
        assert (student(image) - target).abs().mean() < (fresh(image) - target).abs().mean()
    assert content["training"]["feature_networks"] == {}


def test_a_student_without_a_teacher_is_told_so(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        train(options, teacher=tmp_path / "nobody.pt")


def test_a_loss_that_is_no_number_stops_the_training_and_keeps_the_last_checkpoint(
    options: dict[str, Any],
) -> None:
    config = TransformConfig(**options)
    trainer = TransformTrainer(config, Placement("cpu", "fp32"))
    trainer.save()
    with torch.no_grad():
        next(trainer.network.parameters()).fill_(float("nan"))
    with pytest.raises(TrainingError, match="became nan at step 1: lower --learning-rate"):
        trainer.run(report_for(config, trainer))
    assert all(torch.isfinite(value).all() for value in weights_of(trainer.resume_file).values())


def test_a_training_leaves_curves_samples_and_tensorboard_events(options: dict[str, Any]) -> None:
    pytest.importorskip("tensorboard")
    pytest.importorskip("matplotlib")
    train(options)
    names = {file.name for file in (options["out"].with_suffix(".run")).iterdir()}
    assert {"samples_000002.png", "samples_000004.png", "curves.png", "losses.json", "checkpoint.pt"} <= names
    assert any(name.startswith("events.out.tfevents") for name in names)


def test_bf16_autocast_trains_too(options: dict[str, Any]) -> None:
    fp32, bf16 = train(options, steps=1), train(options, steps=1, precision="bf16", fresh=True)
    assert bf16.history[0]["total"] == pytest.approx(fp32.history[0]["total"], rel=0.05)


def test_the_schedule_rises_to_its_peak_and_falls_to_almost_nothing() -> None:
    rates = [one_cycle(step, 100, 1.0) for step in range(100)]
    assert rates[0] == pytest.approx(0.04) and max(rates) == rates[10] == 1.0
    assert rates[:11] == sorted(rates[:11]) and rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 0.01


def test_a_checkpoint_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "x.pt"
    save_checkpoint(file, {"kind": "test", "step": 1})

    def die(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", die)
    with pytest.raises(OSError, match="no space"):
        save_checkpoint(file, {"kind": "test", "step": 2})
    assert load_checkpoint(file)["step"] == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [(None, "no checkpoint at"), (b"rubbish", "broken or pickles code")],
)
def test_a_file_that_is_no_checkpoint_is_refused(data: bytes | None, message: str, tmp_path: Path) -> None:
    file = tmp_path / "x.pt"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(file)


@pytest.mark.parametrize("name", ["meta.npz", "udnie.onnx"])
def test_what_was_exported_is_no_checkpoint_and_the_way_back_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"exported")
    with pytest.raises(CheckpointError, match=rf"export .*{name} --to checkpoint -o {Path(name).stem}\.pt"):
        load_checkpoint(tmp_path / name)


def test_a_checkpoint_that_pickles_code_is_refused(tmp_path: Path) -> None:
    torch.save({"format": "livebrush", "version": 1, "network": torch.nn.Linear(2, 2)}, tmp_path / "x.pt")
    with pytest.raises(CheckpointError, match="pickles code"):
        load_checkpoint(tmp_path / "x.pt")


def test_a_checkpoint_of_another_version_is_refused(tmp_path: Path) -> None:
    torch.save({"format": "livebrush", "version": 99}, tmp_path / "x.pt")
    with pytest.raises(CheckpointError, match="is of version 99, this program reads 1"):
        load_checkpoint(tmp_path / "x.pt")


def test_a_temporal_weight_adds_how_unsteady_the_painting_is(options: dict[str, Any]) -> None:
    plain = train(options, steps=2, fresh=True)
    steady = train(options, steps=2, fresh=True, temporal_weight=10.0)
    assert "temporal" not in plain.history[0]
    first, before = steady.history[0], plain.history[0]
    assert first["temporal"] > 0
    assert first["total"] == pytest.approx(before["total"] + 10 * first["temporal"], rel=1e-4)
    again = train(options, steps=2, fresh=True, temporal_weight=10.0)
    assert again.history == steady.history


def test_a_network_becomes_steadier_by_the_temporal_loss(options: dict[str, Any]) -> None:
    options.update(SHALLOW, steps=20, learning_rate=1e-2)
    steady = train(options, temporal_weight=100.0, style_weight=0.1)
    unsteady = [parts["temporal"] for parts in steady.history]
    assert sum(unsteady[-5:]) < 0.8 * sum(unsteady[:5])


def test_a_negative_temporal_weight_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="--temporal-weight must be between 0"):
        TransformConfig(**options, temporal_weight=-1.0)


def test_a_recurrent_network_begins_as_a_turbo_one_and_learns_to_look_back(options: dict[str, Any]) -> None:
    turbo = train(options, crop_size=128)
    recurrent = {**options, "preset": "recurrent", "crop_size": 128, "temporal_weight": 100.0}
    trainer = train({**recurrent, "out": options["out"].with_name("steady.pt"), "init_from": options["out"]})
    assert all(parts["temporal"] >= 0 for parts in trainer.history)
    learnt = weights_of(options["out"].with_name("steady.pt"))
    assert set(learnt) - set(turbo.network.state_dict()) == {
        "guide.weight",
        "guide.bias",
        "gate.weight",
        "gate.bias",
    }
    assert learnt["gate.weight"].any() and learnt["guide.weight"].any()
    assert trainer.earlier_pictures == options["steps"] * options["batch_size"]


def test_a_turbo_training_goes_on_with_the_plain_half_of_a_recurrent_network(
    options: dict[str, Any], tmp_path: Path
) -> None:
    file, network = tmp_path / "recurrent.pt", build_transform_net("recurrent")
    content = {"kind": "transform", "preset": "recurrent", "weights": network.state_dict()}
    save_checkpoint(file, {**content, "training": {"pictures": 8}})
    config = TransformConfig(**{**options, **SHALLOW, "steps": 1, "init_from": file})
    trainer = TransformTrainer(config, Placement("cpu", "fp32"))
    assert isinstance(network, RecurrentNet)
    wanted = network.plain().state_dict()
    assert trainer.network.state_dict().keys() == wanted.keys()
    for name, value in trainer.network.state_dict().items():
        assert torch.equal(value, wanted[name]), name
    trainer.run(report_for(config, trainer))
    assert load_checkpoint(options["out"])["preset"] == "turbo" and trainer.earlier_pictures == 8
    with pytest.raises(CheckpointError, match="is of preset recurrent, not fast"):
        train(options, preset="fast", init_from=file, out=tmp_path / "fast.pt")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"crop_size": 128}, "give --temporal-weight, such as 150"),
        ({"temporal_weight": 1.0, "crop_size": 96}, "--crop-size must be 128 or more, instead got 96"),
    ],
)
def test_a_recurrent_training_that_cannot_be_is_refused(
    options: dict[str, Any], changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(OptionError, match=says):
        TransformConfig(**{**options, "preset": "recurrent", **changes})
