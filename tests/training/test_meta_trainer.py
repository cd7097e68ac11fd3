import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from training.checkpoint import load_checkpoint, load_meta_net, load_transform_net, save_checkpoint
from training.config import StyleCredits, TransformConfig
from training.config_meta import MetaConfig, default_layers
from training.devices import Placement
from training.errors import CheckpointError, DataError, OptionError
from training.images import read_rgb, resize_short_side, to_tensor, write_png
from training.meta_generate import StyleWriter, generate_checkpoint
from training.meta_report import MetaReport
from training.meta_trainer import MetaTrainer
from training.networks.transform_net import build_transform_net
from training.report import Paint, TrainingReport
from training.transform_trainer import TransformTrainer


@pytest.fixture(scope="session")
def paintings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stripes of four pairs of colours."""
    folder = tmp_path_factory.mktemp("paintings")
    stripes = np.indices((80, 96)).sum(axis=0) // 5 % 2
    colours = [(200, 30, 40), (20, 60, 180), (230, 220, 60), (10, 120, 30)]
    for number, colour in enumerate(colours):
        other = colours[(number + 1) % 4]
        write_png(folder / f"p{number}.png", np.where(stripes[..., None], colour, other).astype(np.uint8))
    return folder


@pytest.fixture
def options(photographs: Path, paintings: Path, feature_weights: Path, tmp_path: Path) -> dict[str, Any]:
    """A training small enough for a test: real networks and losses, four steps, two steps a style."""
    return {
        "styles": (paintings,),
        "content": photographs,
        "out": tmp_path / "meta.pt",
        "preset": "turbo",
        "hidden": 4,
        "style_numbers": 8,
        "measured_styles": 16,
        "style_size": 64,
        "steps": 4,
        "batch_size": 2,
        "crop_size": 64,
        "steps_per_style": 2,
        "features": "small",
        "style_layers": ("relu1_1", "relu2_1"),
        "content_layers": ("relu2_1",),
        "encoder_layers": ("relu1_1", "relu2_1"),
        "weights": feature_weights,
        "precision": "fp32",
        "device": "cpu",
        "sample_every": 1000,
        "checkpoint_minutes": 5.0,
    }


def make_trainer(options: dict[str, Any], **changes: Any) -> MetaTrainer:
    config = MetaConfig(**{**options, **changes})
    return MetaTrainer(config, Placement(config.device, config.precision))


class NoReport(TrainingReport):
    """Shows nothing: sheets and curves take longer than these trainings."""

    def __init__(self) -> None:
        pass

    def step(self, step: int, parts: dict[str, float]) -> None:
        pass

    def samples(self, step: int, paint: Paint, history: list[dict[str, float]]) -> None:
        pass


def train(options: dict[str, Any], **changes: Any) -> MetaTrainer:
    trainer = make_trainer(options, **changes)
    trainer.run(NoReport())
    return trainer


def weights_of(file: Path) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = load_checkpoint(file)["weights"]
    return weights


def test_losses_fall_and_styles_come_out_in_their_own_colours(options: dict[str, Any]) -> None:
    options.update(vary=0.0, textures=0.0, photographs=0.0, steps_per_style=1)
    trainer = train(options, steps=100, learning_rate=1e-2, content_weight=0.1)
    style = [row["style"] for row in trainer.history]
    assert sum(style[-20:]) < 0.5 * sum(style[:20])
    before = make_trainer(options, out=options["out"].with_name("fresh.pt"))
    picture = [to_tensor(read_rgb(options["content"] / "0.png"))[None]]
    scores = {score.name: score for score in trainer.score(picture)}
    for score in before.score(picture):
        assert scores[score.name].style < 0.6 * score.style
    means = torch.stack([image.mean(dim=(1, 2)) for image in trainer.paint(picture)])
    wanted = torch.stack([image[0].mean(dim=(1, 2)) for _, image in trainer.held_out])
    distances = (wanted[None] - means[:, None]).square().sum(dim=2)  # of painting, of style
    own = distances.diagonal().mean()
    others = (distances.sum() - distances.diagonal().sum()) / (distances.numel() - len(distances))
    assert own < 0.7 * others


@pytest.mark.parametrize("preset", ["turbo", "recurrent"])
def test_a_training_can_begin_from_a_trained_network_or_the_plain_half_of_a_recurrent_one(
    options: dict[str, Any], tmp_path: Path, preset: str
) -> None:
    file, trained = tmp_path / "trained.pt", build_transform_net(preset)
    content = {"kind": "transform", "preset": preset, "weights": trained.state_dict(), "training": {}}
    save_checkpoint(file, content)
    trainer = make_trainer(options, network=file)
    for name, value in trainer.meta_style.meta_net.network.state_dict().items():
        assert torch.equal(value, trained.state_dict()[name]), name
    with pytest.raises(CheckpointError, match=f"trained.pt is of preset {preset}, not fast"):
        make_trainer(options, network=file, preset="fast")
    with pytest.raises(OptionError, match="--network or --init-from"):
        make_trainer(options, network=file, init_from=file)


@pytest.mark.parametrize(
    "changes",
    [{}, {"encoder": "small", "teach_steps": 1, "steps_per_style": 1}, {"styles_per_step": 2}],
    ids=["in the middle of a style", "with an encoder", "several styles"],
)
def test_a_killed_training_goes_on_exactly_where_it_was(
    options: dict[str, Any], changes: dict[str, Any], tmp_path: Path
) -> None:
    options.update(changes, checkpoint_minutes=0.0)
    train(options)
    whole = weights_of(options["out"])

    class Killed(Exception):
        pass

    class DyingReport(NoReport):
        def step(self, step: int, parts: dict[str, float]) -> None:
            if step == 4:
                raise Killed  # in the fourth step, after the checkpoint of the third

    options["out"] = tmp_path / "again.pt"
    dying = make_trainer(options)
    with pytest.raises(Killed):
        dying.run(DyingReport())
    resumed = make_trainer(options)
    assert resumed.step == 3
    resumed.run(NoReport())
    again = weights_of(options["out"])
    assert again.keys() == whole.keys()
    for name, value in again.items():
        assert torch.equal(value, whole[name]), name


def test_styles_change_every_so_many_steps_and_are_named(options: dict[str, Any]) -> None:
    trainer = make_trainer(options, steps=6, steps_per_style=3, styles_per_step=2)
    seen = []
    for content_image in trainer._batches():
        trainer._train_step(content_image)
        trainer.step += 1
        assert trainer._targets is not None
        seen.append((trainer.style_names, trainer._targets[1].images))
    assert [len(names) for names, _ in seen] == [2] * 6
    assert all(torch.equal(seen[0][1], seen[n][1]) for n in (1, 2))
    assert not torch.equal(seen[2][1], seen[3][1])
    assert all(torch.equal(seen[3][1], seen[n][1]) for n in (4, 5))


def test_processes_share_a_batch_so_that_each_photograph_keeps_its_style(options: dict[str, Any]) -> None:
    trainer = make_trainer(options, batch_size=8, styles_per_step=2)
    assert trainer._counts() == [4, 4]
    trainer.placement.world_size = 4
    for rank in range(4):
        trainer.placement.rank = rank
        assert trainer._counts() == [1, 1]
    trainer.placement.world_size = 8
    trainer.placement.rank = 6
    assert trainer._counts() == [0, 1]


def test_an_encoder_of_its_own_is_taught_alone_first(options: dict[str, Any]) -> None:
    trainer = train(options, encoder="small", teach_steps=40, steps=42, learning_rate=1e-2)
    rows = trainer.history
    assert set(rows[0]) == {"step", "total", "vector"}
    assert set(rows[-1]) == {"step", "total", "content", "style", "tv", "vector"}
    vectors = [row["vector"] for row in rows]
    assert sum(vectors[30:40]) < 0.7 * sum(vectors[:10])
    assert rows[-1]["total"] == pytest.approx(
        rows[-1]["content"] + 8 * rows[-1]["style"] + 0.05 * rows[-1]["tv"] + rows[-1]["vector"]
    )


def test_a_meta_network_may_go_on_with_an_encoder_of_its_own(options: dict[str, Any], tmp_path: Path) -> None:
    train(options)
    later = make_trainer(options, encoder="small", init_from=options["out"], out=tmp_path / "small.pt")
    first = weights_of(options["out"])
    now = later.network.state_dict()
    assert all(torch.equal(now[name], value) for name, value in first.items())
    assert any(name.startswith("encoder.") for name in now)
    later.run(NoReport())
    assert load_checkpoint(tmp_path / "small.pt")["training"]["pictures"] == 8 + 8
    with pytest.raises(CheckpointError, match="was trained with --hidden 4: give the same"):
        make_trainer(options, hidden=6, init_from=options["out"], out=tmp_path / "other.pt")
    layers = "--encoder-layers small:relu1_1,small:relu2_1"
    with pytest.raises(CheckpointError, match=f"was trained with {layers}, --style-numbers 8: give the"):
        changes = {"style_numbers": 6, "encoder_layers": ("relu1_1",), "out": tmp_path / "other.pt"}
        make_trainer(options, init_from=options["out"], **changes)


def test_an_encoder_that_was_taught_beside_takes_its_place(options: dict[str, Any], tmp_path: Path) -> None:
    main, taught = tmp_path / "main.pt", tmp_path / "taught.pt"
    train(options, out=main)
    train(options, out=taught, encoder="small", teach_steps=4)
    changes = {"encoder": "small", "encoder_from": taught, "init_from": main, "out": tmp_path / "both.pt"}
    both, first, second = make_trainer(options, **changes), weights_of(main), weights_of(taught)
    for name, value in both.network.state_dict().items():
        assert torch.equal(value, (second if name.startswith("encoder.") else first)[name]), name
    train(options, out=taught, encoder="small", teach_steps=4, seed=1, fresh=True)
    with pytest.raises(CheckpointError, match="taught other style vectors"):
        make_trainer(options, **changes)
    with pytest.raises(CheckpointError, match="main.pt has no small encoder"):
        make_trainer(options, **changes | {"encoder_from": main})


def test_the_loss_may_compare_with_larger_styles_than_the_encoder_sees(options: dict[str, Any]) -> None:
    options.update(textures=0.0)  # those are drawn anew in each size
    usual = make_trainer(options)._styles_now()
    larger = make_trainer(options, target_size=96)._styles_now()
    assert usual.images.shape == larger.images.shape == (1, 3, 64, 64)
    assert (larger.images - usual.images).abs().mean() < 0.05  # the same crop, made smaller afterwards
    for ref, one in usual.statistics[0].items():
        assert not torch.equal(larger.statistics[0][ref]["mean"], one["mean"])


def test_a_start_of_another_kind_is_refused(options: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "transform.pt"
    weights = build_transform_net("turbo").state_dict()
    save_checkpoint(file, {"kind": "transform", "preset": "turbo", "weights": weights, "training": {}})
    with pytest.raises(CheckpointError, match="is of kind transform, not meta"):
        make_trainer(options, init_from=file)
    with pytest.raises(CheckpointError, match="is of kind transform, not meta"):
        load_meta_net(file)
    save_checkpoint(file, {"kind": "meta", "weights": {}})
    with pytest.raises(CheckpointError, match="has no plan of a meta network"):
        load_meta_net(file)


def test_resuming_with_other_options_is_refused_and_names_them(options: dict[str, Any]) -> None:
    train(options)
    with pytest.raises(OptionError, match=r"steps_per_style 2 -> 5.*--fresh"):
        train(options, steps_per_style=5)
    assert train(options, sample_styles=options["content"]).step == 4  # sheets may change


@pytest.mark.parametrize("encoder", ["vgg", "small"])
def test_any_picture_becomes_an_ordinary_checkpoint(
    options: dict[str, Any], style_picture: Path, tmp_path: Path, encoder: str
) -> None:
    trainer = train(options, encoder=encoder, sample_styles=style_picture.parent)
    credits = StyleCredits("stripes", "Stripes", "nobody", "1900")
    weights = options["weights"] if encoder == "vgg" else tmp_path  # with an encoder no weights are wanted
    content = generate_checkpoint(options["out"], style_picture, credits, weights)
    save_checkpoint(tmp_path / "stripes.pt", content)
    network, found = load_transform_net(tmp_path / "stripes.pt")
    assert found["preset"] == "turbo" and found["style"]["artist"] == "nobody"
    assert found["training"]["written_by"] == "meta.pt" and found["training"]["meta_pictures"] == 8
    picture = torch.rand(1, 3, 70, 90)
    with torch.no_grad():
        torch.testing.assert_close(network(picture)[0], trainer.paint([picture])[0], atol=1e-4, rtol=1e-3)
    unknown = generate_checkpoint(options["out"], style_picture, weights=weights)["style"]
    assert unknown == {"name": "stripes", "title": "Stripes", "artist": "unknown", "year": "unknown"}


def test_hidden_vectors_can_be_mixed_and_written(
    options: dict[str, Any], style_picture: Path, paintings: Path
) -> None:
    train(options)
    writer = StyleWriter(options["out"], options["weights"])
    one, other = writer.hidden(style_picture), writer.hidden(paintings / "p2.png")
    network = build_transform_net("turbo").eval()
    picture = to_tensor(resize_short_side(read_rgb(style_picture), 64))[None]
    painted = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        mixed = torch.lerp(one, other, share)
        network.load_state_dict(writer.checkpoint(mixed, StyleCredits("m", "m", "m", "m"))["weights"])
        with torch.no_grad():
            painted.append(network(picture))
    to_first = [float((image - painted[0]).abs().mean()) for image in painted]
    to_last = [float((image - painted[-1]).abs().mean()) for image in painted]
    assert to_first == sorted(to_first) and to_last == sorted(to_last, reverse=True)
    with pytest.raises(DataError, match="cannot read"):
        writer.hidden(Path("missing.jpg"))


def test_the_sheet_and_the_figures_are_of_held_out_styles(
    options: dict[str, Any], style_picture: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "training"):
        trainer = make_trainer(options, sample_every=2, sample_styles=style_picture.parent)
        with MetaReport(trainer) as report:
            trainer.run(report)
    folder = options["out"].with_suffix(".run")
    sheet = read_rgb(folder / "samples_000004.png")
    assert sheet.shape[0] == 2 * 206  # a row of photographs, a row of their paintings
    rows = [json.loads(line) for line in (folder / "held_out.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [2, 4]
    (score,) = rows[0]["styles"]
    assert score["name"] == "stripes" and score["untouched"] > 0 and score["style"] > 0
    assert "step 2, held-out styles:" in caplog.text


def test_a_gradient_that_is_no_number_moves_nothing(options: dict[str, Any]) -> None:
    trainer = make_trainer(options)
    content_image = next(trainer._batches())
    trainer._train_step(content_image)
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    for value in trainer.network.parameters():
        value.grad = torch.full_like(value, float("inf"))
    trainer.optimizer.step()
    for name, value in trainer.network.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_it_trains_with_soap_and_in_bf16_too(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.meta_trainer._LONGEST_BASIS", 64)  # bases of larger sides take seconds
    fp32 = train(options, steps=2, optimizer="soap")
    bf16 = train(options, steps=2, precision="bf16", fresh=True)
    assert bf16.history[0]["total"] == pytest.approx(fp32.history[0]["total"], rel=0.05)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"preset": "paper"}, "--preset must be one of turbo, fast, full"),
        ({"generate": "all"}, "--generate must be one of paper, more, instead got 'all'"),
        ({"encoder": "large"}, "--encoder must be one of vgg, small"),
        ({"styles": ()}, "at least one folder of paintings"),
        ({"styles_per_step": 3}, "--styles-per-step must divide --batch-size 2, instead got 3"),
        ({"devices": 4}, "--batch-size 2 is no multiple of --devices 4"),
        ({"style_numbers": 16}, "--style-numbers 16 must be below --measured-styles 16"),
        ({"textures": 0.7, "photographs": 0.6}, "more than 1 together"),
        ({"teach_steps": 5}, "only with --encoder small"),
        ({"teach_steps": 5, "encoder": "small", "devices": 2}, "works on one device"),
        ({"encoder_layers": ()}, "--encoder-layers is empty"),
        ({"target_size": 32}, "--target-size must be 0 or at least --style-size 64, got 32"),
        ({"encoder_from": Path("x.pt")}, "--encoder-from wants --encoder small, and --init-from"),
        ({"vary": 2.0}, "--vary must be between 0 and 1"),
        ({"loss": "cubist"}, "'cubist' is no style loss"),
        ({"out": Path("x.onnx")}, "must end in .pt"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    options: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        MetaConfig(**{**options, **changes})


def test_layers_are_the_papers_where_the_feature_network_has_them(feature_weights: Path) -> None:
    paper = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")
    found = default_layers("vgg16")
    assert found["style_layers"] == found["encoder_layers"] == paper
    assert found["content_layers"] == ("relu3_3",)
    shallow = default_layers("vgg19", feature_weights)  # the file ends at conv3_4
    assert shallow["encoder_layers"][-1] == "small:relu5_1" and "small:relu4_1" in shallow["style_layers"]
    assert default_layers("small")["content_layers"] == ("small:relu3_1",)


def test_what_a_meta_network_writes_is_the_start_of_an_ordinary_training(
    options: dict[str, Any], tmp_path: Path
) -> None:
    train(options)
    painting = options["styles"][0] / "p0.png"
    config = TransformConfig(
        style_image=painting,
        content=options["content"],
        out=tmp_path / "polished.pt",
        credits=StyleCredits("p0", "P0", "nobody", "1900"),
        init_from=options["out"],
        weights=options["weights"],
        device="cpu",
    )
    trainer = TransformTrainer(config, Placement("cpu", "fp32"))
    written = generate_checkpoint(options["out"], painting, weights=options["weights"])["weights"]
    for name, value in trainer.network.state_dict().items():
        assert torch.equal(value, written[name]), name
    assert trainer.earlier_pictures == 0
    with pytest.raises(CheckpointError, match="is of preset turbo, not fast"):
        TransformTrainer(replace(config, preset="fast"), Placement("cpu", "fp32"))
