from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.errors import SourceBrokenError, SourceError
from realtime.frame import Frame
from realtime.source_camera import FAILED_READS, RATE_WINDOW, CameraSource
from realtime.testing import ScriptedCapture


class Ticks:
    """A clock that goes on by a step whenever it is read."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def picture(value: int = 0, shape: tuple[int, ...] = (48, 64, 3)) -> NDArray[np.uint8]:
    return np.full(shape, value, np.uint8)


def camera(capture: ScriptedCapture, **options: Any) -> CameraSource:
    return CameraSource(0, capture_factory=lambda index: capture, sleep=lambda seconds: None, **options)


def read_frame(source: CameraSource) -> Frame:
    frame = source.read()
    assert frame is not None
    return frame


def test_a_camera_is_asked_for_mjpg_then_the_size_and_a_short_buffer() -> None:
    capture = ScriptedCapture([picture()])
    camera(capture, size_wh=(640, 360))
    assert capture.asked == [
        (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")),
        (cv2.CAP_PROP_FRAME_WIDTH, 640),
        (cv2.CAP_PROP_FRAME_HEIGHT, 360),
        (cv2.CAP_PROP_BUFFERSIZE, 1),
    ]


def test_a_camera_is_live_and_has_the_size_it_gives_not_the_one_asked_for() -> None:
    info = camera(ScriptedCapture([picture()]), size_wh=(1280, 720)).info
    assert (info.live, info.kind, info.name) == (True, "camera", "camera 0")
    assert info.size_wh == (64, 48)


def test_the_first_picture_is_not_lost() -> None:
    source = camera(ScriptedCapture([picture(10), picture(20), picture(30)]))
    frames = [read_frame(source) for _ in range(3)]
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [10, 20, 30]
    assert [frame.index for frame in frames] == [0, 1, 2]


def test_the_rate_is_measured_over_the_frames_that_came() -> None:
    ticks = Ticks(1 / 15)
    source = camera(ScriptedCapture([picture()] * (3 * RATE_WINDOW)), clock=ticks)
    assert source.info.fps is None
    for _ in range(10):
        source.read()
    assert source.info.fps == pytest.approx(15)
    ticks.step = 1 / 7.5  # the room got dark: the camera exposes longer
    for _ in range(RATE_WINDOW):
        source.read()
    assert source.info.fps == pytest.approx(7.5)


def test_frames_are_timed_when_they_arrive_and_time_only_grows() -> None:
    moments = iter([5.0, 5.04, 5.04, 5.11])
    source = camera(ScriptedCapture([picture()] * 4), clock=lambda: next(moments))
    frames = [read_frame(source) for _ in range(4)]
    assert [frame.time_s() for frame in frames] == pytest.approx([0, 0.04, 0.04, 0.11], abs=2e-5)
    assert [frame.captured_at for frame in frames] == [5.0, 5.04, 5.04, 5.11]
    assert all(a.pts < b.pts for a, b in pairwise(frames))


def test_a_hiccup_of_the_driver_is_bridged() -> None:
    source = camera(ScriptedCapture([picture(1), *[None] * (FAILED_READS - 1), picture(2)]))
    assert [int(read_frame(source).image[0, 0, 0]) for _ in range(2)] == [1, 2]


def test_an_unplugged_camera_is_an_error_that_says_when() -> None:
    source = camera(ScriptedCapture([picture()] * 3), clock=Ticks(0.5))
    for _ in range(3):
        source.read()
    with pytest.raises(SourceBrokenError, match=r"camera 0 breaks off after 3 frames, at 1\.00 s"):
        source.read()


def test_no_camera_is_said_with_a_way_out() -> None:
    capture = ScriptedCapture([], opened=False)
    with pytest.raises(SourceError, match="no camera 0 was found.*--source demo"):
        camera(capture)
    assert capture.released


def test_a_camera_that_gives_nothing_is_told_apart_from_none() -> None:
    capture = ScriptedCapture([])
    with pytest.raises(SourceError, match="gives no picture.*--source demo"):
        camera(capture)
    assert capture.released


@pytest.mark.parametrize("shape", [(48, 64), (48, 64, 1), (48, 64, 4)])
def test_grey_and_transparent_pictures_become_colour(shape: tuple[int, ...]) -> None:
    frame = read_frame(camera(ScriptedCapture([picture(77, shape)])))
    assert frame.image.shape == (48, 64, 3)
    assert frame.image[0, 0].tolist() == [77, 77, 77]


def test_closing_releases_the_camera() -> None:
    capture = ScriptedCapture([picture()])
    camera(capture).close()
    assert capture.released


def test_opencv_writes_nothing_of_its_own_where_there_is_no_camera() -> None:
    code = (
        "from realtime.source_camera import CameraSource\n"
        "from realtime.errors import SourceError\n"
        "try: CameraSource(97)\n"
        "except SourceError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout == "no camera 97 was found; plug one in, or try --source demo\n"
    assert done.stderr == ""
