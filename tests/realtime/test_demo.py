from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import cv2
import numpy as np
import pytest

from realtime.demo import DEFAULT_SIZE_WH, DemoSource, draw_demo_frame
from realtime.errors import OptionError
from realtime.frame import Frame
from realtime.testing import FakeClock

SIZE_WH = (320, 180)


def test_the_same_index_gives_the_same_picture_in_any_order() -> None:
    first = [draw_demo_frame(index, SIZE_WH) for index in (0, 45, 7)]
    again = [draw_demo_frame(index, SIZE_WH) for index in (7, 45, 0)][::-1]
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)


def test_another_process_draws_the_same_picture() -> None:
    code = (
        f"from realtime.demo import draw_demo_frame; print(draw_demo_frame(33, {SIZE_WH}).astype(int).sum())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == draw_demo_frame(33, SIZE_WH).astype(int).sum()


@pytest.mark.parametrize("size_wh", [(16, 16), (64, 64), (101, 77), (640, 360), (270, 480), (600, 90)])
def test_any_size_is_drawn(size_wh: tuple[int, int]) -> None:
    image = draw_demo_frame(10, size_wh)
    assert image.shape == (size_wh[1], size_wh[0], 3)
    assert image.dtype == np.uint8


@pytest.mark.parametrize("size_wh", [(15, 360), (640, 0), (9000, 360)])
def test_senseless_sizes_are_refused(size_wh: tuple[int, int]) -> None:
    with pytest.raises(OptionError, match=f"got {size_wh[0]}x{size_wh[1]}"):
        draw_demo_frame(0, size_wh)


def test_a_frame_is_the_callers_own() -> None:
    draw_demo_frame(3, SIZE_WH)[:] = 0
    assert draw_demo_frame(3, SIZE_WH).mean() > 50


def test_every_part_moves_and_nothing_jumps() -> None:
    width, height = SIZE_WH
    frames = [draw_demo_frame(index, SIZE_WH).astype(int) for index in range(0, 60)]
    change = np.stack([np.abs(b - a).mean(2) for a, b in pairwise(frames)])
    overall = np.abs(frames[0] - frames[-1]).mean(2)
    sky = overall[: height // 3, width // 3 : width // 2]
    lake = overall[int(height * 0.65) : int(height * 0.8), width // 4 : width // 2]
    person = overall[height // 3 : int(height * 0.75), int(width * 0.62) : int(width * 0.82)]
    assert sky.mean() > 0.5
    assert lake.mean() > 3
    assert person.mean() > 1
    assert change.mean(axis=(1, 2)).max() < 12


def test_it_looks_like_a_photograph_not_like_a_chart() -> None:
    image = draw_demo_frame(0)
    hues = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)[:, :, 0]
    assert np.count_nonzero(np.bincount(hues.ravel(), minlength=180) > 50) > 60  # many colours
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 40_000  # gradients and texture, no flat areas
    assert image.min() < 25
    assert image.max() > 240


def never(seconds: float) -> None:
    pytest.fail(f"a file does not wait, but slept {seconds} s")


def test_as_a_file_every_frame_comes_without_end_or_waiting() -> None:
    source = DemoSource(SIZE_WH, paced=False, clock=FakeClock(), sleep=never)
    assert (source.info.live, source.info.fps, source.info.frame_count) == (False, 30.0, None)
    frames = [source.read() for _ in range(70)]
    assert [frame.index for frame in frames] == list(range(70))
    assert frames[60].time_s() == pytest.approx(2)
    np.testing.assert_array_equal(frames[45].image, draw_demo_frame(45, SIZE_WH))


def paced_source(clock: FakeClock) -> DemoSource:
    return DemoSource(SIZE_WH, paced=True, clock=clock, sleep=clock.advance)


def test_as_a_camera_it_waits_for_each_frame_to_be_due() -> None:
    clock = FakeClock(100.0)
    source = paced_source(clock)
    assert source.info.live
    frames: list[Frame] = [source.read() for _ in range(31)]
    assert [frame.index for frame in frames] == list(range(31))
    assert [frame.captured_at for frame in frames] == pytest.approx([100 + n / 30 for n in range(31)])


def test_as_a_camera_it_leaves_out_what_nobody_fetched_in_time() -> None:
    clock = FakeClock(0.0)
    source = paced_source(clock)
    indices = []
    for _ in range(4):
        indices.append(source.read().index)
        clock.advance(0.51)
    assert indices == [0, 15, 30, 45]


def test_the_usual_size_is_small_enough_for_any_machine() -> None:
    assert DemoSource(paced=False).info.size_wh == DEFAULT_SIZE_WH == (640, 360)
