"""The loop under everything that can happen to it: slow, broken, stopped, paused."""

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from realtime.engine import open_engine
from realtime.errors import EngineError, SinkError, SourceBrokenError
from realtime.frame import Frame
from realtime.painter import EnginePainter, Look, Painted
from realtime.pipeline import SinkOutput, run
from realtime.testing import CollectingSink, FakeClock, IdentityEngine, ScriptedSource, make_frame
from realtime.timing import StageTimes

LONG_S = 30  # only ever waited for by a test that fails


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    left = [thread.name for thread in threading.enumerate() if thread.name.startswith("livebrush")]
    assert left == []


def play(
    source: ScriptedSource,
    *,
    engine: IdentityEngine | None = None,
    sink: CollectingSink | None = None,
    stop: threading.Event | None = None,
    max_frames: int | None = None,
) -> tuple[list[int], StageTimes]:
    """Run a source to its end; return the indices that came out, and the times."""
    times = StageTimes(FakeClock())
    sink = sink or CollectingSink()
    painter = EnginePainter(engine or IdentityEngine(), times)
    try:
        run(source, painter, SinkOutput([sink], times), times=times, stop=stop, max_frames=max_frames)
    finally:
        assert source.closed
        assert times.captured == times.shown + times.dropped
    return [frame.index for frame in sink.frames], times


def test_every_frame_of_a_file_comes_out_once_and_in_order() -> None:
    indices, times = play(ScriptedSource.of_frames(50))
    assert indices == list(range(50))
    assert (times.captured, times.shown, times.dropped) == (50, 50, 0)


def test_real_frames_through_a_real_network_come_out_painted(tiny_style: Path) -> None:
    times, sink = StageTimes(), CollectingSink()
    engine = open_engine(tiny_style)
    source = ScriptedSource.of_frames(5, size_wh=(81, 65))
    run(source, EnginePainter(engine, times), SinkOutput([sink], times), times=times)
    engine.close()
    for index, frame in enumerate(sink.frames):
        np.testing.assert_array_equal(frame.image, np.full((65, 81, 3), 255 - index, np.uint8))
    latency = times.latency_ms()
    assert all(latency[stage] is not None for stage in latency)


def test_capture_inference_and_output_work_at_the_same_time() -> None:
    # Each stage waits for the two others to be at work too: a loop that took turns would never get on.
    all_at_once = threading.Barrier(3, timeout=LONG_S)
    frames = [make_frame(index) for index in range(3)]
    source = ScriptedSource([frames[0], frames[1], all_at_once.wait, frames[2]])
    engine = IdentityEngine(before_infer=lambda painted: painted == 1 and all_at_once.wait())
    sink = CollectingSink(on_write=lambda frame: frame.index == 0 and all_at_once.wait())
    indices, _ = play(source, engine=engine, sink=sink)
    assert indices == [0, 1, 2]


def test_a_slow_network_gets_the_newest_frame_of_a_camera_each_time() -> None:
    burst, bursts = 5, 6
    go = [threading.Event() for _ in range(bursts + 1)]
    done = [threading.Event() for _ in range(bursts + 1)]

    def script() -> Iterator[Frame | object]:
        yield make_frame(0)
        for number in range(bursts):
            yield lambda number=number: go[number].wait(LONG_S)
            yield from (make_frame(1 + number * burst + i) for i in range(burst))
            yield done[number].set

    def while_painting(painted: int) -> None:
        # Five frames arrive while the network is busy with one; the last burst is followed by the end.
        go[painted].set()
        if painted < bursts:
            assert done[painted].wait(LONG_S)

    source = ScriptedSource(script(), live=True)  # type: ignore[arg-type]
    indices, times = play(source, engine=IdentityEngine(before_infer=while_painting))
    assert indices == [0] + [burst * number for number in range(1, bursts + 1)]
    assert times.dropped == bursts * (burst - 1)


def test_a_slow_window_keeps_the_age_of_a_cameras_picture_bounded() -> None:
    # A camera of 30 fps by the fake clock, and an output that takes a second for each picture.
    clock, seconds = FakeClock(), 10
    second_begins, second_over = threading.Semaphore(0), threading.Semaphore(0)

    def script() -> Iterator[Frame | object]:
        yield make_frame(0, captured_at=clock())
        for second in range(seconds):
            yield lambda: second_begins.acquire(timeout=LONG_S)
            for index in range(30):
                clock.advance(1 / 30)
                yield make_frame(1 + 30 * second + index, captured_at=clock())
            yield second_over.release

    ages: list[float] = []

    def show(frame: Frame) -> None:
        ages.append(clock() - frame.captured_at)
        if len(ages) <= seconds:
            second_begins.release()
            assert second_over.acquire(timeout=LONG_S)

    play(ScriptedSource(script(), live=True), sink=CollectingSink(show))  # type: ignore[arg-type]
    assert len(ages) > seconds
    # While one is shown the next is painted, from the newest there is then: a second old when its turn
    # comes, and never more.
    assert max(ages) <= 1.1


def test_a_sink_that_raises_ends_the_loop_with_its_error() -> None:
    def full_disk(frame: Frame) -> None:
        if frame.index == 3:
            raise SinkError("the disk is full")

    sink = CollectingSink(full_disk)
    with pytest.raises(SinkError, match="disk is full"):
        play(ScriptedSource(make_frame(index) for index in itertools.count()), sink=sink)
    assert [frame.index for frame in sink.frames] == [0, 1, 2]


def test_an_engine_that_raises_ends_the_loop_after_what_was_painted_came_out() -> None:
    def fail_at_seven(painted: int) -> None:
        if painted == 7:
            raise EngineError("out of memory")

    sink = CollectingSink()
    with pytest.raises(EngineError, match="out of memory"):
        play(
            ScriptedSource(make_frame(index) for index in itertools.count()),
            engine=IdentityEngine(before_infer=fail_at_seven),
            sink=sink,
        )
    assert [frame.index for frame in sink.frames] == list(range(7))


def test_a_source_that_breaks_off_gives_all_it_had_and_then_its_error() -> None:
    error = SourceBrokenError("clip.mp4", 9, 0.3, "truncated")
    sink = CollectingSink()
    with pytest.raises(SourceBrokenError, match=r"after 9 frames, at 0.30 s"):
        play(ScriptedSource([*(make_frame(index) for index in range(9)), error]), sink=sink)
    assert [frame.index for frame in sink.frames] == list(range(9))


def test_an_error_nobody_foresaw_reaches_the_caller_too() -> None:
    with pytest.raises(ZeroDivisionError):
        play(ScriptedSource([make_frame(), ZeroDivisionError()]))


def test_a_source_that_fails_to_close_is_heard_of() -> None:
    class Stubborn(ScriptedSource):
        def close(self) -> None:
            super().close()
            raise OSError("device busy")

    with pytest.raises(OSError, match="device busy"):
        play(Stubborn([make_frame()]))


def test_ctrl_c_in_the_middle_of_a_write_ends_every_thread() -> None:
    def interrupt(frame: Frame) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        play(ScriptedSource(make_frame(index) for index in itertools.count()), sink=CollectingSink(interrupt))


@pytest.mark.parametrize("live", [False, True])
def test_stop_ends_an_endless_source_between_two_frames(live: bool) -> None:
    stop = threading.Event()

    def stop_at_the_fifth(frame: Frame) -> None:
        if len(sink.frames) == 4:
            stop.set()

    sink = CollectingSink(stop_at_the_fifth)
    source = ScriptedSource((make_frame(index) for index in itertools.count()), live=live)
    indices, _ = play(source, sink=sink, stop=stop)
    assert len(indices) == 5


def test_a_file_is_read_no_further_than_max_frames() -> None:
    read: list[int] = []

    def frames() -> Iterator[Frame]:
        for index in range(100):
            read.append(index)
            yield make_frame(index)

    indices, times = play(ScriptedSource(frames()), max_frames=7)
    assert indices == read == list(range(7))
    assert (times.captured, times.shown, times.dropped) == (7, 7, 0)


def test_a_camera_runs_until_max_frames_were_shown() -> None:
    source = ScriptedSource((make_frame(index) for index in itertools.count()), live=True)
    indices, times = play(source, max_frames=7)
    assert len(indices) == times.shown == 7


def test_an_empty_source_ends_at_once() -> None:
    indices, times = play(ScriptedSource([]))
    assert (indices, times.captured) == ([], 0)


def test_the_look_and_the_output_size_reach_the_sink() -> None:
    times, sink = StageTimes(FakeClock()), CollectingSink()
    output = SinkOutput([sink], times, look=Look(strength=0.0), output_wh=(48, 32))
    run(ScriptedSource([make_frame(value=77)]), EnginePainter(IdentityEngine(), times), output, times=times)
    np.testing.assert_array_equal(sink.frames[0].image, np.full((32, 48, 3), 77, np.uint8))


class PausingOutput:
    """Pauses after two frames; resumes when it was left idle three times."""

    def __init__(self) -> None:
        self.events: list[int | str] = []
        self.paused = False

    def show(self, painted: Painted) -> bool:
        self.events.append(painted.frame.index)
        self.paused = len(self.events) == 2
        return True

    def idle(self) -> None:
        if self.paused:
            self.events.append("idle")
            self.paused = self.events.count("idle") < 3


def test_a_paused_output_is_kept_alive_and_loses_no_frame_of_a_file() -> None:
    times, output = StageTimes(FakeClock()), PausingOutput()
    run(ScriptedSource.of_frames(4), EnginePainter(IdentityEngine(), times), output, times=times)
    assert output.events == [0, 1, "idle", "idle", "idle", 2, 3]


def test_a_frame_that_the_output_leaves_out_counts_as_dropped() -> None:
    class Choosy(PausingOutput):
        def show(self, painted: Painted) -> bool:
            return painted.frame.index % 2 == 0

    times = StageTimes(FakeClock())
    run(ScriptedSource.of_frames(6), EnginePainter(IdentityEngine(), times), Choosy(), times=times)
    assert (times.captured, times.shown, times.dropped) == (6, 3, 3)


class OverlappingPainter:
    """Notes the order in which frames are begun and finished.

    Args:
        waits_for: in beginning with the first frame.
        fails_on: finishing this frame.
    """

    in_flight = 2

    def __init__(self, waits_for: threading.Event | None = None, fails_on: int | None = None) -> None:
        self.events: list[str] = []
        self._waits_for = waits_for
        self._fails_on = fails_on

    def paint(self, frame: Frame) -> Painted:
        return self.begin(frame)()

    def begin(self, frame: Frame) -> Callable[[], Painted]:
        self.events.append(f"begin {frame.index}")
        if self._waits_for is not None:
            assert self._waits_for.wait(LONG_S)

        def finish() -> Painted:
            self.events.append(f"finish {frame.index}")
            if frame.index == self._fails_on:
                raise EngineError("the card is gone")
            engine = IdentityEngine()
            return Painted(frame, frame.image, engine.contract, engine.info)

        return finish


def play_overlapping(painter: OverlappingPainter, source: ScriptedSource, times: StageTimes) -> list[int]:
    sink = CollectingSink()
    run(source, painter, SinkOutput([sink], times), times=times)
    return [frame.index for frame in sink.frames]


def test_the_next_frame_of_a_file_is_begun_before_the_last_is_finished() -> None:
    two_are_there = threading.Event()
    frames = [make_frame(index) for index in range(5)]
    source = ScriptedSource([*frames[:2], two_are_there.set, *frames[2:]])
    painter, times = OverlappingPainter(two_are_there), StageTimes(FakeClock())
    assert play_overlapping(painter, source, times) == [0, 1, 2, 3, 4]
    assert painter.events[:3] == ["begin 0", "begin 1", "finish 0"]
    assert (times.captured, times.shown, times.dropped) == (5, 5, 0)


def test_a_camera_s_frame_is_finished_before_the_next_for_it_would_grow_old() -> None:
    two_are_there = threading.Event()
    source = ScriptedSource([make_frame(0), make_frame(1), two_are_there.set], live=True)
    painter = OverlappingPainter(two_are_there)
    play_overlapping(painter, source, StageTimes(FakeClock()))
    kinds = [event.split()[0] for event in painter.events]
    assert kinds == ["begin", "finish"] * (len(kinds) // 2)


def test_frames_in_flight_when_the_painting_fails_are_counted_as_dropped() -> None:
    painter, times = OverlappingPainter(fails_on=2), StageTimes(FakeClock())
    with pytest.raises(EngineError, match="the card is gone"):
        play_overlapping(painter, ScriptedSource.of_frames(5), times)
    assert times.captured == times.shown + times.dropped
