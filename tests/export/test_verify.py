"""What `--verify` finds, says and writes, on painters that are known to be wrong in one way each."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from export.errors import ExportError
from export.parity import compare
from export.report import COLUMNS, print_checks, rows, to_markdown, write_report
from export.targets import ExportOptions
from export.to_onnx import OnnxOptions, export_onnx
from export.verify import Check, RuntimeCheck, check_file, coarser, faults_of
from export.whole import written_whole
from training.networks.transform_net import build_transform_net

CREDITS = {"name": "plain", "title": "Plain", "artist": "nobody", "year": "1900"}
CHECKPOINT = {"kind": "transform", "preset": "turbo", "style": CREDITS, "training": {}}


class Same(nn.Module):
    """Paints nothing: the picture itself."""

    def forward(self, image: Tensor) -> Tensor:
        return image


class Off:
    """A runtime that is off by some levels, and gives numbers that are none."""

    runtime, precision, only_wh = "off", "fp32", None

    def __init__(self, levels: float, not_finite: int = 0) -> None:
        self._levels, self._not_finite = levels, not_finite

    def paint(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        painted = image.astype(np.float32) + np.float32(self._levels)
        painted.reshape(-1)[: self._not_finite] = np.nan
        return painted

    def close(self) -> None:
        pass


def compared(painter: Off, precision: str = "fp32") -> RuntimeCheck:
    frame = np.random.default_rng(0).integers(20, 200, (64, 68, 3), dtype=np.uint8)
    (one,) = compare(Same(), painter, [("noise", frame)])
    faults = tuple(faults_of(one.parity, precision))
    return RuntimeCheck("off", precision, (one.parity,), 1.5, (64, 64), faults, one)


def test_levels_are_measured_after_rounding_to_bytes() -> None:
    parity = compared(Off(0.4)).frames[0]
    assert (parity.max_difference, parity.psnr_db, parity.correlation) == (0, 99.0, pytest.approx(1))
    parity = compared(Off(3.0)).frames[0]
    assert (parity.max_difference, parity.mean_difference) == (3, 3.0)
    assert parity.psnr_db == pytest.approx(10 * np.log10(255**2 / 9))
    assert parity.size_wh == (68, 64)


def test_numbers_that_are_none_are_counted_and_are_a_fault() -> None:
    found = compared(Off(0, not_finite=5), "fp16")
    assert found.frames[0].non_finite == 5
    assert "5 numbers are not finite" in found.faults


@pytest.mark.parametrize(
    ("precision", "levels", "is_right"),
    [("fp32", 1, True), ("fp32", 2, False), ("fp16", 2, True), ("bf16", 3, False), ("int8", 7, False)],
)
def test_each_precision_has_its_limit(precision: str, levels: int, is_right: bool) -> None:
    assert (not compared(Off(levels), precision).faults) == is_right


def test_the_coarser_of_weights_and_arithmetic_sets_the_limit() -> None:
    assert coarser("fp16", "fp32") == coarser("fp32", "fp16") == "fp16"
    assert coarser("int8", "bf16") == "int8"


def check_of(runtime: RuntimeCheck, folder: Path) -> Check:
    file = folder / "plain.onnx"
    file.write_bytes(b"1234")
    return Check("onnx", "fp32", file, 4, (runtime,), notes=("a note",))


def test_the_report_says_everything_to_people_and_programs(tmp_path: Path) -> None:
    check = check_of(compared(Off(1)), tmp_path)
    written = write_report(check)
    assert [path.name for path in written] == ["plain.onnx.json", "plain.onnx.md"]
    plain = json.loads(written[0].read_text())
    assert plain["runtimes"][0]["frames"][0]["max_difference"] == 1 and plain["faults"] == []
    assert plain["machine"]["versions"]
    page = written[1].read_text()
    assert "| noise | 68x64 | 1 | 1.000 |" in page and "- a note" in page and "Over" not in page
    (row,) = rows(check)
    assert len(row) == len(COLUMNS) and row[:3] == ("onnx fp32", "off fp32", "noise")


def test_of_several_styles_each_line_names_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check = check_of(compared(Off(1)), tmp_path)
    print_checks([check, replace(check, target="ncnn", file=tmp_path / "plain.ncnn.param")], title="found")
    assert "plain" not in capsys.readouterr().out
    print_checks([check, replace(check, file=tmp_path / "a_painting_of_waves.ort")], title="found")
    shown = capsys.readouterr().out
    assert "│ plain " in shown and "│ a_painting_of_waves " in shown


def test_over_the_limit_the_worst_frame_is_drawn_side_by_side(tmp_path: Path) -> None:
    check = check_of(compared(Off(9)), tmp_path)
    written = write_report(check)
    assert written[-1].name == "plain.onnx.worst.png"
    picture = cv2.imread(str(written[-1]))
    frame, expected, found, difference = np.split(picture, 4, axis=1)
    assert (frame == expected).all() and (found == frame + 9).all() and (difference == 36).all()
    assert "**Over the limit:**" in written[1].read_text()


def test_what_cannot_run_here_is_said_in_so_many_words(tmp_path: Path) -> None:
    check = replace(check_of(compared(Off(0)), tmp_path), runtimes=(), not_run="not run here: iPhone")
    assert "not run here: iPhone." in to_markdown(check)
    assert rows(check)[0][1] == "not run here"


def test_a_style_file_is_checked_in_every_engine(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, file = build_transform_net("turbo").eval(), tmp_path / "plain.onnx"
    export_onnx(network, CHECKPOINT, file, OnnxOptions("uint8", "fp32"))
    check = check_file(network, "onnx", file, ExportOptions("fp32"))
    assert [runtime.runtime for runtime in check.runtimes] == ["onnxruntime", "openvino"]
    assert not check.faults and check.size_bytes == file.stat().st_size
    names = [frame.frame for frame in check.runtimes[0].frames]
    assert names[0].startswith("demo scene") and names[-1] == "odd size" and "photograph, coffee" in names


def test_several_files_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "plain.xml"
    with written_whole(file) as part:
        part.write_text("new")
        part.with_suffix(".bin").write_text("weights")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plain.bin", "plain.xml"]
    with (
        pytest.raises(ExportError, match=r"cannot write .*plain\.xml: No space left"),
        written_whole(file) as part,
    ):
        part.write_text("half")
        raise OSError(28, "No space left on device")
    assert file.read_text() == "new" and len(list(tmp_path.iterdir())) == 2


def test_a_folder_takes_the_place_of_the_last_one(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with written_whole(tmp_path / "plain.mlpackage") as part:
            part.mkdir()
            (part / f"{text}.txt").write_text(text)
    assert [path.name for path in (tmp_path / "plain.mlpackage").iterdir()] == ["new.txt"]
    assert len(list(tmp_path.iterdir())) == 1
