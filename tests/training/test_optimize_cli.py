from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from training.cli import app
from training.console import run
from training.images import read_rgb, write_png


@pytest.fixture
def line(photographs: Path, style_picture: Path, feature_weights: Path, tmp_path: Path) -> list[str]:
    pictures = [str(photographs / "2.png"), str(style_picture), "-o", str(tmp_path / "painted.png")]
    rest = ["--steps", "2", "--weights", str(feature_weights), "--device", "cpu", "--precision", "fp32"]
    return ["optimize", *pictures, *rest]


def test_the_command_paints_and_says_what_it_compared(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, line) == 0
    assert read_rgb(tmp_path / "painted.png").shape == (64, 64, 3)
    said = capsys.readouterr().out
    assert "painted.png: 2 steps at 64 px (steps)" in said
    assert "content at small:relu4_1, style at vgg19:relu1_1," in said


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--steps", "0"], "--steps must be between 1"),
        (["--size", "4"], "--size must be between 16 and 8192, instead got 4"),
        (["--size", "16"], "a picture of 16x16 is too small for the layers: raise --size"),
        (["--sizes", "128,64"], "--sizes must go up"),
        (["--sizes", "small"], "--sizes must be whole numbers with commas"),
        (["--sizes", "32,64", "--size", "64"], "--sizes names every size"),
        (["--optimizer", "sgd"], "--optimizer must be one of lbfgs, adam, instead got 'sgd'"),
        (["--init", "style"], "--init must be one of content, noise"),
        (["--original-colors", "yes"], "--original-colors must be one of no, luminance, match"),
        (["--loss", "gram+"], "--loss"),
        (["--loss", "bn:0.7+poly:much"], "--loss: the weight in 'poly:much' must be a number"),
        (["--style-weight", "8", "--balance", "1"], "--style-weight and --balance both say"),
        (["--content-weight", "0", "--balance", "1"], "--balance needs a content"),
        (["--content-weight", "0", "--style-weight", "0"], "nothing to paint"),
        (["--style-layers", "relu9_9"], "vgg19:relu9_9 is not in"),
        (["--style-layers", "relu1_1=x"], "the weight must be a number above 0"),
        (["--content-layers", ""], "--content-layers is empty"),
        (["--style-share", "1", "--style-share", "2"], "2 --style-share for 1 style pictures"),
        (["--content-mask", "m.png"], "--content-mask and --style-mask go together"),
        (["--ignore-label", "3"], "--ignore-label only means something with --content-mask"),
        (["-o", "painted.jpg"], "must end in .png"),
        (["--style-image", "missing.jpg"], "cannot read missing.jpg"),
        (["--weights", "missing"], "no feature weights at missing"),
        (["--compare", "--loss", "bn"], "--compare sets --loss"),
        (["--compare", "--balances", "1,none"], "--balances must be numbers above 0"),
        (["--no-such-option"], "--no-such-option"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    extra: list[str], message: str, line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert_refused([*line, *extra], message, capsys)
    assert not (tmp_path / "painted.png").exists()


def assert_refused(line: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, line) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_one_picture_is_not_enough(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert_refused([line[0], line[1], *line[3:]], "give two pictures: CONTENT and STYLE", capsys)


def test_a_style_picture_smaller_than_the_deepest_layer_needs_is_one_line(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_png(tmp_path / "dot.png", np.zeros((8, 9, 3), dtype=np.uint8))
    line[2] = str(tmp_path / "dot.png")
    assert_refused(line, "a style of 9x8 is too small for small:relu5_1", capsys)


def test_weights_that_hold_too_few_layers_are_one_line(
    line: list[str], feature_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = load_file(feature_weights / "vgg19_features_to_conv3_4.safetensors")
    short = {key: value for key, value in state.items() if int(key.split(".")[1]) < 5}
    save_file(short, tmp_path / "vgg19_two.safetensors")
    extra = ["--weights", str(tmp_path / "vgg19_two.safetensors"), "--style-layers", "relu1_1,relu3_1"]
    assert_refused([*line, *extra], "vgg19:relu3_1 is not in vgg19_two.safetensors: it has relu1_1", capsys)


@pytest.mark.parametrize(
    ("content_mask", "style_mask", "message"),
    [
        ([[0, 1]], [[0, 2]], "the content mask has label 1 (50.0% of it), the style has 0, 2"),
        ("small", [[0, 1]], "the mask content_mask.png is 10x12, its picture 2.png 64x64"),
        ([[0, 1]], "small", "the mask style_mask.png is 10x12, its picture stripes.png 128x96"),
        (None, [[0, 1]], "cannot read the mask"),
        ([[0, 1]], "photograph", "labels, 32 are the most"),
    ],
)
def test_masks_that_do_not_match_are_one_line(
    content_mask: Any,
    style_mask: Any,
    message: str,
    line: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    extra = []
    for name, mask, (height, width) in (
        ("content_mask", content_mask, (64, 64)),
        ("style_mask", style_mask, (96, 128)),
    ):
        file = tmp_path / f"{name}.png"
        extra += [f"--{name.replace('_', '-')}", str(file)]
        if mask == "small":
            labels = np.zeros((12, 10), dtype=np.uint8)
        elif mask == "photograph":
            labels = np.arange(height * width, dtype=np.uint8).reshape(height, width)
        else:
            labels = np.repeat(np.array(mask or [[0]], dtype=np.uint8), height, axis=0).repeat(
                width // 2, axis=1
            )
            labels = labels[:, :width]
        if mask is not None:
            cv2.imwrite(str(file), labels)
    assert_refused([*line, *extra], message, capsys)
