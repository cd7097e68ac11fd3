import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from training.checkpoint import load_checkpoint, load_style_net, load_texture_net, save_checkpoint
from training.config import StyleCredits
from training.config_texture import TextureConfig
from training.devices import Placement
from training.errors import CheckpointError, OptionError
from training.networks.transform_net import build_transform_net
from training.report import TrainingReport
from training.texture_trainer import TextureTrainer
from training.trainers import sample_pictures


@pytest.fixture
def options(style_picture: Path, feature_weights: Path, tmp_path: Path) -> dict[str, Any]:
    """A training small enough for a test: a real network, real losses of the small network, four steps."""
    return {
        "style_image": style_picture,
        "out": tmp_path / "stripes.pt",
        "credits": StyleCredits("stripes", "Stripes", "nobody", "1900"),
        "preset": "fast",
        "steps": 4,
        "batch_size": 2,
        "crop_size": 64,
        "style_sizes": (64,),
        "features": "small",
        "style_layers": ("relu1_1", "relu2_1"),
        "content_layers": ("relu2_1",),
        "weights": feature_weights,
        "precision": "fp32",
        "device": "cpu",
        "sample_every": 1000,
        "checkpoint_minutes": 0.0,
    }


def make_trainer(options: dict[str, Any], **changes: Any) -> TextureTrainer:
    config = TextureConfig(**{**options, **changes})
    return TextureTrainer(config, Placement(config.device, config.precision))


def report_for(trainer: TextureTrainer) -> TrainingReport:
    config = trainer.config
    return TrainingReport(
        config.run_folder(),
        steps=config.steps,
        done=trainer.step,
        pictures=sample_pictures(config, count=2, short_side=64),
        style_image=torch.rand(3, 64, 64),
    )


def train(options: dict[str, Any], **changes: Any) -> TextureTrainer:
    trainer = make_trainer(options, **changes)
    trainer.run(report_for(trainer))
    return trainer


def weights_of(file: Path) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = load_checkpoint(file)["weights"]
    return weights


def test_different_noise_gives_different_pictures_of_one_texture(options: dict[str, Any]) -> None:
    trainer = train(options, steps=30, learning_rate=2e-2, checkpoint_minutes=5.0)
    first, last = trainer.history[0]["style"], trainer.history[-1]["style"]
    assert last < 0.2 * first
    report = trainer.measure()
    assert report.diversity.pixel_difference > 0.05  # they differ
    assert report.diversity.alignment < 0.9  # and are not one picture that moved
    # Their style losses are one, beside what the training brought and what the pictures differ.
    assert max(report.style_losses) - min(report.style_losses) < 0.05 * first


def test_pushing_pictures_apart_makes_them_differ_more(options: dict[str, Any]) -> None:
    options.update(steps=15, learning_rate=2e-2, checkpoint_minutes=5.0)
    alone = train(options).measure()
    pushed = train(options, diversity_weight=8.0, fresh=True)
    assert pushed.measure().diversity.pixel_difference > 1.1 * alone.diversity.pixel_difference
    row = pushed.history[-1]
    weights = {"style": 8.0, "tv": 0.05}
    without = sum(weight * row[name] for name, weight in weights.items())
    assert row["total"] == pytest.approx(without - 8.0 * torch.tensor(row["distance"]).log().item(), abs=1e-3)


@pytest.mark.parametrize("with_photographs", [False, True])
def test_a_killed_training_goes_on_exactly_where_it_was(
    options: dict[str, Any], photographs: Path, with_photographs: bool
) -> None:
    if with_photographs:
        options["content"] = photographs
    train(options)
    whole = weights_of(options["out"])

    class Killed(Exception):
        pass

    class DyingReport(TrainingReport):
        def step(self, step: int, parts: dict[str, float]) -> None:
            if step == 3:
                raise Killed  # in the third step, after the checkpoint of the second
            super().step(step, parts)

    dying = make_trainer(options, fresh=True)
    report = report_for(dying)
    report.__class__ = DyingReport
    with pytest.raises(Killed):
        dying.run(report)
    resumed = make_trainer(options)
    assert resumed.step == 2
    resumed.run(report_for(resumed))
    for name, value in weights_of(options["out"]).items():
        assert torch.equal(value, whole[name]), name


def test_noise_is_drawn_anew_for_every_step(options: dict[str, Any]) -> None:
    trainer = make_trainer(options)
    seen: list[Tensor] = []
    trainer.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0][0]))
    for content_image in trainer._batches():
        trainer._train_step(content_image)
        trainer.step += 1
    assert len(seen) == 4
    assert not any(torch.equal(one, other) for n, one in enumerate(seen) for other in seen[:n])


def test_a_texture_of_noise_says_how_different_its_pictures_are(options: dict[str, Any]) -> None:
    words = train(options).closing_words()
    assert words.startswith("; 8 pictures from noise differ by 0.") and "their style losses" in words
    found = json.loads((options["out"].with_suffix(".run") / "texture.json").read_text())
    assert len(found["style_losses"]) == 8 and found["diversity"]["pixel_difference"] > 0


def test_the_sheet_shows_textures_or_paintings(options: dict[str, Any], photographs: Path) -> None:
    textures = make_trainer(options).paint([])
    assert [tuple(texture.shape) for texture in textures] == [(3, 64, 64)] * 4
    assert not torch.equal(textures[0], textures[1])
    paintings = make_trainer(options, content=photographs).paint([torch.rand(1, 3, 70, 90)])
    assert [tuple(painting.shape) for painting in paintings] == [(3, 70, 90)]
    train(options, sample_every=4)
    assert (options["out"].with_suffix(".run") / "samples_000004.png").exists()


def test_with_photographs_the_checkpoint_is_a_style(options: dict[str, Any], photographs: Path) -> None:
    history = train(options, content=photographs).history
    assert set(history[0]) == {"step", "total", "content", "style", "tv"}
    network, content = load_style_net(options["out"])
    assert content["kind"] == "texture" and content["with_content"] is True
    assert content["training"]["pictures"] == 8
    with torch.no_grad():
        assert network(torch.rand(1, 3, 70, 90)).shape == (1, 3, 70, 90)


def test_from_noise_alone_the_checkpoint_is_no_style(options: dict[str, Any]) -> None:
    train(options)
    network, content = load_texture_net(options["out"])
    assert not network.with_content and content["with_content"] is False
    with pytest.raises(
        CheckpointError, match=r"stripes\.pt makes textures from noise and paints no pictures"
    ):
        load_style_net(options["out"])


def test_a_start_of_another_kind_is_refused(
    options: dict[str, Any], photographs: Path, tmp_path: Path
) -> None:
    file = tmp_path / "transform.pt"
    weights = build_transform_net("fast").state_dict()
    save_checkpoint(file, {"kind": "transform", "preset": "fast", "weights": weights, "training": {}})
    with pytest.raises(CheckpointError, match="is of kind transform, not texture"):
        make_trainer(options, init_from=file)
    with pytest.raises(CheckpointError, match="holds transform/fast, not a texture network"):
        load_texture_net(file)
    train(options, content=photographs, steps=1)
    with pytest.raises(CheckpointError, match="does not fit this network"):
        make_trainer(options, init_from=options["out"], out=tmp_path / "other.pt")


def test_a_texture_trains_in_bf16_too(options: dict[str, Any]) -> None:
    fp32, bf16 = train(options, steps=1), train(options, steps=1, precision="bf16", fresh=True)
    assert bf16.history[0]["total"] == pytest.approx(fp32.history[0]["total"], rel=0.05)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crop_size": 100}, "--crop-size must be a multiple of 16 for noise at 5 scales, instead got 100"),
        ({"crop_size": 80, "content": Path("x")}, "must be a multiple of 32 for noise at 6 scales"),
        ({"preset": "full"}, "--preset must be one of fast, paper, instead got 'full'"),
        ({"style_weight": 0.0}, "--style-weight is 0 and there is no --content"),
        ({"content_weight": 2.0}, "--content-weight only means something with --content"),
        ({"samples": Path("x")}, "--samples only means something with --content"),
        ({"diversity_weight": -1.0}, "--diversity-weight must be between 0 and"),
        ({"diversity_weight": 1.0, "batch_size": 1}, "give --batch-size 2 or more"),
        ({"diversity_weight": 1.0, "content": Path("x")}, "is for textures from noise"),
        ({"loss": "cubist"}, "'cubist' is no style loss"),
        ({"out": Path("x.onnx")}, "must end in .pt"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    options: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        TextureConfig(**{**options, **changes})
