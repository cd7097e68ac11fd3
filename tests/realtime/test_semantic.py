"""A style picture's regions, by a meta network whose style is a picture's mean colour."""

from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from meta_makers import COLOUR_SHARE, FRAME_SHARE
from student_makers import make_blue_mask

from realtime import style_maker
from realtime.catalog import StyleEntry
from realtime.engine import EngineOptions, open_engine
from realtime.errors import OptionError, StylePictureError
from realtime.semantic import find_semantic

BLUE, RED = (200, 0, 0), (0, 0, 180)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def cache(meta_network: Path) -> Path:
    return meta_network


@pytest.fixture
def style(tmp_path: Path) -> str:
    """Left blue, right red."""
    image = np.zeros((150, 200, 3), np.uint8)
    image[:, :100], image[:, 100:] = BLUE, RED
    cv2.imwrite(str(tmp_path / "style.png"), image)
    return str(tmp_path / "style.png")


def draw(file: Path, columns: slice, wh: tuple[int, int] = (200, 150), value: int = 255) -> str:
    mask = np.zeros((wh[1], wh[0]), np.uint8)
    mask[:, columns] = value
    cv2.imwrite(str(file), mask)
    return str(file)


def colour_of(entry: StyleEntry) -> list[float]:
    """Return the colour, BGR, that a style made by the tiny meta network has."""
    engine = open_engine(entry, EngineOptions(device="cpu", precision="fp32"))
    painted = engine.infer(np.full((64, 64, 3), 100, np.uint8))[0, 0].astype(float)
    engine.close()
    found: list[float] = ((painted - FRAME_SHARE * 100) / COLOUR_SHARE).tolist()
    return found


def test_region_and_rest_are_styles_of_their_own(style: str, tmp_path: Path) -> None:
    found = find_semantic(style, draw(tmp_path / "m.png", slice(0, 100)), "person")
    assert colour_of(found.region) == pytest.approx(BLUE, abs=4)
    assert colour_of(found.rest) == pytest.approx(RED, abs=4)
    assert found.notes == ()
    assert (found.region.name, found.rest.name) == ("style", "style rest")


def test_a_label_of_the_style_mask_is_the_region(style: str, tmp_path: Path) -> None:
    mask = draw(tmp_path / "labels.png", slice(100, 200), value=3)
    assert colour_of(find_semantic(style, f"{mask}:3", "motion").region) == pytest.approx(RED, abs=4)


def test_the_same_picture_and_mask_open_from_the_cache(
    style: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask = draw(tmp_path / "m.png", slice(0, 100))
    first = find_semantic(style, mask, "person")

    def no_encoder(*_: object) -> None:
        raise AssertionError("the encoder ran")

    monkeypatch.setattr(style_maker, "run_graph", no_encoder)
    assert find_semantic(style, mask, "motion").region.path == first.region.path
    with pytest.raises(AssertionError, match="the encoder ran"):
        find_semantic(style, draw(tmp_path / "m.png", slice(0, 90)), "person")


def test_a_network_looks_for_its_label_in_the_style_picture(style: str, tmp_path: Path) -> None:
    network = str(make_blue_mask(tmp_path / "blue.onnx"))
    found = find_semantic(style, None, network)
    assert colour_of(found.region) == pytest.approx(BLUE, abs=4) and found.notes == ()
    red = np.full((80, 80, 3), RED, np.uint8)
    cv2.imwrite(str(tmp_path / "red.png"), red)
    found = find_semantic(str(tmp_path / "red.png"), None, f"{network}:blue")
    assert colour_of(found.region) == pytest.approx(RED, abs=4)
    assert len(found.notes) == 1 and "means nothing in red.png" in found.notes[0]


@pytest.mark.parametrize(
    ("columns", "says"), [(slice(0, 0), "means nothing in"), (slice(0, 200), "means all of")]
)
def test_a_region_that_is_not_there_takes_all_of_the_picture_and_is_named(
    columns: slice, says: str, style: str, tmp_path: Path
) -> None:
    found = find_semantic(style, draw(tmp_path / "m.png", columns), "person")
    assert len(found.notes) == 1 and says in found.notes[0]
    for entry in (found.region, found.rest):
        assert colour_of(entry) == pytest.approx((100, 0, 90), abs=4)


def test_a_mask_that_cannot_look_at_pictures_leaves_one_style(style: str) -> None:
    found = find_semantic(style, None, "motion")
    assert "no --style-mask" in found.notes[0]
    assert colour_of(found.region) == colour_of(found.rest)


def test_bad_input_is_one_line_that_says_what_to_do(style: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="--semantic needs --mask"):
        find_semantic(style, None, None)
    with pytest.raises(StylePictureError, match="does not exist"):
        find_semantic(str(tmp_path / "missing.jpg"), None, "person")
    with pytest.raises(OptionError, match="--style-mask .*missing.png: there is no such file"):
        find_semantic(style, str(tmp_path / "missing.png"), "person")
    with pytest.raises(OptionError, match="must be a picture"):
        find_semantic(style, "motion", "person")
    with pytest.raises(OptionError, match="100x150, not of the shape of style.png"):
        find_semantic(style, draw(tmp_path / "m.png", slice(0, 9), (100, 150)), "person")
    with pytest.raises(OptionError, match="has no label 7"):
        find_semantic(style, f"{draw(tmp_path / 'm.png', slice(0, 9))}:7", "person")


def test_the_command_paints_each_part_in_its_counterparts_style(run: Run, style: str, tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    cv2.imwrite(str(tmp_path / "frames" / "0.png"), np.full((64, 96, 3), 100, np.uint8))
    mask = draw(tmp_path / "m.png", slice(0, 100))
    code, out, err = run(
        *("--semantic", style, "--style-mask", mask, "--mask", mask),
        *("--source", "frames", "--output", "painted", "--no-window"),
    )
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].startswith("1 frames")
    painted = cv2.imread(str(next((tmp_path / "painted").iterdir())))
    assert painted is not None
    for column, colour in ((8, BLUE), (-8, RED)):
        expected = [FRAME_SHARE * 100 + COLOUR_SHARE * level for level in colour]
        assert painted[32, column].tolist() == pytest.approx(expected, abs=5)


def test_the_command_says_what_cannot_go_together(run: Run, style: str, tmp_path: Path) -> None:
    for more in (
        ("--background", "blur"),
        ("--style", "udnie"),
        ("--towards", "udnie"),
        ("--label", "2=udnie"),
    ):
        code, _, err = run("--semantic", style, "--mask", "person", *more)
        assert code == 2 and "--semantic says all of the styles" in err and len(err.splitlines()) == 1
    code, _, err = run("--style-mask", style)
    assert code == 2 and "give that with --semantic" in err
    code, _, err = run("--semantic", style)
    assert code == 2 and "--semantic needs --mask" in err


def test_a_film_is_painted_part_by_part_too(
    style: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from realtime.cli import main as realtime_main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "frames").mkdir()
    for number in range(3):
        cv2.imwrite(str(tmp_path / "frames" / f"{number}.png"), np.full((64, 96, 3), 100, np.uint8))
    mask = draw(tmp_path / "m.png", slice(0, 100))
    words = ["video", "frames", "-o", "painted.mkv", "--mask", mask, "--crf", "1", "--workers", "1"]
    assert realtime_main([*words, "--semantic", style, "--style-mask", mask]) == 0, capsys.readouterr().err
    with av.open("painted.mkv") as film:
        frames = [frame.to_ndarray(format="bgr24") for frame in film.decode(video=0)]
    assert len(frames) == 3
    for column, colour in ((8, BLUE), (-8, RED)):
        expected = [FRAME_SHARE * 100 + COLOUR_SHARE * level for level in colour]
        assert frames[1][32, column].tolist() == pytest.approx(expected, abs=8)
    assert realtime_main([*words, "--semantic", style, "--background", "blur"]) == 2
    assert "--semantic says all of the styles" in capsys.readouterr().err
