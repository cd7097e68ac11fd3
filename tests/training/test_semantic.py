import json
import re
import signal
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from training.checkpoint import save_checkpoint
from training.cli import app
from training.console import run
from training.images import read_rgb, resize_short_side, to_tensor, write_png
from training.networks.decoder_net import DecoderNet
from training.optimization.descent import PictureDescent
from training.semantic import SHIPPED, SemanticPainter, SemanticSources, all_shipped, answers


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("decoder") / "relu2_1.pt"
    weights = DecoderNet(("relu2_1",)).state_dict()
    layers = ["vgg19:relu2_1"]
    save_checkpoint(file, {"kind": "decoder", "preset": "mirror", "layers": layers, "weights": weights})
    return file


@pytest.fixture
def scene(tmp_path: Path, style_picture: Path) -> list[str]:
    """A photograph of odd size with labels 1 and 4, a style with 1 and 6."""
    chance = np.random.default_rng(0)
    write_png(tmp_path / "photo.png", chance.integers(0, 256, (67, 93, 3), dtype=np.uint8))
    write_mask(tmp_path / "photo_mask.png", (67, 93), (1, 4))
    height, width = read_rgb(style_picture).shape[:2]
    write_mask(tmp_path / "style_mask.png", (height, width), (1, 6))
    masks = ["--content-mask", str(tmp_path / "photo_mask.png")]
    masks += ["--style-mask", str(tmp_path / "style_mask.png")]
    return ["semantic", str(tmp_path / "photo.png"), str(style_picture), *masks, "--device", "cpu"]


def write_mask(file: Path, size_hw: tuple[int, int], labels: tuple[int, int]) -> None:
    mask = np.full(size_hw, labels[0], dtype=np.uint8)
    mask[:, size_hw[1] // 2 :] = labels[1]
    cv2.imwrite(str(file), mask)


def paint(line: list[str], out: Path, *more: str) -> NDArray[np.uint8]:
    assert run(app, [*line, "-o", str(out), *more]) == 0
    return read_rgb(out)


def test_each_statistic_paints_a_picture_of_its_own_and_says_each_regions_distance(
    scene: list[str],
    decoder: Path,
    feature_weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    options = ["--decoder", str(decoder), "--weights", str(feature_weights), "--layer", "relu2_1"]
    seen = [
        paint(scene, tmp_path / f"{name}.png", *options, "--statistic", name)
        for name in ("linear", "bn", "cov", "swap")
    ]
    assert all(one.shape == (67, 93, 3) for one in seen)
    assert len({one.tobytes() for one in seen}) == 4
    said = capsys.readouterr().out
    assert "bn at vgg19:relu2_1" in said and "style distance 1: " in said and ", 4: " in said
    told = " ".join(record.message for record in caplog.records)
    assert "only in the content mask: label 4; the whole style is taken" in told
    assert "only in the style mask: label 6; not used" in told


def test_the_sheet_has_the_optimisation_beside_the_decoder(
    scene: list[str], decoder: Path, feature_weights: Path, tmp_path: Path
) -> None:
    options = ["--decoder", str(decoder), "--weights", str(feature_weights), "--compare", "--steps", "1"]
    sheet = paint(scene, tmp_path / "sheet.png", *options)
    assert sheet.shape[1] > 8 * 320  # content, style, no mask, four statistics, the optimisation
    more = paint(scene, tmp_path / "more.png", *options, "--polish", "1")
    assert more.shape[1] > sheet.shape[1] + 300
    assert (tmp_path / "sheet.run" / "optimized_vgg19_relu2_1.png").exists()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--layer", "relu2_1"], "python -m training decoder --layer relu2_1"),
        (["--layer", "relu2_1"], "ships, but of relu3_1, relu4_1, relu5_1, relu3_1,relu4_1"),
        (["--statistic", "gram"], "--statistic must be one of linear, bn, cov, swap"),
        (["--strength", "2"], "--strength must be between 0 and 1"),
        (["--content-mask", "STYLE"], "they must be of one size"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    options: list[str],
    named: str,
    scene: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = [str(tmp_path / "style_mask.png") if word == "STYLE" else word for word in options]
    assert run(app, [*scene, "-o", str(tmp_path / "out.png"), *options]) == 2
    assert named in capsys.readouterr().err
    assert not (tmp_path / "out.png").exists()


def test_a_checkpoint_of_another_kind_is_refused(
    scene: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_checkpoint(tmp_path / "other.pt", {"kind": "transform", "preset": "turbo", "weights": {}})
    line = [*scene, "-o", str(tmp_path / "out.png"), "--decoder", str(tmp_path / "other.pt")]
    assert run(app, line) == 2
    assert "not decoder" in capsys.readouterr().err


def test_the_decoder_of_the_layers_asked_for_is_taken_and_a_sheet_has_all(
    scene: list[str], shared_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--weights", str(shared_dir / "weights"), "--size", "64"]
    for layer, said in (("relu4_1,relu3_1", "at vgg19:relu3_1+small:relu4_1"), ("relu4_1", "small:relu4_1")):
        paint(scene, tmp_path / "one.png", *options, "--layer", layer)
        assert said in capsys.readouterr().out
    paint(scene, tmp_path / "sheet.png", *options, "--compare", "--steps", "1")
    assert f"{len(all_shipped())} decoders" in capsys.readouterr().out
    assert run(app, [*scene, "-o", str(tmp_path / "no.png"), *options, "--layer", "vgg19:relu4_1"]) == 2
    assert "the decoder is of small:relu4_1, --layer asks for vgg19:relu4_1" in capsys.readouterr().err


@pytest.mark.parametrize("statistic", ["linear", "bn"])
def test_a_decoder_gets_only_what_a_relu_could_have_given_out(
    statistic: Literal["linear", "bn"], decoder: Path, feature_weights: Path
) -> None:
    painter = SemanticPainter(decoder, feature_weights)
    got: list[dict[str, torch.Tensor]] = []
    painter.decoder.register_forward_pre_hook(lambda _module, given: got.append(given[0]))
    torch.manual_seed(0)
    bright, dark = torch.rand(1, 3, 48, 48), torch.full((1, 3, 48, 48), 0.4)  # a style of low means
    painter(SemanticSources(bright, dark, {}, {}), statistic, passes=2)
    assert len(got) == 2 and all(float(one["relu2_1"].min()) >= 0 for one in got)


def test_layers_without_a_network_are_answered_by_any(decoder: Path, feature_weights: Path) -> None:
    painter = SemanticPainter(decoder, feature_weights)
    assert answers(painter, ["relu2_1"]) and answers(painter, ["vgg19:relu2_1"])
    assert not answers(painter, ["small:relu2_1"]) and not answers(painter, ["relu2_1", "relu3_1"])


def test_more_passes_bring_each_region_nearer_to_its_style(shared_dir: Path) -> None:
    painter = SemanticPainter(SHIPPED, shared_dir / "weights")
    sources = halves_of_a_pair(shared_dir)
    once, often = (painter.distances(painter(sources, "bn", passes=passes), sources) for passes in (1, 3))
    assert set(once) == {1, 4}
    assert all(often[label] < 0.7 * once[label] for label in once)


def test_polishing_goes_on_from_the_painting_and_shows_the_way(
    scene: list[str],
    decoder: Path,
    feature_weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ["--decoder", str(decoder), "--weights", str(feature_weights), "--layer", "relu2_1"]
    plain = paint(scene, tmp_path / "plain.png", *options)
    polished = paint(scene, tmp_path / "polished.png", *options, "--polish", "8")
    assert np.abs(plain.astype(int) - polished).mean() > 0
    before, after = distances_said(capsys.readouterr().out)
    # Of label 4 the style picture has nothing, so that it goes on to all of the style.
    assert all(after[label] < before[label] for label in (1, 4))
    losses = json.loads((tmp_path / "polished.run" / "losses.json").read_text())
    assert len(losses) == 8 and losses[-1]["total"] < losses[0]["total"]
    assert (tmp_path / "polished.run" / "curves.png").exists()


def test_an_interrupted_polish_leaves_what_it_reached(
    scene: list[str], decoder: Path, feature_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ["--decoder", str(decoder), "--weights", str(feature_weights), "--layer", "relu2_1"]
    plain = paint(scene, tmp_path / "out.png", *options)
    step = PictureDescent.step

    def pressing(self: PictureDescent) -> dict[str, float]:
        if self.steps_done == 2:
            signal.raise_signal(signal.SIGINT)
        return step(self)

    monkeypatch.setattr(PictureDescent, "step", pressing)
    line = [*scene, "-o", str(tmp_path / "out.png"), *options, "--polish", "50"]
    assert run(app, line) == 130
    assert np.abs(read_rgb(tmp_path / "out.png").astype(int) - plain).mean() > 0


def distances_said(output: str) -> list[dict[int, float]]:
    """Return each region's distance, of each picture that was said to be painted."""
    lines = [one.split("style distance")[1] for one in output.split(".png: ")[1:]]
    return [
        {int(label): float(value) for label, value in re.findall(r"(\d+): ([\d.]+)", one)} for one in lines
    ]


def halves_of_a_pair(shared_dir: Path, size: int = 160) -> SemanticSources:
    """A photograph whose left half takes the left half of a painting, and the right half the right."""
    folder = shared_dir / "data"
    content, style = (
        to_tensor(resize_short_side(read_rgb(file), size))[None]
        for file in (folder / "content/test/tubingen.jpg", folder / "style/named/starry_night.jpg")
    )

    def masks(image: torch.Tensor) -> dict[int, torch.Tensor]:
        left = torch.zeros_like(image[:, :1])
        left[..., : image.shape[-1] // 2] = 1
        return {1: left, 4: 1 - left}

    return SemanticSources(content, style, masks(content), masks(style))


@pytest.mark.parametrize("shipped", all_shipped(), ids=lambda file: file.stem)
def test_a_decoder_that_ships_gives_a_photograph_back(shipped: Path, shared_dir: Path) -> None:
    assert shipped.stat().st_size < 9_000_000
    painter = SemanticPainter(shipped, shared_dir / "weights")
    file = shared_dir / "data/content/test/tubingen.jpg"
    image = to_tensor(resize_short_side(read_rgb(file), 128))[None]
    same = SemanticSources(image, image, {}, {})
    again = painter(same, "bn")
    assert float((again - image).abs().mean()) < 0.1
    assert painter.distances(again, same)[0] < 0.05
