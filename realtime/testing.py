"""Try Livebrush, or what you build on it, without a camera, a network, a window or a clock.

    from realtime import pipeline, testing
    from realtime.painter import EnginePainter
    from realtime.timing import StageTimes

    clock = testing.FakeClock()
    times = StageTimes(clock)
    source = testing.ScriptedSource.of_frames(3, clock=clock)
    sink = testing.CollectingSink()
    painter = EnginePainter(testing.IdentityEngine(), times)
    pipeline.run(source, painter, pipeline.SinkOutput([sink], times), times=times)
    assert [frame.index for frame in sink.frames] == [0, 1, 2]

Nothing here needs more than the core of the runtime, and nothing sleeps.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from realtime import __version__
from realtime.contract import StyleContract
from realtime.engine import EngineInfo
from realtime.frame import Frame
from realtime.sinks import ClosingSink
from realtime.sources import SourceInfo
from realtime.timing import Clock

Step = Frame | Exception | Callable[[], object]


class FakeClock:
    """A clock that stands still until it is moved: `clock()` reads it, in seconds."""

    def __init__(self, now_s: float = 0.0) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()

    def __call__(self) -> float:
        with self._lock:
            return self._now_s

    def advance(self, seconds: float) -> None:
        """Move the clock on."""
        with self._lock:
            self._now_s += seconds


def make_frame(
    index: int = 0,
    *,
    size_wh: tuple[int, int] = (96, 64),
    fps: int = 30,
    captured_at: float = 0.0,
    value: int | None = None,
) -> Frame:
    """Return a frame of one grey, by default a grey that tells its index (modulo 256)."""
    image = np.full((size_wh[1], size_wh[0], 3), index % 256 if value is None else value, np.uint8)
    return Frame(image, index=index, pts=index, time_base=Fraction(1, fps), captured_at=captured_at)


class ScriptedSource:
    """A source that gives what its script says, then ends.

    Args:
        script: a Frame is given, an exception is raised, a function is called (it may wait for a test's
            event, or move a clock) before the next step.
        live: True behaves as a camera (frames may be dropped), False as a file.
        fps: that the source claims.
        size_wh: that the source claims.
    """

    def __init__(
        self,
        script: Iterable[Step],
        *,
        live: bool = False,
        fps: float | None = 30.0,
        size_wh: tuple[int, int] = (96, 64),
    ) -> None:
        self._script = iter(script)
        self.closed = False
        self.info = SourceInfo(
            name="script",
            kind="camera" if live else "file",
            size_wh=size_wh,
            fps=fps,
            frame_count=None,
            live=live,
            path=None,
        )

    @classmethod
    def of_frames(
        cls,
        count: int,
        *,
        live: bool = False,
        fps: int = 30,
        size_wh: tuple[int, int] = (96, 64),
        clock: Clock | None = None,
    ) -> ScriptedSource:
        """Return a source of this many grey frames, each telling its index by its grey."""

        def frames() -> Iterable[Frame]:
            for index in range(count):
                yield make_frame(index, size_wh=size_wh, fps=fps, captured_at=clock() if clock else 0.0)

        return cls(frames(), live=live, fps=float(fps), size_wh=size_wh)

    def read(self) -> Frame | None:
        """Do the script's next step that gives a frame or an error; None at its end."""
        for step in self._script:
            if isinstance(step, Frame):
                return step
            if isinstance(step, Exception):
                raise step
            step()
        return None

    def close(self) -> None:
        """Remember that the source was closed, in `closed`."""
        self.closed = True


def make_contract(name: str = "identity", title: str = "Identity") -> StyleContract:
    """Return the contract of a style that changes nothing."""
    return StyleContract(
        name=name,
        title=title,
        artist="nobody",
        year="2020",
        preset="fast",
        flop_per_pixel=0.0,
        weights_precision="fp32",
        weights_sha256="0" * 64,
        livebrush_version=__version__,
    )


class IdentityEngine:
    """An engine whose painting is the picture itself.

    Args:
        contract: what it says it runs.
        before_infer: called before every picture with how many were painted so far; it may wait for a
            test's event, move a clock, or raise.
    """

    def __init__(
        self, contract: StyleContract | None = None, *, before_infer: Callable[[int], object] | None = None
    ) -> None:
        self.contract = contract or make_contract()
        self.info = EngineInfo(name="identity", precision="fp32", provider="test", threads=1, device="cpu")
        self.prepared_wh: list[tuple[int, int]] = []
        self.painted = 0
        self.closed = False
        self._before_infer = before_infer

    def prepare(self, size_wh: tuple[int, int]) -> None:
        """Remember the size, in `prepared_wh`."""
        self.prepared_wh.append(size_wh)

    def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a copy of the picture, (H, W, 3) uint8."""
        if self._before_infer is not None:
            self._before_infer(self.painted)
        self.painted += 1
        return np.array(image, order="C")

    def close(self) -> None:
        """Remember that the engine was closed, in `closed`."""
        self.closed = True


class CollectingSink(ClosingSink):
    """A sink that keeps every frame, in `frames`.

    Args:
        on_write: called with each frame before it is kept; it may raise.
    """

    def __init__(self, on_write: Callable[[Frame], object] | None = None) -> None:
        self.frames: list[Frame] = []
        self.closed = False
        self._on_write = on_write

    def write(self, frame: Frame) -> None:
        """Keep the frame."""
        if self._on_write is not None:
            self._on_write(frame)
        self.frames.append(frame)

    def close(self) -> None:
        """Remember that the sink was closed, in `closed`."""
        self.closed = True
