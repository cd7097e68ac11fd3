from pathlib import Path

import cv2
import numpy as np
import pytest
from meta_makers import COLOUR_SHARE, FRAME_SHARE, write_flat
from onnx_makers import make_style_onnx

from realtime.catalog import find_style
from realtime.cli import main
from realtime.style_sheet import CELL_WH

RED, BLUE = (0, 0, 200), (200, 0, 0)


@pytest.fixture(autouse=True)
def installed(meta_network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_flat(tmp_path / "red.png", RED)
    write_flat(tmp_path / "blue.png", BLUE)


def error_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["styles", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_a_picture_is_kept_by_name_with_its_credits(
    capsys: pytest.CaptureFixture[str], user_styles: Path
) -> None:
    arguments = ["--name", "sky", "--title", "[Red] Sky", "--artist", "Nobody", "--year", "c. 1900"]
    assert main(["styles", "add", "red.png", *arguments]) == 0
    assert "run_camera.py --style sky" in capsys.readouterr().out
    style = find_style("sky")
    assert style.path == user_styles / "sky.onnx" and style.contract.name == "sky"
    assert (style.contract.title, style.contract.painted_by) == ("[Red] Sky", "Nobody, c. 1900")
    assert main(["styles"]) == 0
    assert "[Red] Sky, Nobody, c. 1900" in capsys.readouterr().out
    assert [file.name for file in user_styles.iterdir()] == ["sky.onnx"]


def test_a_mix_is_kept_and_mixed_again() -> None:
    assert main(["styles", "add", "red.png:0.5,blue.png:0.5", "--name", "violet"]) == 0
    assert find_style("violet:0.5,random:1:0.5").name == "violet+random-1"


def test_a_style_is_removed_and_only_ones_own(capsys: pytest.CaptureFixture[str], user_styles: Path) -> None:
    main(["styles", "add", "red.png", "--name", "sky"])
    (user_styles / "sky.steady.onnx").touch()  # of a style that was trained so
    assert main(["styles", "remove", "sky"]) == 0
    assert not list(user_styles.iterdir())
    capsys.readouterr()
    assert "no style is called 'sky'" in error_of(capsys, "remove", "sky")
    assert "came with Livebrush" in error_of(capsys, "remove", "starry_night")
    make_style_onnx(user_styles.parent / "outside.onnx")
    assert "no style is called" in error_of(capsys, "remove", "../outside")
    assert (user_styles.parent / "outside.onnx").exists()


def test_a_name_that_is_taken_is_not_overwritten_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    main(["styles", "add", "red.png", "--name", "sky"])
    before = find_style("sky").path.read_bytes()
    assert "there is a style sky of yours" in error_of(capsys, "add", "blue.png", "--name", "sky")
    assert find_style("sky").path.read_bytes() == before
    assert main(["styles", "add", "blue.png", "--name", "sky", "--overwrite"]) == 0
    assert find_style("sky").path.read_bytes() != before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["add", "red.png", "--name", "Red Sky"], "--name must be"),
        (["add", "red.png", "--name", "../sky"], "--name must be"),
        (["add", "red.png", "--name", "sky", "--title", "a\nb"], "title"),
        (["add", "starry_night", "--name", "sky"], "starry_night is a style already"),
        (["add", "gone.png", "--name", "sky"], "gone.png does not exist"),
        (["add", "red.png"], "--name"),
        (["walk", "red.png", "blue.png", "-o", "walk.jpg"], "name it walk.png"),
        (["walk", "red.png", "blue.png", "-o", "w.png", "--steps", "1"], "--steps must be from 2 to"),
        (["walk", "red.png", "starry_night", "-o", "w.png"], "starry_night cannot be mixed"),
        (["walk", "red.png", "blue.png", "-o", "w.png", "--picture", "gone.jpg"], "gone.jpg does not exist"),
        (["--texture", "undie"], "udnie"),
        (["--texture", "udnie", "-o", "nowhere/x.png"], "nowhere"),
    ],
)
def test_bad_input_is_one_line(
    capsys: pytest.CaptureFixture[str], user_styles: Path, arguments: list[str], says: str
) -> None:
    assert says in error_of(capsys, *arguments)
    assert not list(user_styles.iterdir())


def test_a_walk_begins_at_one_style_and_ends_at_the_other(tmp_path: Path) -> None:
    write_flat(tmp_path / "grey.png", (100, 100, 100), (128, 72))
    arguments = ["walk", "red.png", "blue.png", "-o", "walk.png", "--picture", "grey.png", "--steps", "3"]
    assert main(["styles", *arguments]) == 0
    sheet = cv2.imread("walk.png")
    assert sheet is not None
    width, height = CELL_WH
    cell_wh = sheet.shape[1] // 2, (sheet.shape[0] - 16) // 2
    middles = [(16 + height // 2 + row * cell_wh[1], 16 + width // 2 + col * cell_wh[0])
               for row, col in ((0, 1), (1, 0), (1, 1))]  # fmt: skip
    colours = [(sheet[place].astype(float) - FRAME_SHARE * 100) / COLOUR_SHARE for place in middles]
    np.testing.assert_allclose(colours, [RED, (100, 0, 100), BLUE], atol=4)


def test_a_texture_is_written(capsys: pytest.CaptureFixture[str], tiny_style: Path, tmp_path: Path) -> None:
    assert main(["styles", "--texture", str(tiny_style)]) == 0
    found = cv2.imread(str(tmp_path / "tiny.png"))
    assert found is not None and found.shape == (512, 512, 3) and found.std() > 30
    assert main(["styles", "--texture", "red.png", "-o", "red_texture.png", "--seed", "2"]) == 0
    assert (tmp_path / "red_texture.png").exists()


@pytest.mark.parametrize("command", ["add", "remove", "walk"])
def test_every_command_explains_itself_with_an_example(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert main(["styles", command, "--help"]) == 0
    assert f"python -m realtime styles {command}" in " ".join(capsys.readouterr().out.split())
