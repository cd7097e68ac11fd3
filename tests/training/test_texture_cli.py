from pathlib import Path

import numpy as np
import pytest
import torch

from training.checkpoint import load_checkpoint, save_checkpoint
from training.cli import app
from training.console import run
from training.images import read_rgb, write_png
from training.networks.texture_net import build_texture_net


def save_texture(file: Path, *, with_content: bool) -> Path:
    torch.manual_seed(0)
    credits = {"name": "stripes", "title": "Stripes", "artist": "nobody", "year": "1900"}
    content = {"kind": "texture", "preset": "fast", "with_content": with_content, "style": credits}
    weights = build_texture_net("fast", with_content=with_content).state_dict()
    save_checkpoint(file, {**content, "weights": weights, "training": {}})
    return file


@pytest.fixture(scope="module")
def texture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_texture(tmp_path_factory.mktemp("texture") / "texture.pt", with_content=False)


@pytest.fixture(scope="module")
def painter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_texture(tmp_path_factory.mktemp("painter") / "painter.pt", with_content=True)


def test_the_command_trains_from_noise_and_the_next_makes_pictures(
    style_picture: Path, feature_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "stripes.pt"
    options = "--preset fast --steps 2 --batch-size 2 --crop-size 64 --style-size 64 --device cpu"
    paths = ["--style-image", str(style_picture), "-o", str(out), "--weights", str(feature_weights)]
    layers = ["--style-layers", "relu1_1,relu2_1", "--diversity-weight", "0.1", "--loss", "bn"]
    assert run(app, ["texture", *paths, *options.split(), *layers]) == 0
    printed = capsys.readouterr().out
    assert f"{out}: fast, 2 steps; 8 pictures from noise differ by" in printed
    assert load_checkpoint(out)["training"]["loss"] == "bn"
    assert run(app, ["texture-sample", str(out), "-o", str(tmp_path / "wall.png"), "--size", "96x64"]) == 0
    assert read_rgb(tmp_path / "wall.png").shape == (64, 96, 3)


def test_pictures_are_named_by_their_seed_and_one_can_be_made_again(texture: Path, tmp_path: Path) -> None:
    line = ["texture-sample", str(texture), "--size", "64x64"]
    assert run(app, [*line, "-o", str(tmp_path / "a.png"), "--seed", "3", "--count", "2"]) == 0
    assert run(app, [*line, "-o", str(tmp_path / "again.png"), "--seed", "4"]) == 0
    third, fourth, again = (read_rgb(tmp_path / name) for name in ("a_3.png", "a_4.png", "again.png"))
    np.testing.assert_array_equal(fourth, again)
    assert np.abs(third.astype(int) - fourth).mean() > 1


def test_a_texture_of_whole_blocks_tiles(texture: Path, tmp_path: Path) -> None:
    """Across the seam neighbouring pixels differ as much as they do inside."""
    file = tmp_path / "a.png"
    assert run(app, ["texture-sample", str(texture), "-o", str(file), "--size", "128x96"]) == 0
    image = read_rgb(file).astype(float)
    for axis in (0, 1):
        inside = np.abs(np.diff(image, axis=axis)).mean()
        seam = np.abs(image.take(0, axis=axis) - image.take(-1, axis=axis)).mean()
        assert seam < 1.5 * inside


def test_a_size_that_does_not_tile_says_so(
    texture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.png"
    assert run(app, ["texture-sample", str(texture), "-o", str(file), "--size", "100x70"]) == 0
    assert "100x70 does not tile; one whose sides are multiples of 16 does" in capsys.readouterr().out
    assert read_rgb(file).shape == (70, 100, 3)


def test_other_noise_paints_a_photograph_otherwise(painter: Path, tmp_path: Path) -> None:
    photograph = tmp_path / "photograph.png"
    write_png(photograph, np.random.default_rng(0).integers(0, 256, (70, 90, 3), dtype=np.uint8))
    line = ["texture-sample", str(painter), "-o", str(tmp_path / "a.png"), "--count", "2"]
    assert run(app, [*line, "--content-image", str(photograph)]) == 0
    first, second = read_rgb(tmp_path / "a_0.png"), read_rgb(tmp_path / "a_1.png")
    assert first.shape == (70, 90, 3) and not np.array_equal(first, second)
    assert run(app, [*line, "--content-image", str(photograph), "--size", "128x64"]) == 0
    assert read_rgb(tmp_path / "a_0.png").shape == (64, 128, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["texture-sample", "missing.pt", "-o", "a.png"], "no checkpoint at missing.pt"),
        (["texture-sample", "TEXTURE", "-o", "a.jpg"], "must end in .png, instead got 'a.jpg'"),
        (["texture-sample", "TEXTURE", "-o", "a.png", "--size", "big"], "--size must be WIDTHxHEIGHT"),
        (["texture-sample", "TEXTURE", "-o", "a.png", "--size", "9x9"], "--size must be from 64x64"),
        (["texture-sample", "TEXTURE", "-o", "a.png", "--count", "0"], "--count must be between 1"),
        (
            ["texture-sample", "TEXTURE", "-o", "a.png", "--content-image", "x.jpg"],
            "leave --content-image out",
        ),
        (["texture-sample", "PAINTER", "-o", "a.png"], "give it with --content-image"),
        (["texture-sample", "PAINTER", "-o", "a.png", "--content-image", "x.jpg"], "cannot read x.jpg"),
        (["texture", "-o", "a.pt"], "--style-image"),
        (["texture", "-o", "a.pt", "--style-image", "x.jpg", "--crop-size", "70"], "a multiple of 16"),
        (["texture", "-o", "a.pt", "--style-image", "x.jpg", "--samples", "x"], "only means something with"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    arguments: list[str],
    message: str,
    texture: Path,
    painter: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    files = {"TEXTURE": str(texture), "PAINTER": str(painter)}
    assert run(app, [files.get(argument, argument) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not list(tmp_path.glob("a*"))
