from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
import torch

from training.checkpoint import load_checkpoint
from training.cli import app
from training.console import run
from training.decoder_trainer import pixel_loss
from training.networks.decoder_net import DecoderNet

SHALLOW = ("relu1_1", "relu2_1")


@pytest.mark.parametrize("layers", [("relu3_1",), ("relu5_1",), ("relu1_1", "relu2_1", "relu3_1")])
def test_a_decoder_gives_a_picture_of_the_size_that_the_features_came_from(layers: tuple[str, ...]) -> None:
    network = DecoderNet(layers)
    channels = {"relu1_1": 64, "relu2_1": 128, "relu3_1": 256, "relu5_1": 512}
    found = {}
    for layer in layers:
        smaller = 2 ** (int(layer[4]) - 1)
        found[layer] = torch.rand(2, channels[layer], 32 // smaller, 48 // smaller)
    with torch.no_grad():
        assert network(found).shape == (2, 3, 32, 48)


def test_every_joined_layer_has_a_say() -> None:
    network = DecoderNet(SHALLOW)
    found = {"relu1_1": torch.rand(1, 64, 16, 16), "relu2_1": torch.rand(1, 128, 8, 8)}
    with torch.no_grad():
        before = network(found)
        for layer in SHALLOW:
            other = network({**found, layer: found[layer] + 1})
            assert float((other - before).abs().max()) > 1e-4


def test_a_joined_decoder_begins_as_good_as_the_shallower_one_that_it_is_given() -> None:
    shallow, joined = DecoderNet(("relu1_1",)), DecoderNet(SHALLOW)
    shallow.set_scales({"relu1_1": 3.0})
    assert "stages.outer1.weight" in joined.begin_with(shallow)
    found = {"relu1_1": torch.rand(1, 64, 16, 16), "relu2_1": torch.rand(1, 128, 8, 8)}
    with torch.no_grad():
        torch.testing.assert_close(joined(found), shallow(found))


def test_a_deeper_decoder_begins_with_the_way_back_that_both_have() -> None:
    shallow, deep = DecoderNet(("relu1_1",)), DecoderNet(("relu2_1",))
    assert deep.begin_with(shallow) == ["stages.outer1.weight", "stages.outer1.bias"]
    torch.testing.assert_close(deep.stages["outer1"].weight, shallow.stages["outer1"].weight)


def test_a_narrow_decoder_has_half_the_numbers_between_the_deepest_layers_and_the_rest_of_a_mirror() -> None:
    mirror, narrow = (DecoderNet(("relu5_1",), preset) for preset in ("mirror", "narrow"))
    counts = [sum(value.numel() for value in one.parameters()) for one in (mirror, narrow)]
    assert counts[1] < 0.55 * counts[0]
    with torch.no_grad():
        assert narrow({"relu5_1": torch.rand(1, 512, 2, 3)}).shape == (1, 3, 32, 48)
    shallower = DecoderNet(("relu4_1",))
    assert "stages.outer4.weight" in narrow.begin_with(shallower)
    torch.testing.assert_close(narrow.stages["outer4"].weight, shallower.stages["outer4"].weight)
    with pytest.raises(ValueError, match="mirror, narrow"):
        DecoderNet(("relu1_1",), "wide")


def test_the_bridge_is_the_way_that_decoding_goes_before_the_layer_where_it_ends() -> None:
    network = DecoderNet(("relu3_1",))
    found = {"relu3_1": torch.rand(1, 256, 4, 4)}
    bridge = network.bridge(found, "relu2_1")
    assert bridge.shape == (1, 128, 8, 8)
    bridge.sum().backward()
    passed = {name for name, values in network.named_parameters() if values.grad is not None}
    assert passed == network.bridge_names("relu2_1")
    rest = DecoderNet(("relu2_1",))
    rest.begin_with(network)
    with torch.no_grad():
        torch.testing.assert_close(rest({"relu2_1": bridge}), network(found))


def test_layers_that_no_decoder_has_are_refused() -> None:
    with pytest.raises(ValueError, match="relu1_1, relu2_1"):
        DecoderNet(("relu3_3",))


def line(out: Path, styles: Path, weights: Path, *more: str) -> list[str]:
    folders = ["--styles", str(styles), "--content", str(styles), "--weights", str(weights)]
    sizes = [
        "--batch-size",
        "2",
        "--crop-size",
        "64",
        "--device",
        "cpu",
        "--precision",
        "fp32",
        "--swapped",
        "0.5",
    ]
    return ["decoder", "-o", str(out), *folders, *sizes, *more]


def test_the_command_trains_and_goes_on_exactly_where_it_was_stopped(
    photographs: Path, feature_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.decoder_trainer import DecoderTrainer

    options = ("--layer", "relu1_1,relu2_1", "--steps", "4", "--checkpoint-minutes", "0")
    assert run(app, line(tmp_path / "a.pt", photographs, feature_weights, *options)) == 0
    step = DecoderTrainer._train_step

    def stopping(self: DecoderTrainer, content_image: torch.Tensor | None) -> dict[str, float]:
        if self.step == 2:
            raise KeyboardInterrupt
        return step(self, content_image)

    with monkeypatch.context() as patch:
        patch.setattr(DecoderTrainer, "_train_step", stopping)
        assert run(app, line(tmp_path / "b.pt", photographs, feature_weights, *options)) == 130
    assert run(app, line(tmp_path / "b.pt", photographs, feature_weights, *options)) == 0
    a, b = (load_checkpoint(tmp_path / name) for name in ("a.pt", "b.pt"))
    assert a["layers"] == ["vgg19:relu1_1", "vgg19:relu2_1"]
    torch.testing.assert_close(a["weights"], b["weights"], rtol=0, atol=0)
    assert float(a["weights"]["scale_relu2_1"]) != 1
    assert (tmp_path / "a.run" / "samples_000004.png").exists()


def test_a_few_steps_bring_the_features_of_the_decoded_picture_nearer(
    photographs: Path, feature_weights: Path, tmp_path: Path
) -> None:
    options = ("--layer", "relu1_1", "--steps", "30", "--swapped", "0.2")
    assert run(app, line(tmp_path / "a.pt", photographs, feature_weights, *options)) == 0
    history = load_checkpoint(tmp_path / "a.run" / "checkpoint.pt")["resume"]["history"]
    first, last = (sum(row["features"] for row in rows) for rows in (history[:8], history[-8:]))
    assert last < 0.5 * first


def test_gradients_are_cut_where_that_is_asked_for(
    photographs: Path, feature_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[float] = []
    cut = torch.nn.utils.clip_grad_norm_

    def counting(parameters: Iterable[torch.Tensor], longest: float) -> torch.Tensor:
        length = cut(parameters, longest)
        lengths.append(longest)
        return length

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", counting)
    for clip, expected in (("0", []), ("0.5", [0.5, 0.5])):
        options = ("--layer", "relu1_1", "--steps", "2", "--clip", clip, "--fresh")
        assert run(app, line(tmp_path / "a.pt", photographs, feature_weights, *options)) == 0
        assert lengths == expected


def test_rebuilt_regions_come_back_with_the_statistics_asked_for_and_a_run_takes_a_new_end(
    photographs: Path, feature_weights: Path, tmp_path: Path
) -> None:
    shares = ("--layer", "relu1_1", "--swapped", "0", "--rebuilt", "1")
    weights = ("--statistics-weight", "10", "--grid-weight", "60", "--pixel-weight", "5")
    for steps in ("10", "30"):
        options = (*shares, *weights, "--steps", steps)
        assert run(app, line(tmp_path / "a.pt", photographs, feature_weights, *options)) == 0
    history = load_checkpoint(tmp_path / "a.run" / "checkpoint.pt")["resume"]["history"]
    assert [row["step"] for row in history] == list(range(1, 31))
    first, last = (sum(row["statistics"] for row in rows) for rows in (history[:8], history[-8:]))
    assert last < 0.7 * first
    row = history[0]
    parts = row["features"] + 10 * row["statistics"] + 60 * row["grid"] + 5 * row["pixels"]
    parts += 1e-6 * row["tv"]
    assert row["total"] == pytest.approx(parts, rel=1e-4)


def test_a_decoder_practises_on_nothing_that_a_relu_would_not_give_out(
    photographs: Path, feature_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    least: list[float] = []
    decode = DecoderNet.forward

    def watching(self: DecoderNet, features: Mapping[str, torch.Tensor]) -> torch.Tensor:
        least.append(min(float(one.min()) for one in features.values()))
        return decode(self, features)

    monkeypatch.setattr(DecoderNet, "forward", watching)
    shares = ("--layer", "relu1_1,relu2_1", "--swapped", "0.5", "--rebuilt", "0.5", "--steps", "6")
    assert run(app, line(tmp_path / "a.pt", photographs, feature_weights, *shares)) == 0
    assert len(least) >= 6 and min(least) == 0


def test_pixels_count_where_they_are_known_and_elsewhere_outside_what_can_be_shown() -> None:
    image = torch.full((2, 3, 4, 4), 0.5)
    image[1, :, :2] = 1.4
    known = torch.full((1, 3, 4, 4), 0.25)
    loss = pixel_loss(image.requires_grad_(), [known, None])
    assert loss.item() == pytest.approx((0.25**2 + 0.4**2 / 2) / 2)
    (gradient,) = torch.autograd.grad(loss, image)
    assert gradient[1, :, :2].gt(0).all() and gradient[1, :, 2:].eq(0).all()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--layer", "relu3_3"), "relu1_1, relu2_1"),
        (("--layer", "small:relu5_1", "--crop-size", "72"), "multiple of 16"),
        (("--swapped", "2"), "--swapped must be between 0 and 1"),
        (("--swapped", "0.5", "--rebuilt", "0.6"), "together at most 1, instead got 1.1"),
        (("--layer", "relu2_1", "--bridge"), "give --init-from"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_a_line(
    options: tuple[str, ...],
    named: str,
    photographs: Path,
    feature_weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(app, line(tmp_path / "a.pt", photographs, feature_weights, *options)) == 2
    assert named in capsys.readouterr().err


def test_a_training_begins_with_a_decoder_of_other_layers(
    photographs: Path, feature_weights: Path, tmp_path: Path
) -> None:
    options = ("--steps", "1", "--optimizer", "adam", "--learning-rate", "1e-7")
    first = line(tmp_path / "a.pt", photographs, feature_weights, "--layer", "relu1_1", *options)
    assert run(app, first) == 0
    more = ("--layer", "relu2_1", "--init-from", str(tmp_path / "a.pt"), *options)
    assert run(app, line(tmp_path / "b.pt", photographs, feature_weights, *more)) == 0
    a, b = (load_checkpoint(tmp_path / f"{name}.pt")["weights"] for name in "ab")
    torch.testing.assert_close(a["stages.outer1.weight"], b["stages.outer1.weight"], rtol=0, atol=1e-6)


@pytest.mark.parametrize("layer", ["relu2_1", "small:relu2_1"])
def test_a_bridge_learns_the_features_that_another_decoder_begins_at_and_leaves_that_alone(
    layer: str, photographs: Path, feature_weights: Path, tmp_path: Path
) -> None:
    first = line(tmp_path / "a.pt", photographs, feature_weights, "--layer", "relu1_1", "--steps", "1")
    assert run(app, first) == 0
    bridge = ("--layer", layer, "--bridge", "--init-from", str(tmp_path / "a.pt"), "--steps", "30")
    assert run(app, line(tmp_path / "b.pt", photographs, feature_weights, *bridge)) == 0
    a, b = (load_checkpoint(tmp_path / f"{name}.pt")["weights"] for name in "ab")
    torch.testing.assert_close(a["stages.outer1.weight"], b["stages.outer1.weight"], rtol=0, atol=0)
    history = load_checkpoint(tmp_path / "b.run" / "checkpoint.pt")["resume"]["history"]
    first_loss, last_loss = (sum(row["bridge"] for row in rows) for rows in (history[:8], history[-8:]))
    assert last_loss < 0.75 * first_loss


def test_a_bridge_that_leads_nowhere_is_one_line(
    photographs: Path, feature_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, layer = tmp_path / "a.pt", ("--layer", "relu1_1", "--steps", "1")
    assert run(app, line(file, photographs, feature_weights, *layer)) == 0
    capsys.readouterr()
    bridge = (*layer, "--bridge", "--init-from", str(file))
    assert run(app, line(tmp_path / "b.pt", photographs, feature_weights, *bridge)) == 2
    error = capsys.readouterr().err
    assert "decodes vgg19:relu1_1: --bridge needs a layer before relu1_1" in error
    assert error.count("\n") == 1


def test_a_decoder_of_which_nothing_fits_is_one_line(
    photographs: Path, feature_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = line(
        tmp_path / "a.pt", photographs, feature_weights, "--layer", "relu1_1,relu2_1", "--steps", "1"
    )
    assert run(app, first) == 0
    more = ("--layer", "relu1_1", "--init-from", str(tmp_path / "a.pt"), "--steps", "1")
    capsys.readouterr()
    assert run(app, line(tmp_path / "b.pt", photographs, feature_weights, *more)) != 0
    error = capsys.readouterr().err
    assert "decodes vgg19:relu1_1, vgg19:relu2_1: nothing fits" in error and error.count("\n") == 1
