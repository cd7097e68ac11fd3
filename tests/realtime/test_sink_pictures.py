from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.errors import SinkError
from realtime.frame import Frame
from realtime.sink_pictures import PictureSink


def noisy_frame(index: int, size_wh: tuple[int, int] = (32, 24)) -> Frame:
    image = np.random.default_rng(index).integers(0, 256, (size_wh[1], size_wh[0], 3), dtype=np.uint8)
    return Frame(image, index, index, Fraction(1, 25), 0.0)


def test_pictures_are_named_by_frame_and_keep_every_pixel(tmp_path: Path) -> None:
    frames = [noisy_frame(0), noisy_frame(1, (9, 7)), noisy_frame(1_234_567)]
    with PictureSink(tmp_path / "out") as sink:
        for frame in frames:
            sink.write(frame)
    names = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert names == ["000000.png", "000001.png", "1234567.png"]
    for name, frame in zip(names, frames, strict=True):
        np.testing.assert_array_equal(cv2.imread(str(tmp_path / "out" / name)), frame.image)


def test_dropped_frames_leave_gaps_in_the_names(tmp_path: Path) -> None:
    with PictureSink(tmp_path / "ünïcode") as sink:
        for index in (0, 3, 4):
            sink.write(noisy_frame(index))
    names = sorted(file.name for file in (tmp_path / "ünïcode").iterdir())
    assert names == ["000000.png", "000003.png", "000004.png"]


def test_only_the_last_folder_is_created(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=f"{tmp_path / 'no'} does not exist"):
        PictureSink(tmp_path / "no" / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_not_taken_for_a_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("text")
    with pytest.raises(SinkError, match="is a file"):
        PictureSink(tmp_path / "out")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_full_disk_leaves_no_half_picture(tmp_path: Path) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    sink = PictureSink(tmp_path / "out")
    sink.write(noisy_frame(0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(SinkError, match=r"000001\.png cannot be written"):
            sink.write(noisy_frame(1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["000000.png"]
