import cv2
import numpy as np
import pytest
from clip_makers import read_clip

from realtime.bench_load import (
    PICTURES,
    Image,
    Scene,
    SyntheticCamera,
    choose_sources,
    demo_scene,
    encode_jpeg,
)
from realtime.errors import OptionError


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


def light_difference(image: Image, other: Image) -> float:
    """How far apart two pictures are in light and dark; colours are halved in size on the way."""
    light = [cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(int) for picture in (image, other)]
    return float(np.abs(light[0] - light[1]).mean())


def test_the_scene_as_a_camera_is_its_pictures_over_and_over() -> None:
    with demo_scene((64, 48)) as scene:
        camera = scene.open("camera", fps=1000.0)
        assert camera.info.live
        frames = [frame for frame in (camera.read() for _ in range(PICTURES + 1)) if frame is not None]
        for frame, image in zip(frames, scene.images, strict=False):
            assert light_difference(frame.image, image) < 3
        assert (frames[PICTURES].image == frames[0].image).all()


def test_the_scene_as_a_file_is_an_h264_clip_that_is_read_to_its_end_and_then_removed() -> None:
    with demo_scene((64, 48), clip_frames=10) as scene:
        file = scene.open("file", fps=30.0)
        assert not file.info.live
        path = file.info.path
        assert path is not None
        assert read_clip(path).stream["codec"] == "h264"
        frames = list(iter(file.read, None))
        file.close()
        assert len(frames) == 10
        assert light_difference(frames[0].image, scene.images[0]) < 3
    assert not path.exists()


def test_the_clip_is_removed_after_an_error_too() -> None:
    with pytest.raises(ZeroDivisionError), demo_scene((64, 48), clip_frames=2) as scene:
        path = scene.open("file", fps=30.0).info.path
        raise ZeroDivisionError
    assert path is not None
    assert not path.exists()


def test_a_scene_without_a_clip_has_no_file() -> None:
    with pytest.raises(OptionError, match="clip_frames"):
        Scene.of_noise((64, 48)).open("file", fps=30.0)


def test_sources_are_chosen_by_name() -> None:
    assert choose_sources("both") == ("camera", "file")
    assert choose_sources("file") == ("file",)
    assert choose_sources("all") == ("memory", "camera", "file")
    with pytest.raises(OptionError, match="must be one of both, all, memory, camera, file; got 'tape'"):
        choose_sources("tape")
