"""One network in one engine at one size, and one turn of measuring it: alone, or in the whole loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from realtime import pipeline
from realtime.bench_load import Image, Scene
from realtime.bench_rounds import Spread
from realtime.engine import Engine
from realtime.frame import Frame
from realtime.painter import EnginePainter, NetworkSize
from realtime.sinks import NullSink
from realtime.timing import Clock, Samples, StageTimes

# The camera is this much faster than the network, so that the network is never kept waiting.
CAMERA_HEADROOM = 1.1
# Pictures that are painted before a turn and not counted: another network has had the caches, and its
# threads may not have gone to sleep yet.
SETTLING = 2

NETWORK = "network"


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
        clock: seconds.
    """

    def __init__(
        self,
        engine: Engine,
        scene: Scene,
        *,
        sources: Sequence[str] = (),
        frames: int,
        clock: Clock = time.perf_counter,
    ) -> None:
        self.engine = engine
        self._scene = scene
        self._frames = frames
        self._clock = clock
        self._network_ms = Samples()
        self._times = {source: StageTimes() for source in sources}

    def turns(self) -> dict[str, Callable[[], float]]:
        """Return what is measured: `NETWORK`, then each source. Each returns milliseconds a picture."""
        loops = {source: (lambda source=source: self.loop_ms(source)) for source in self._times}
        return {NETWORK: self.network_ms, **loops}

    def times(self, source: str) -> StageTimes:
        """Return every stage's times of one source's loop, all turns together."""
        return self._times[source]

    def warm_up(self) -> None:
        """Compile and run as a turn does, and forget it."""
        self.engine.prepare(self._scene.size_wh)
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

    def loop_ms(self, source: str) -> float:
        """Paint one turn of frames in the whole loop, source to sink; return milliseconds a frame.

        Counted from the first frame at the sink to the last: opening the source is not in it.
        """
        self._settle()
        summary = self._network_ms.summary()
        network_ms = summary["p50"] if summary else 1000 / 30
        ticks, times = Ticks(self._clock), self._times[source]
        times.interrupt()
        run_loop(self.engine, self._scene, source, ticks, times, self._frames, 1000 / network_ms)
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
    engine: Engine, scene: Scene, source: str, sink: Ticks, times: StageTimes, frames: int, network_fps: float
) -> None:
    """Run the ordinary loop over this many frames of the scene, with a sink that writes nothing."""
    opened = scene.open(source, CAMERA_HEADROOM * network_fps)
    painter = EnginePainter(engine, times, NetworkSize(scene.size_wh))
    pipeline.run(opened, painter, pipeline.SinkOutput([sink], times), times=times, max_frames=frames)
