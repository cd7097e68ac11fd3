"""Regions of a frame in the styles of a picture's, with a real graph, and through the command."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from onnx_makers import make_style_onnx

from realtime.catalog import StyleEntry
from realtime.contract import read_contract
from realtime.engine import EngineOptions
from realtime.errors import EngineError, MaskError
from realtime.frame import Frame
from realtime.mask import Alpha, FrameMask
from realtime.painter import EnginePainter
from realtime.semantic import find_semantic
from realtime.student import StudentEntry
from realtime.student_engine import Stage, StudentEngine, StudentPainter, opener
from realtime.testing import make_frame
from realtime.timing import StageTimes

BLUE, RED, MEAN = (200, 0, 0), (0, 0, 180), (100, 0, 90)


class LeftHalf(FrameMask):
    """The left half is meant; of frame 1 nothing, and frame 2 has no mask."""

    def alpha(self, frame: Frame) -> Alpha:
        if frame.index == 2:
            raise MaskError("it is dark")
        alpha = np.zeros((8, 16), np.uint8)
        alpha[:, : 8 * (frame.index != 1)] = 255
        return alpha


@pytest.fixture
def style(tmp_path: Path) -> Path:
    image = np.zeros((256, 256, 3), np.uint8)
    image[:, :128], image[:, 128:] = BLUE, RED
    cv2.imwrite(str(tmp_path / "style.png"), image)
    mask = np.zeros((256, 256), np.uint8)
    mask[:, :128] = 255
    cv2.imwrite(str(tmp_path / "style_mask.png"), mask)
    return tmp_path / "style.png"


@pytest.fixture
def entry(student: Path, style: Path) -> StudentEntry:
    found = find_semantic(str(style), str(style.with_name("style_mask.png")), "person", one_pass=True)
    assert isinstance(found.region, StudentEntry) and found.rest is None
    return found.region


def painter_of(entry: StudentEntry, told: list[str]) -> StudentPainter:
    stage, times = Stage(), StageTimes()
    front = EnginePainter(StudentEngine(entry, stage, EngineOptions()), times)
    return StudentPainter(front, LeftHalf(), stage, times, told.append)


def halves(painter: StudentPainter, index: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    image = painter.paint(make_frame(index)).stylized_image
    return tuple(image[32, 8].tolist()), tuple(image[32, -8].tolist())


def test_each_region_gets_the_style_of_its_own_and_the_key_swaps_them(entry: StudentEntry) -> None:
    painter = painter_of(entry, [])
    assert halves(painter, 0) == (BLUE, RED)
    painter.swap()
    assert halves(painter, 3) == (RED, BLUE)


def test_an_empty_region_and_a_failing_mask_leave_one_style_for_all(entry: StudentEntry) -> None:
    told: list[str] = []
    painter = painter_of(entry, told)
    assert halves(painter, 1) == (RED, RED)  # nothing is meant
    assert halves(painter, 2) == (BLUE, BLUE)  # there is no mask: painted whole
    assert told == ["the mask fails, the picture is painted whole: it is dark"]
    painter.close()


def test_a_part_that_the_style_picture_lacks_takes_all_of_it(student: Path, style: Path) -> None:
    found = find_semantic(str(style), None, "motion", one_pass=True)
    assert isinstance(found.region, StudentEntry) and "no --style-mask" in found.notes[0]
    engine = StudentEngine(found.region, Stage(), EngineOptions())
    engine.prepare((96, 64))
    assert (engine.infer(np.zeros((64, 96, 3), np.uint8)) == MEAN).all()
    engine.close()
    with pytest.raises(EngineError, match="is closed"):
        engine.infer(np.zeros((64, 96, 3), np.uint8))


def test_other_styles_open_as_always(entry: StudentEntry, tiny_style: Path) -> None:
    open_style = opener(Stage())
    contract = read_contract(tiny_style)
    other = open_style(StyleEntry("tiny", tiny_style, contract, shipped=False), EngineOptions())
    assert other.contract == contract
    assert isinstance(open_style(entry, EngineOptions()), StudentEngine)


Run = Callable[..., tuple[int, str, str]]


def test_the_command_paints_pictures_in_two_regions(
    run: Run, student: Path, style: Path, tmp_path: Path
) -> None:
    (tmp_path / "frames").mkdir()
    for number in range(2):
        cv2.imwrite(str(tmp_path / "frames" / f"{number}.png"), np.full((64, 96, 3), 90, np.uint8))
    code, out, err = run(
        *("--semantic", style, "--style-mask", style.with_name("style_mask.png"), "--mask", "style_mask.png"),
        *("--source", "frames", "--output", "painted", "--no-window", "--one-pass"),
    )
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].startswith("2 frames")
    painted = cv2.imread(str(next((tmp_path / "painted").iterdir())))
    assert painted is not None
    assert painted[32, 4].tolist() == pytest.approx(BLUE, abs=3)
    assert painted[32, -4].tolist() == pytest.approx(RED, abs=3)


def test_what_is_wrong_is_said_in_one_line(run: Run, student: Path, style: Path, tmp_path: Path) -> None:
    line = ("--semantic", style, "--mask", "motion", "--source", "demo", "--no-window", "--one-pass")
    code, _, err = run(*line, "--precision", "int8")
    assert code == 2 and "runs in fp32 or bf16" in err and len(err.splitlines()) == 1
    make_style_onnx(tmp_path / "models" / "student.onnx")
    code, _, err = run(*line)
    assert code == 2 and "is no student" in err
    code, _, err = run("--source", "demo", "--no-window", "--one-pass")
    assert code == 2 and "give that with --semantic" in err and len(err.splitlines()) == 1


def test_an_entry_is_its_own_style_with_the_sizes_of_the_student(entry: StudentEntry) -> None:
    assert entry.contract == replace(entry.plan.contract, name="style", title="style")
    assert entry.image.shape[:2] == entry.alpha.shape == (256, 256)
