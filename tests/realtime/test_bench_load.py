import cv2
import numpy as np
import pytest

from realtime import bench_load
from realtime.bench_load import SyntheticCamera, encode_jpeg, matmul_gflops
from realtime.errors import LivebrushError


class Time:
    """A clock that moves only when something sleeps."""

    def __init__(self) -> None:
        self.now_s = 50.0
        self.slept_s: list[float] = []

    def clock(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.now_s += seconds


@pytest.fixture
def time_() -> Time:
    return Time()


@pytest.fixture
def camera(time_: Time) -> SyntheticCamera:
    pictures = [encode_jpeg(np.full((48, 64, 3), grey, np.uint8)) for grey in (40, 200)]
    return SyntheticCamera(pictures, (64, 48), fps=20, clock=time_.clock, sleep=time_.sleep)


def test_frames_come_at_the_rate_of_the_camera(camera: SyntheticCamera, time_: Time) -> None:
    captured = [frame.captured_at for frame in (camera.read() for _ in range(4)) if frame is not None]
    assert captured == pytest.approx([50.0, 50.05, 50.10, 50.15])
    assert time_.slept_s == pytest.approx([0.05] * 3)


def test_a_late_reader_is_given_one_frame_at_once_and_then_the_rate_again(
    camera: SyntheticCamera, time_: Time
) -> None:
    camera.read()
    time_.now_s += 10
    captured = [frame.captured_at for frame in (camera.read() for _ in range(3)) if frame is not None]
    assert captured == pytest.approx([60.0, 60.05, 60.10])


def test_a_reader_that_is_a_little_late_does_not_slow_the_camera(
    camera: SyntheticCamera, time_: Time
) -> None:
    for _ in range(100):
        camera.read()
        time_.now_s += 0.02  # decoding takes part of the interval
    assert time_.now_s == pytest.approx(50.0 + 99 * 0.05 + 0.02)


def test_pictures_are_decoded_in_turn_and_counted(camera: SyntheticCamera) -> None:
    frames = [frame for frame in (camera.read() for _ in range(3)) if frame is not None]
    assert [int(frame.image.mean()) for frame in frames] == [40, 200, 40]
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert frames[2].time_s() == pytest.approx(0.1)


def test_it_is_a_live_source(camera: SyntheticCamera) -> None:
    assert camera.info.live
    assert camera.info.size_wh == (64, 48)
    camera.close()


def test_a_picture_is_encoded_as_jpeg() -> None:
    data = encode_jpeg(np.full((48, 64, 3), (10, 100, 200), np.uint8))
    decoded = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
    assert data[:3] == b"\xff\xd8\xff"
    assert np.abs(decoded.astype(int) - (10, 100, 200)).max() <= 4


def test_numpy_s_own_speed_is_measured() -> None:
    assert 0.1 < matmul_gflops(1) < 1e6


def test_a_measurement_that_fails_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_load, "_MATMUL", "import nothing_of_the_kind")
    with pytest.raises(LivebrushError, match="No module named") as caught:
        matmul_gflops(1)
    assert "\n" not in str(caught.value)
