"""One network in one engine at one size, and one turn of measuring it: alone, or in the whole loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from realtime import pipeline
from realtime.backdrop import Backdrop
from realtime.bench_load import Image, Scene
from realtime.bench_rounds import Spread
from realtime.engine import Engine
from realtime.frame import Frame
from realtime.mask import MaskSource
from realtime.masked_painter import MaskedPainter
from realtime.painter import EnginePainter, NetworkSize, Painter
from realtime.sinks import NullSink
from realtime.timing import Clock, Samples, StageTimes

# The camera is this much faster than the network, so that the network is never kept waiting.
CAMERA_HEADROOM = 1.1
# Pictures that are painted before a turn and not counted: another network has had the caches, and its
# threads may not have gone to sleep yet.
SETTLING = 2

NETWORK, MASK = "network", "mask"


@dataclass(frozen=True)
class Parts:
    """A mask, and what stands behind the painting where it is not meant.

    Args:
        mask: opened; closed by the caller.
        rear: the engine of a second style; None for the backdrop.
        backdrop: where no style stands behind.
    """

    mask: MaskSource
    rear: Engine | None = None
    backdrop: Backdrop = Backdrop("original")  # noqa: RUF009

    def painter(self, front: Painter, size: NetworkSize, times: StageTimes) -> Painter:
        """Return what paints the parts."""
        behind = self.backdrop if self.rear is None else EnginePainter(self.rear, StageTimes(), size)
        return MaskedPainter(front, self.mask, behind, times, None)


def make_frame_of(image: Image, number: int) -> Frame:
    """Return a picture as a frame."""
    return Frame(image, number, number, Fraction(1, 30), 0.0)


class Ticks(NullSink):
    """Writes nothing, and notes when each frame reached it.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Clock = time.perf_counter) -> None:
        super().__init__()
        self._clock = clock
        self._at_s: list[float] = []

    def write(self, frame: Frame) -> None:
        """Note the time."""
        self._at_s.append(self._clock())

    def ms(self) -> float:
        """Return milliseconds from one frame to the next, of two frames or more."""
        return (self._at_s[-1] - self._at_s[0]) * 1000 / (len(self._at_s) - 1)


class Subject:
    """What is measured, with every picture that was timed so far.

    Args:
        engine: opened; closed by the caller.
        scene: what it paints, at the size that the network sees too.
        sources: of the loop, some of `realtime.bench_load.ALL_SOURCES`; none measures the network alone.
        frames: in a turn, at least two.
        parts: a mask, and what stands behind it in the loop; None paints the whole picture.
        clock: seconds.
    """

    def __init__(
        self,
        engine: Engine,
        scene: Scene,
        *,
        sources: Sequence[str] = (),
        frames: int,
        parts: Parts | None = None,
        clock: Clock = time.perf_counter,
    ) -> None:
        self.engine = engine
        self._parts = parts
        self._scene = scene
        self._frames = frames
        self._clock = clock
        self._network_ms = Samples()
        self._times = {source: StageTimes() for source in sources}

    def turns(self) -> dict[str, Callable[[], float]]:
        """Return what is measured: `NETWORK`, then each source. Each returns milliseconds a picture."""
        loops = {source: (lambda source=source: self.loop_ms(source)) for source in self._times}
        masks = {} if self._parts is None else {MASK: self.mask_ms}
        return {NETWORK: self.network_ms, **masks, **loops}

    def times(self, source: str) -> StageTimes:
        """Return every stage's times of one source's loop, all turns together."""
        return self._times[source]

    def warm_up(self) -> None:
        """Compile and run as a turn does, and forget it."""
        self.engine.prepare(self._scene.size_wh)
        if self._parts is not None and self._parts.rear is not None:
            self._parts.rear.prepare(self._scene.size_wh)
        self.network_ms()
        self._network_ms = Samples()

    def network_ms(self) -> float:
        """Paint one turn of pictures with the network alone; return milliseconds a picture."""
        self._settle()
        began = self._clock()
        for number in range(self._frames):
            started = self._clock()
            self.engine.infer(self._picture(number))
            self._network_ms.add((self._clock() - started) * 1000)
        return (self._clock() - began) * 1000 / self._frames

    def mask_ms(self) -> float:
        """Find the mask of one turn of pictures; return milliseconds a picture."""
        assert self._parts is not None  # else it is no turn
        frames = [make_frame_of(self._picture(number), number) for number in range(self._frames)]
        began = self._clock()
        for frame in frames:
            self._parts.mask.alpha(frame)
        return (self._clock() - began) * 1000 / self._frames

    def loop_ms(self, source: str) -> float:
        """Paint one turn of frames in the whole loop, source to sink; return milliseconds a frame.

        Counted from the first frame at the sink to the last: opening the source is not in it.
        """
        self._settle()
        summary = self._network_ms.summary()
        network_ms = summary["p50"] if summary else 1000 / 30
        ticks, times = Ticks(self._clock), self._times[source]
        times.interrupt()
        fps = 1000 / network_ms
        run_loop(self.engine, self._scene, source, ticks, times, self._frames, fps, parts=self._parts)
        return ticks.ms()

    def network_plain(self, ms: Sequence[float]) -> dict[str, Any]:
        """Return what was measured of the network alone as plain JSON values; `ms` is one a round."""
        spread = Spread.of(ms)
        return {
            "ms": spread.to_plain(),
            "fps": round(1000 / spread.median, 3),
            "latency_ms": self._network_ms.summary(),
        }

    def loop_plain(self, source: str, ms: Sequence[float], network_ms: Sequence[float]) -> dict[str, Any]:
        """Return what was measured of a loop; `share` is its rate as a share of the network's alone."""
        spread, times = Spread.of(ms), self._times[source]
        return {
            "ms": spread.to_plain(),
            "fps": round(1000 / spread.median, 3),
            "share": Spread.of_ratio(network_ms, ms).to_plain(),
            "latency_ms": times.latency_ms(),
            "frames": {"captured": times.captured, "shown": times.shown, "dropped": times.dropped},
        }

    def _settle(self) -> None:
        for number in range(SETTLING):
            self.engine.infer(self._picture(number))

    def _picture(self, number: int) -> Image:
        return self._scene.images[number % len(self._scene.images)]


def run_loop(
    engine: Engine,
    scene: Scene,
    source: str,
    sink: Ticks,
    times: StageTimes,
    frames: int,
    network_fps: float,
    *,
    parts: Parts | None = None,
) -> None:
    """Run the ordinary loop over this many frames of the scene, with a sink that writes nothing."""
    opened = scene.open(source, CAMERA_HEADROOM * network_fps)
    painter: Painter = EnginePainter(engine, times, NetworkSize(scene.size_wh))
    if parts is not None:
        painter = parts.painter(painter, NetworkSize(scene.size_wh), times)
    pipeline.run(opened, painter, pipeline.SinkOutput([sink], times), times=times, max_frames=frames)
