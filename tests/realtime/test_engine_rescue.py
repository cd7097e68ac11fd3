"""An engine that fails in the middle of a show: the next one goes on with the same frame."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from waiting import LONG_S

from realtime import engine_rescue, pipeline
from realtime.catalog import StyleEntry
from realtime.engine import Engine, EngineInfo, EngineOptions
from realtime.engine_guard import HANG_S, EngineGuard, EngineHangsError, NoPictureError, check_picture
from realtime.engine_rescue import other_engines, rescue_line
from realtime.errors import ContractError, EngineError, OptionError
from realtime.style_player import StylePlayer, load_style
from realtime.testing import (
    CollectingSink,
    FakeClock,
    FaultyEngine,
    IdentityEngine,
    ScriptedSource,
    make_contract,
    make_frame,
    running_threads,
)
from realtime.timing import StageTimes

FRAMES, FAILS_AT = 6, 3
ENTRY = StyleEntry("identity", Path("identity.onnx"), make_contract(), shipped=True)
GREYS = [40 + index for index in range(FRAMES)]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert running_threads() == []


@pytest.fixture(autouse=True)
def both_runtimes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_rescue, "is_installed", lambda package: True)


class Shelf:
    """Opens one faulty engine as openvino, then whatever comes after it by name."""

    def __init__(self, first: IdentityEngine, **others: IdentityEngine | Exception) -> None:
        first.info = replace(first.info, name="openvino")
        self.first = first
        self.others = others
        self.opened: list[EngineOptions] = []

    def open(self, style: StyleEntry, options: EngineOptions) -> Engine:
        self.opened.append(options)
        if len(self.opened) == 1:
            return self.first
        engine = self.others[options.engine]
        if isinstance(engine, Exception):
            raise engine
        engine.info = replace(engine.info, name=options.engine)
        return engine


def play(shelf: Shelf, guard: EngineGuard | None = None) -> tuple[list[int], StylePlayer]:
    """Run frames through a player; return the grey of each that came out, and the player."""
    times, sink = StageTimes(FakeClock()), CollectingSink()
    first = load_style(ENTRY, EngineOptions(threads=1), lambda: None, shelf.open)
    player = StylePlayer(
        [ENTRY], first, options=EngineOptions(threads=1), times=times, open_style=shelf.open, guard=guard
    )
    source = ScriptedSource([make_frame(index, value=grey) for index, grey in enumerate(GREYS)])
    try:
        pipeline.run(source, player, pipeline.SinkOutput([sink], times), times=times)
    finally:
        player.close()
    return [int(frame.image[0, 0, 0]) for frame in sink.frames], player


def test_an_engine_that_raises_is_followed_by_the_next_without_losing_a_frame() -> None:
    shelf = Shelf(FaultyEngine("raises", at=FAILS_AT), onnxruntime=IdentityEngine())
    greys, player = play(shelf)
    assert greys == GREYS
    assert player.current.info.name == "onnxruntime"
    assert player.take_problem() == (
        "openvino failed, onnxruntime goes on: RuntimeError: the runtime lost its device"
    )
    assert player.take_problem() is None
    assert shelf.first.closed
    assert shelf.opened[1] == EngineOptions("onnxruntime", device="cpu", threads=1)


def test_an_engine_that_returns_nan_is_followed_by_the_next() -> None:
    shelf = Shelf(FaultyEngine("no picture", at=FAILS_AT), onnxruntime=IdentityEngine())
    greys, player = play(shelf)
    assert greys == GREYS
    assert player.take_problem() == "openvino failed, onnxruntime goes on: it gave no picture but black (NaN)"


def test_nan_in_sixteen_bits_is_tried_in_thirty_two_first() -> None:
    faulty = FaultyEngine("no picture", at=FAILS_AT)
    faulty.info = replace(faulty.info, precision="bf16")
    shelf = Shelf(faulty, openvino=IdentityEngine())
    greys, player = play(shelf)
    assert greys == GREYS
    assert shelf.opened[1] == EngineOptions("openvino", "fp32", "cpu", 1)
    problem = player.take_problem()
    assert problem is not None and problem.startswith("openvino bf16 failed, fp32 goes on")


def test_an_engine_that_hangs_is_left_and_the_next_goes_on() -> None:
    clock, faulty = FakeClock(), FaultyEngine("hangs", at=FAILS_AT)
    shelf = Shelf(faulty, onnxruntime=IdentityEngine())

    def time_passes() -> None:
        faulty.hangs.wait(LONG_S)
        clock.advance(HANG_S + 1)

    passing = threading.Thread(target=time_passes)
    passing.start()
    greys, player = play(shelf, EngineGuard(clock=clock))
    passing.join(LONG_S)
    assert greys == GREYS
    assert player.take_problem() == "openvino failed, onnxruntime goes on: it gave no picture for 11 s"
    assert not faulty.closed  # it could hang in that, too
    faulty.release.set()
    wait_for_the_end_of("livebrush-engine")


def test_a_run_that_is_stopped_does_not_wait_for_an_engine_that_hangs() -> None:
    """Its clock stands still, so that only the stop can end the wait."""
    faulty, stop = FaultyEngine("hangs", at=1), threading.Event()
    shelf = Shelf(faulty)
    times, sink = StageTimes(FakeClock()), CollectingSink()
    first = load_style(ENTRY, EngineOptions(), lambda: None, shelf.open)
    guard = EngineGuard(clock=FakeClock())
    player = StylePlayer(
        [ENTRY], first, options=EngineOptions(), times=times, open_style=shelf.open, guard=guard
    )
    source = ScriptedSource([make_frame(0), make_frame(1), make_frame(2)])
    ends = threading.Thread(target=lambda: (faulty.hangs.wait(LONG_S), stop.set()))
    ends.start()
    pipeline.run(source, player, pipeline.SinkOutput([sink], times), times=times, stop=stop)
    player.close()
    ends.join(LONG_S)
    assert len(sink.frames) == 1
    assert times.captured == times.shown + times.dropped
    assert "livebrush-infer" not in running_threads()
    assert len(shelf.opened) == 1  # nothing was opened for a run that is over
    faulty.release.set()
    wait_for_the_end_of("livebrush-engine")


def test_where_the_next_engine_cannot_be_opened_either_its_error_ends_the_show() -> None:
    gone = EngineError("nothing runs here")
    shelf = Shelf(FaultyEngine("raises", at=FAILS_AT), onnxruntime=gone, openvino=gone)
    with pytest.raises(EngineError, match="nothing runs here"):
        play(shelf)


def test_where_the_next_engine_fails_too_the_first_is_opened_anew() -> None:
    """A soak found it: two faults that pass, one right after the other, are no reason to end a show."""
    second = FaultyEngine("raises", at=0)
    shelf = Shelf(FaultyEngine("raises", at=FAILS_AT), onnxruntime=second, openvino=IdentityEngine())
    greys, player = play(shelf)
    assert greys == GREYS
    assert [options.engine for options in shelf.opened] == ["auto", "onnxruntime", "openvino"]
    assert second.closed
    problem = player.take_problem()
    assert problem is not None and problem.startswith("openvino failed, opened anew it goes on: ")


def test_memory_that_runs_out_in_an_engine_is_a_fault_like_others() -> None:
    def full(painted: int) -> None:
        if painted == FAILS_AT:
            raise MemoryError

    greys, player = play(Shelf(IdentityEngine(before_infer=full), onnxruntime=IdentityEngine()))
    assert greys == GREYS
    assert "MemoryError" in str(player.take_problem())


def test_a_picture_that_does_not_fit_its_style_is_no_fault_of_the_engine() -> None:
    def refuse(painted: int) -> None:
        raise ContractError("style identity takes a width from 64 to 4096 pixels")

    shelf = Shelf(IdentityEngine(before_infer=refuse), onnxruntime=IdentityEngine())
    with pytest.raises(ContractError):
        play(shelf)
    assert len(shelf.opened) == 1


def test_black_is_no_fault_where_the_picture_is_black_too() -> None:
    black, grey = np.zeros((64, 96, 3), np.uint8), np.full((64, 96, 3), 120, np.uint8)
    check_picture(black, black)
    check_picture(grey, grey)
    speck = black.copy()
    speck[33, 33] = 1
    check_picture(grey, speck)
    with pytest.raises(NoPictureError):
        check_picture(grey, black)


def test_nan_of_a_float_network_becomes_black_on_every_processor() -> None:
    from realtime.tensors import to_image

    contract = replace(make_contract(), layout="NCHW", dtype="float32", value_range=(0, 1))
    tensor = np.full((1, 3, 8, 8), np.nan, np.float32)
    with np.errstate(all="raise"):
        assert not to_image(tensor, contract).any()


def test_a_guarded_call_returns_and_raises_what_it_calls() -> None:
    guard = EngineGuard()
    assert guard.call(lambda: 7) == 7
    for error in (TimeoutError("its own"), OptionError("no")):

        def fail(error: Exception = error) -> None:
            raise error

        with pytest.raises(type(error), match=str(error)):
            guard.call(fail)
    guard.close()


def test_after_a_call_that_hung_the_guard_calls_on() -> None:
    clock, release, began = FakeClock(), threading.Event(), threading.Event()
    guard = EngineGuard(clock=clock)

    def hang() -> None:
        began.set()
        release.wait(LONG_S)

    passing = threading.Thread(target=lambda: (began.wait(LONG_S), clock.advance(HANG_S + 1)))
    passing.start()
    with pytest.raises(EngineHangsError):
        guard.call(hang)
    passing.join(LONG_S)
    assert guard.call(lambda: "still here") == "still here"
    release.set()
    guard.close()
    wait_for_the_end_of("livebrush-engine")


def test_on_the_processor_the_other_runtime_of_the_same_file_is_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failed = EngineInfo("openvino", "bf16", "CPU", 2, "cpu")
    fault = RuntimeError("x")

    def names(path: str) -> list[str]:
        return [o.engine for o in other_engines(failed, Path(path), EngineOptions(), fault)]

    assert names("a.onnx") == ["onnxruntime", "openvino"]
    monkeypatch.setattr(engine_rescue, "is_installed", lambda package: package == "openvino")
    assert names("a.onnx") == ["openvino"]


@pytest.mark.parametrize(
    ("failed", "now", "begins"),
    [
        (("onnxruntime", "cuda"), ("openvino", "cpu"), "cuda failed, the processor goes on: x"),
        (("openvino", "cpu"), ("onnxruntime", "cpu"), "openvino failed, onnxruntime goes on: x"),
    ],
)
def test_the_line_names_what_failed_and_what_goes_on(
    failed: tuple[str, str], now: tuple[str, str], begins: str
) -> None:
    before, after = (EngineInfo(name, "fp32", "?", 1, device) for name, device in (failed, now))
    assert rescue_line(before, after, EngineError("x")) == begins


def wait_for_the_end_of(name: str) -> None:
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join(LONG_S)
