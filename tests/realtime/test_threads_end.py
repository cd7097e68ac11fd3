"""Whatever happens, the threads of a run end with it: counted, not timed. A row of docs/reliability.md.

What waits in a driver or a runtime cannot be ended by anybody. One such thread may be left; it is a daemon,
so that it dies with the process, and ends by itself once it is answered.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from waiting import LONG_S, wait_until

from realtime import engine_rescue, pipeline
from realtime.catalog import StyleEntry
from realtime.engine import Engine, EngineOptions
from realtime.engine_guard import EngineGuard
from realtime.errors import SinkError, SourceBrokenError, SourceError
from realtime.frame import Frame
from realtime.sink_apart import ApartSink
from realtime.source_lasting import LastingSource
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

STYLES = [StyleEntry(name, Path(f"{name}.onnx"), make_contract(name), shipped=True) for name in ("a", "b")]
UNPLUGGED = SourceBrokenError("camera 0", 1, 0.0, "it gives no more pictures")


@dataclass
class Evening:
    """What goes wrong in one run; all of it stops at `stop`, which something sets."""

    stop: threading.Event = field(default_factory=threading.Event)
    answer: threading.Event = field(default_factory=threading.Event)
    """Lets what hangs go on, after the run."""
    clock: FakeClock = field(default_factory=FakeClock)
    source: LastingSource | ScriptedSource | None = None
    engine: IdentityEngine = field(default_factory=IdentityEngine)
    open_second: Callable[[], Engine] = IdentityEngine
    on_write: Callable[[Frame], object] = lambda frame: None
    left: tuple[str, ...] = ()
    """Names of threads that may be left until what they wait for answers."""

    def hang(self) -> None:
        """Wait for an answer that comes only after the run; meanwhile the run is stopped."""
        self.stop.set()
        self.answer.wait(LONG_S)

    def lasting(self, *steps: Frame | Exception | Callable[[], object]) -> LastingSource:
        """Return a camera that does these steps and never comes back."""
        return LastingSource(ScriptedSource(steps, live=True), self._never, clock=self.clock)

    def _never(self) -> ScriptedSource:
        self.stop.set()
        raise SourceError("no camera 0 was found")


def unplugged() -> Evening:
    evening = Evening()
    evening.source = evening.lasting(make_frame(0), UNPLUGGED)
    return evening


def camera_hangs() -> Evening:
    evening = Evening(left=("livebrush-source",))
    evening.source = evening.lasting(make_frame(0), evening.hang)
    return evening


def file_source_hangs() -> Evening:
    evening = Evening(left=("livebrush-capture",))
    evening.source = ScriptedSource([make_frame(0), evening.hang])
    return evening


def camera_raises_nonsense() -> Evening:
    evening = Evening()
    evening.source = evening.lasting(make_frame(0), KeyError("a driver's own"))
    return evening


def engine_hangs() -> Evening:
    engine = FaultyEngine("hangs", at=1)
    evening = Evening(engine=engine, left=("livebrush-engine",))
    evening.source = ScriptedSource([make_frame(n) for n in range(3)])

    def stop_then_answer() -> None:
        engine.hangs.wait(LONG_S)
        evening.stop.set()
        evening.answer.wait(LONG_S)
        engine.release.set()

    threading.Thread(target=stop_then_answer, daemon=True).start()
    return evening


def loading_hangs() -> Evening:
    evening = Evening(left=("livebrush-loading", "livebrush-styles"))

    def open_second() -> Engine:
        evening.hang()
        return IdentityEngine()

    evening.open_second = open_second
    evening.source = ScriptedSource.of_frames(10_000)
    return evening


def sink_fails() -> Evening:
    def full(frame: Frame) -> None:
        evening.stop.set()
        raise SinkError("disk full")

    evening = Evening(on_write=full)
    evening.source = ScriptedSource.of_frames(10_000)
    return evening


def stopped_in_the_middle() -> Evening:
    evening = Evening()
    evening.on_write = lambda frame: evening.stop.set() if frame.index == 3 else None
    evening.source = ScriptedSource.of_frames(10_000)
    return evening


EVENINGS = [
    unplugged, camera_hangs, file_source_hangs, camera_raises_nonsense, engine_hangs, loading_hangs,
    sink_fails, stopped_in_the_middle,
]  # fmt: skip


@pytest.fixture(autouse=True)
def one_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_rescue, "is_installed", lambda package: False)


@pytest.fixture(autouse=True)
def nothing_is_left_of_another_test() -> Iterator[None]:
    assert running_threads() == []
    yield


@pytest.mark.parametrize("make", EVENINGS, ids=lambda make: make.__name__)
def test_every_thread_ends_with_the_run_but_one_that_a_driver_holds(make: Callable[[], Evening]) -> None:
    evening = make()
    assert evening.source is not None
    times = StageTimes(evening.clock)

    def open_style(style: StyleEntry, options: EngineOptions) -> Engine:
        return evening.engine if style.name == "a" else evening.open_second()

    with ExitStack() as opened:
        first = load_style(STYLES[0], EngineOptions(), lambda: None, open_style)
        player = StylePlayer(
            STYLES,
            first,
            options=EngineOptions(),
            times=times,
            open_style=open_style,
            guard=EngineGuard(clock=evening.clock),
        )
        opened.callback(player.close)
        if make is loading_hangs:
            player.step(1)
        sink = ApartSink(CollectingSink(evening.on_write), "a.mp4", player.tell)
        output = pipeline.SinkOutput([sink], times)
        pipeline.run(evening.source, player, output, times=times, stop=evening.stop)
    assert set(running_threads()) <= set(evening.left)
    assert len(running_threads()) == len(evening.left)
    held = [thread for thread in threading.enumerate() if thread.name in evening.left]
    assert all(thread.daemon for thread in held)
    evening.answer.set()
    wait_until(lambda: running_threads() == [])
