"""The painting as a webcam: against a fake pyvirtualcam, and the real one with a backend in memory."""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from fake_virtualcam import FakeVirtualcam
from numpy.typing import NDArray

from realtime import sink_virtual_camera
from realtime.camera_command import main
from realtime.errors import MissingExtraError, SinkError
from realtime.sink_apart import ApartSink
from realtime.sink_virtual_camera import KEEP_ALIVE_S, VirtualCameraSink
from realtime.testing import FakeClock, make_frame
from realtime.virtual_devices import VirtualDevice, virtual_devices

Install = Callable[..., FakeVirtualcam]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a fake pyvirtualcam in place, on a machine without devices of its own."""

    def put(**options: object) -> FakeVirtualcam:
        module = FakeVirtualcam(**options)  # type: ignore[arg-type]
        monkeypatch.setitem(sys.modules, "pyvirtualcam", module)
        monkeypatch.setattr(sink_virtual_camera, "virtual_devices", list)
        return module

    return put


def test_the_device_is_asked_for_the_frames_size_and_the_sources_rate(install: Install) -> None:
    module = install()
    sink = VirtualCameraSink("OBS Virtual Camera", size_wh=(96, 64), fps=25.0)
    assert module.asked == [(96, 64, 25.0, "OBS Virtual Camera")]
    assert str(sink) == "OBS Virtual Camera, 96x64 at 25 fps"


@pytest.mark.parametrize(("fps", "asked"), [(None, 30.0), (0.2, 1.0), (240.0, 60.0)])
def test_a_rate_that_no_program_wants_is_brought_within_bounds(
    install: Install, fps: float | None, asked: float
) -> None:
    module = install()
    VirtualCameraSink(None, size_wh=(96, 64), fps=fps)
    assert module.asked[0][2] == asked


def test_odd_sizes_are_made_even_since_cameras_halve_their_colours(install: Install) -> None:
    module = install()
    sink = VirtualCameraSink(None, size_wh=(97, 65), fps=30)
    sink.write(make_frame(9, size_wh=(97, 65), value=120))
    assert module.sent[0].shape == (64, 96, 3)
    assert (module.sent[0][:, 1:-1] == 120).all()


def test_a_device_that_takes_another_size_only_gets_the_picture_fitted_into_it(install: Install) -> None:
    module = install(takes=[(640, 480)])
    sink = VirtualCameraSink(None, size_wh=(1920, 1080), fps=30)
    sink.write(make_frame(0, size_wh=(1920, 1080), value=200))
    assert module.sent[0].shape == (480, 640, 3)
    assert (module.sent[0][60:420] == 200).all()
    assert not module.sent[0][:59].any()


def test_a_size_that_the_device_is_held_to_is_tried_before_the_usual_ones(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = install(takes=[(320, 180), (640, 480)])
    held = [VirtualDevice("/dev/video9", "Livebrush", True, (320, 180))]
    monkeypatch.setattr(sink_virtual_camera, "virtual_devices", lambda: held)
    VirtualCameraSink("Livebrush", size_wh=(96, 64), fps=30)
    assert [asked[:2] for asked in module.asked] == [(96, 64), (320, 180)]
    assert module.asked[0][3] == "/dev/video9"


def test_without_a_device_one_line_says_how_to_get_one(install: Install) -> None:
    install(takes=[])
    with pytest.raises(SinkError) as caught:
        VirtualCameraSink(None, size_wh=(96, 64), fps=30)
    line = str(caught.value)
    assert line.startswith("no virtual camera could be opened ('v4l2loopback' backend: No v4l2 loopback")
    assert "get one with: " in line
    assert "\n" not in line
    if sys.platform == "linux":
        assert "exclusive_caps=1" in line


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(MissingExtraError, match=r'pip install "livebrush\[virtualcam\]"'):
        VirtualCameraSink(None, size_wh=(96, 64), fps=30)


def test_while_no_frame_comes_the_last_one_is_sent_again_and_not_more_often_than_needed(
    install: Install,
) -> None:
    module, clock = install(), FakeClock()
    sink = VirtualCameraSink(None, size_wh=(96, 64), fps=30, clock=clock)
    sink.idle(paused=False)
    assert module.sent == []  # nothing to show yet
    sink.write(make_frame(0, value=77))
    sink.idle(paused=False)
    assert len(module.sent) == 1
    clock.advance(KEEP_ALIVE_S)
    sink.idle(paused=False)
    sink.idle(paused=False)
    assert [int(picture.min()) for picture in module.sent] == [77, 77]


def test_a_pause_is_a_still_picture_that_says_so_and_not_black(install: Install) -> None:
    module, clock = install(), FakeClock()
    sink = VirtualCameraSink(None, size_wh=(320, 180), fps=30, clock=clock)
    sink.write(make_frame(0, size_wh=(320, 180), value=200))
    for _ in range(3):
        sink.idle(paused=True)
        clock.advance(KEEP_ALIVE_S)
    still = module.sent[1]
    assert len(module.sent) == 4
    assert all((again == still).all() for again in module.sent[2:])
    assert still[0, 0].tolist() == [70, 70, 70]  # darkened
    assert (still[80:100] > 150).any()  # letters
    sink.write(make_frame(1, size_wh=(320, 180), value=200))
    assert (module.sent[-1] == 200).all()


def test_a_device_that_goes_away_ends_alone_and_the_last_line_says_so(install: Install) -> None:
    module, said = install(fails_at=2), list[str]()
    apart = ApartSink(VirtualCameraSink(None, size_wh=(96, 64), fps=30), "the virtual camera", said.append)
    for index in range(5):
        apart.write(make_frame(index))
        apart.idle(paused=False)
    assert len(module.sent) == 2
    assert module.closed == 1
    assert said == [
        "the virtual camera ended early: the virtual camera takes no more pictures: No such device; "
        "the show goes on"
    ]


def test_a_device_that_goes_away_during_a_pause_ends_alone_too(install: Install) -> None:
    install(fails_at=1)
    said = list[str]()
    apart = ApartSink(VirtualCameraSink(None, size_wh=(96, 64), fps=30), "the virtual camera", said.append)
    apart.write(make_frame(0))
    apart.idle(paused=True)
    assert len(said) == 1


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, list[str], list[str]]]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)

    def run_it(*arguments: object) -> tuple[int, list[str], list[str]]:
        exit_code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return exit_code, printed.out.splitlines(), printed.err.splitlines()

    return run_it


Run = Callable[..., tuple[int, list[str], list[str]]]


def test_the_command_is_a_webcam_instead_of_a_window_and_writes_no_clip(
    run: Run, install: Install, tiny_style: Path, tmp_path: Path
) -> None:
    module = install()
    (tmp_path / "album").mkdir()
    cv2.imwrite(str(tmp_path / "album" / "a.png"), np.full((64, 96, 3), 55, np.uint8))
    exit_code, out, err = run(
        "--style", tiny_style, "--source", "album", "--no-window", "--virtual-camera", "--size", "96x64"
    )
    assert (exit_code, err) == (0, [])
    assert out[0] == "virtual camera: /dev/video9, 96x64 at 25 fps"
    assert abs(int(module.sent[0][0, 0, 0]) - 200) < 3
    assert module.closed == 1
    assert [path.name for path in tmp_path.iterdir()] == ["album"]


def test_a_file_and_a_webcam_without_a_window_fail_alone(
    run: Run, install: Install, tiny_style: Path, tmp_path: Path
) -> None:
    install(fails_at=2)
    exit_code, out, err = run(
        *("--style", tiny_style, "--source", "demo", "--no-window", "--max-frames", "6", "--size", "96x64"),
        *("--virtual-camera", "Livebrush", "--output", "painted"),
    )
    assert exit_code == 2
    assert len(err) == 1 and "the virtual camera ended early" in err[0]
    assert any("the show goes on" in line for line in out)
    assert len(list((tmp_path / "painted").iterdir())) == 6


def test_when_all_of_several_sinks_have_failed_the_run_ends(
    run: Run, install: Install, tiny_style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realtime.sink_pictures import PictureSink

    def full(self: PictureSink, frame: object) -> None:
        raise SinkError("disk full")

    monkeypatch.setattr(PictureSink, "write", full)
    install(fails_at=3)
    exit_code, _, err = run(
        *("--style", tiny_style, "--source", "demo", "--no-window", "--size", "96x64"),
        *("--virtual-camera", "--output", "painted"),
    )  # without --max-frames: it would never end by itself
    assert exit_code == 2
    assert len(err) == 1
    assert "disk full" in err[0] and "No such device" in err[0]


def test_two_files_at_once_without_a_window(run: Run, tiny_style: Path, tmp_path: Path) -> None:
    exit_code, out, err = run(
        *("--style", tiny_style, "--source", "demo", "--no-window", "--max-frames", "4", "--size", "96x64"),
        *("--output", "a", "--output", "b.mkv"),
    )
    assert (exit_code, err) == (0, [])
    assert out[-1].endswith(" -> a, b.mkv")
    assert len(list((tmp_path / "a").iterdir())) == 4
    assert (tmp_path / "b.mkv").stat().st_size > 0


def test_one_name_twice_is_refused(run: Run, tiny_style: Path) -> None:
    exit_code, _, err = run("--style", tiny_style, "--output", "a.mp4", "--output", "a.mp4")
    assert (exit_code, len(err)) == (2, 1)
    assert "twice" in err[0]


def test_without_the_package_the_command_says_so_before_anything_else(
    run: Run, tiny_style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    exit_code, out, err = run("--style", tiny_style, "--virtual-camera")
    assert (exit_code, out, len(err)) == (2, [], 1)
    assert 'pip install "livebrush[virtualcam]"' in err[0]


def test_the_real_package_takes_what_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own checks of size, type and format, in front of a backend that keeps the bytes."""
    pyvirtualcam = pytest.importorskip("pyvirtualcam")
    kept: list[NDArray[np.uint8]] = []

    class Memory:
        def __init__(self, *, width: int, height: int, fps: float, fourcc: int, device: str | None) -> None:
            if width != 640:
                raise RuntimeError("another size is set")

        def close(self) -> None: ...
        def send(self, frame: NDArray[np.uint8]) -> None:
            kept.append(np.array(frame))

        def device(self) -> str:
            return "memory"

        def native_fourcc(self) -> None: ...

    monkeypatch.setattr(pyvirtualcam.camera, "BACKENDS", {"memory": Memory})
    with VirtualCameraSink(None, size_wh=(96, 64), fps=29.97) as sink:
        assert str(sink) == "memory, 640x480 at 29.97 fps"
        sink.write(make_frame(0, value=33))
    assert kept[0].size == 640 * 480 * 3
    assert (kept[0].reshape(480, 640, 3)[240] == 33).all()


@pytest.mark.skipif(not virtual_devices(), reason="needs a v4l2loopback device (modprobe v4l2loopback)")
def test_a_real_device_shows_what_is_sent() -> None:
    pytest.importorskip("pyvirtualcam")
    with VirtualCameraSink(None, size_wh=(640, 360), fps=30) as sink:
        sink.write(make_frame(0, size_wh=(640, 360), value=180))
        capture = cv2.VideoCapture(sink.device)
        sink.write(make_frame(1, size_wh=(640, 360), value=180))
        ok, image = capture.read()
        capture.release()
    assert ok and abs(int(image.mean()) - 180) < 6
