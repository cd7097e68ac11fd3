"""What a camera does wrong in an evening, and that the show goes on: rows of docs/reliability.md."""

import itertools
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction

import cv2
import numpy as np
import pytest
from waiting import LONG_S, wait_until

from realtime import pipeline, source_reader
from realtime.errors import SourceBrokenError, SourceError
from realtime.frame import Frame
from realtime.painter import EnginePainter
from realtime.preprocess import fitted_into
from realtime.source_camera import CameraSource
from realtime.source_lasting import STALL_S, GapTimes, LastingSource
from realtime.source_reader import Arrived
from realtime.testing import (
    CollectingSink,
    FakeClock,
    IdentityEngine,
    ScriptedCamera,
    ScriptedCapture,
    ScriptedSource,
    make_frame,
)
from realtime.timing import StageTimes

MakeCamera = Callable[..., ScriptedCamera]
UNPLUGGED = SourceBrokenError("camera 0", 2, 0.1, "it gives no more pictures")


@pytest.fixture
def cameras() -> Iterator[MakeCamera]:
    made: list[ScriptedCamera] = []

    def make(*connections: ScriptedSource) -> ScriptedCamera:
        made.append(ScriptedCamera(*connections))
        return made[-1]

    yield make
    for camera in made:
        camera.close()


def live(*steps: Frame | Exception | Callable[[], object]) -> ScriptedSource:
    return ScriptedSource(steps, live=True)


def after(event: threading.Event) -> Callable[[], object]:
    """A step that waits for the event: what comes before it is not pushed out by what comes after."""
    return lambda: event.wait(LONG_S)


def values(frames: list[Frame]) -> list[int]:
    return [int(frame.image[0, 0, 0]) for frame in frames]


def test_an_unplugged_camera_is_opened_again_until_it_is_back(cameras: MakeCamera) -> None:
    read = threading.Event()
    missing = [SourceError("no camera 0 was found")] * 4
    camera = cameras(live(make_frame(1), after(read), UNPLUGGED), *missing, live(make_frame(7)))
    first = camera.frame()
    read.set()
    assert values([first, camera.frame()]) == [1, 7]
    assert camera.pauses[:5] == [0.5, 1.0, 2.0, 4.0, 5.0]
    assert camera.first.closed
    assert camera.lines[0].startswith("camera 0 breaks off after 2 frames")
    assert camera.lines[1] == "script is back after 12 s"


def test_a_source_that_raises_what_nobody_knows_is_opened_again_without_telling_its_text(
    cameras: MakeCamera,
) -> None:
    read = threading.Event()
    stranger = OSError("rtsp://me:secret@door/1 is gone")
    camera = cameras(live(make_frame(1), after(read), stranger), live(make_frame(2)))
    camera.frame()
    read.set()
    assert values([camera.frame()]) == [2]
    assert camera.lines[0] == "script failed (OSError); the last picture stays until it is back"


def test_a_camera_that_had_worked_is_opened_again_at_once_and_one_that_fails_at_once_is_not(
    cameras: MakeCamera,
) -> None:
    read = threading.Event()
    worked = live(make_frame(1), after(read), lambda: camera.clock.advance(60), UNPLUGGED)
    camera = cameras(worked, *[live(UNPLUGGED)] * 3, live(make_frame(2)))
    camera.frame()
    read.set()
    assert values([camera.frame()]) == [2]
    assert camera.pauses[:3] == [0.5, 1.0, 2.0]


def test_a_live_source_that_ends_is_opened_again(cameras: MakeCamera) -> None:
    read = threading.Event()
    camera = cameras(live(make_frame(1), after(read)), live(make_frame(2)))
    camera.frame()
    read.set()
    assert values([camera.frame()]) == [2]


def test_a_camera_stalled_for_ten_seconds_shows_the_age_of_its_picture_and_goes_on(
    cameras: MakeCamera,
) -> None:
    stalled = threading.Event()
    camera = cameras(live(make_frame(1), after(stalled), make_frame(2)))
    camera.frame()
    assert camera.source.trouble is None
    camera.clock.advance(STALL_S - 0.5)
    assert camera.source.trouble == "script: no picture for 10 s"
    stalled.set()
    assert values([camera.frame()]) == [2]
    assert camera.source.trouble is None
    assert camera.pauses == []


def test_a_driver_that_hangs_is_left_and_the_camera_opened_anew(
    cameras: MakeCamera,
) -> None:
    asked, hung = threading.Event(), threading.Event()
    camera = cameras(live(make_frame(1), asked.set, after(hung), make_frame(66)), live(make_frame(2)))
    camera.frame()
    asked.wait(LONG_S)
    camera.clock.advance(STALL_S + 1)
    assert values([camera.frame()]) == [2]
    assert camera.lines[0] == "script does not answer; it is opened anew"
    hung.set()  # the old driver answers at last: its picture is nobody's, and it is closed
    wait_until(lambda: camera.first.closed)


def test_a_second_driver_that_hangs_is_waited_for_so_that_threads_do_not_pile_up(
    cameras: MakeCamera,
) -> None:
    asked, hung = [threading.Event() for _ in range(2)], [threading.Event() for _ in range(2)]
    camera = cameras(*[live(make_frame(n), asked[n].set, after(hung[n])) for n in range(2)])
    for hangs in asked:
        camera.frame()
        hangs.wait(LONG_S)
        camera.clock.advance(STALL_S + 1)
        camera.source._look_after()  # what `read` does while it waits
    assert camera.tries == 1
    hung[0].set()
    wait_until(lambda: camera.first.closed)
    hung[1].set()


def test_a_camera_that_changes_its_size_is_fitted_into_the_first(
    cameras: MakeCamera,
) -> None:
    read = threading.Event()
    square = make_frame(1, size_wh=(64, 64), value=200)
    camera = cameras(live(make_frame(0, size_wh=(96, 64)), after(read), square))
    camera.frame()
    read.set()
    fitted = camera.frame()
    assert fitted.size_wh == (96, 64)
    assert (fitted.image[:, 16:80] == 200).all()
    assert not fitted.image[:, :16].any()
    assert not fitted.image[:, 80:].any()


def test_the_picture_of_another_size_is_made_smaller_whole() -> None:
    image = np.full((200, 100, 3), 90, np.uint8)
    fitted = fitted_into(image, (60, 40))
    assert fitted.shape == (40, 60, 3)
    assert (fitted[:, 20:40] == 90).all()
    assert fitted_into(fitted, (60, 40)) is fitted


def at(index: int, captured_at: float, pts: int | None = None) -> Frame:
    frame = make_frame(index, fps=30, captured_at=captured_at)
    return Frame(frame.image, index, index if pts is None else pts, Fraction(1, 30), captured_at)


def test_times_go_on_over_a_gap_and_never_back() -> None:
    times, before, after_gap = GapTimes(), object(), object()
    placed = [
        times.place(Arrived(at(0, 5.0), before)),
        times.place(Arrived(at(1, 5.03), before)),
        times.place(Arrived(at(0, 15.03), after_gap)),
        times.place(Arrived(at(1, 15.07), after_gap)),
    ]
    assert [frame.pts for frame in placed] == [0, 1, 301, 302]
    assert [frame.index for frame in placed] == [0, 1, 2, 3]


def test_a_clock_that_jumps_back_or_ahead_leaves_times_that_grow() -> None:
    times = GapTimes()
    back = times.place(Arrived(at(5, 100.0), 1)), times.place(Arrived(at(0, 3.0), 2))
    ahead = times.place(Arrived(at(1, 30_000.0), 2))
    assert [frame.pts for frame in (*back, ahead)] == [5, 6, 7]


def test_a_run_that_is_stopped_does_not_wait_for_a_camera_that_never_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reader's pause is a real one here, of an hour, and is cut short."""
    monkeypatch.setattr(
        source_reader, "growing_pauses", lambda: itertools.chain([0.0], itertools.repeat(3600.0))
    )
    others = set(threading.enumerate())
    read = threading.Event()
    clock, stop = FakeClock(), threading.Event()
    lines: list[str] = []

    def never() -> ScriptedSource:
        stop.set()
        raise SourceError("no camera 0 was found")

    source = LastingSource(live(make_frame(1), after(read), UNPLUGGED), never, tell=lines.append, clock=clock)
    times, sink = StageTimes(clock), CollectingSink(lambda _: read.set())
    output = pipeline.SinkOutput([sink], times)
    pipeline.run(source, EnginePainter(IdentityEngine(), times), output, times=times, stop=stop)
    assert values(sink.frames) == [1]
    for thread in set(threading.enumerate()) - others:
        thread.join(LONG_S)
        assert not thread.is_alive()


def test_a_damaged_picture_of_the_driver_ends_no_show(cameras: MakeCamera) -> None:
    read = threading.Event()

    def damaged() -> None:
        cv2.cvtColor(np.zeros((4, 4, 2), np.uint8), cv2.COLOR_BGRA2BGR)  # what `as_bgr` would do

    camera = cameras(live(make_frame(1), after(read), damaged), live(make_frame(2)))
    camera.frame()
    read.set()
    assert values([camera.frame()]) == [2]
    assert camera.lines[0].startswith("script failed (error)")


def test_black_pictures_are_said_to_be_black_until_they_are_not(cameras: MakeCamera) -> None:
    shown = [threading.Event() for _ in range(4)]
    black = [make_frame(n, value=3) for n in range(3)]
    steps: list[Frame | Callable[[], object]] = [make_frame(9, value=90), after(shown[0])]
    for n in range(3):
        steps += [black[n], after(shown[n + 1])]
    camera = cameras(live(*steps, make_frame(9, value=90)))
    camera.frame()
    for n in range(3):
        shown[n].set()
        camera.frame()
        camera.clock.advance(1.5)
    assert camera.source.trouble == "script: black pictures for 4 s"
    assert len(camera.lines) == 1
    assert "gives black pictures; is its lens covered" in camera.lines[0]
    shown[3].set()
    camera.frame()
    assert camera.source.trouble is None


def test_after_a_sleep_of_the_machine_the_camera_is_opened_anew_and_times_grow(cameras: MakeCamera) -> None:
    """Eight hours pass at once while the driver, which sleep has killed, is asked for a picture."""
    asked, hung = threading.Event(), threading.Event()
    camera = cameras(live(make_frame(1), asked.set, after(hung)), live(make_frame(2), make_frame(3)))
    before = camera.frame()
    asked.wait(LONG_S)
    camera.clock.advance(8 * 3600)
    assert camera.source.trouble == "script: no picture for 28800 s"
    woken = camera.frame()
    assert woken.pts > before.pts
    assert camera.source.trouble is None
    hung.set()


def test_a_camera_that_gives_pictures_of_another_format_in_mid_stream_goes_on() -> None:
    """MJPG to grey to a fourth channel to another size: what a driver does when its mode is changed."""
    shapes = [(48, 64, 3), (48, 64), (48, 64, 4), (24, 32, 3), (48, 64, 3)]
    capture = ScriptedCapture([np.full(shape, 80, np.uint8) for shape in shapes])
    inner = CameraSource(0, capture_factory=lambda index: capture, sleep=lambda seconds: None)
    frames = [inner.read() for _ in shapes]
    fitted = [fitted_into(frame.image, (64, 48)) for frame in frames if frame is not None]
    assert [image.shape for image in fitted] == [(48, 64, 3)] * 5
    assert all((image == 80).all() for image in fitted)
