"""Where the time goes: milliseconds per stage, frames per second, and the statistics file.

Nothing is clipped: a stall of a minute is in the maximum and moves the percentiles as it should.
Memory is bounded: each stage keeps every sample up to `MAX_SAMPLES` (about ten hours at 30 fps, 4 MB);
after that it keeps a uniform random choice of them (reservoir sampling) beside the exact maximum.
"""

from __future__ import annotations

import random
import threading
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from realtime import __version__
from realtime.engine import EngineInfo
from realtime.process import peak_rss_mb, process_started_at

Clock = Callable[[], float]

STAGES = ("capture", "preprocess", "infer", "postprocess", "sink", "total")
PERCENTILES = (50, 95, 99)
MAX_SAMPLES = 1 << 20
RECENT = 30


class Samples:
    """Milliseconds of one stage. Not thread-safe: `StageTimes` locks around it.

    Args:
        max_samples: how many to keep; beyond, each sample ever added is kept with the same chance
            (Vitter 1985, algorithm R).
    """

    def __init__(self, max_samples: int = MAX_SAMPLES) -> None:
        self.count = 0
        self.max = 0.0
        self.recent: deque[float] = deque(maxlen=RECENT)
        self._kept = array("f")
        self._max_samples = max_samples
        self._random = random.Random(0)

    def add(self, ms: float) -> None:
        """Take one sample, in milliseconds."""
        self.count += 1
        self.max = max(self.max, ms)
        self.recent.append(ms)
        if len(self._kept) < self._max_samples:
            self._kept.append(ms)
        elif (slot := self._random.randrange(self.count)) < self._max_samples:
            self._kept[slot] = ms

    def summary(self) -> dict[str, float] | None:
        """Return p50, p95, p99 and max in milliseconds; None before the first sample."""
        if not self.count:
            return None
        values = np.percentile(np.array(self._kept, dtype=np.float32), PERCENTILES)
        named = {f"p{p}": round(float(value), 3) for p, value in zip(PERCENTILES, values, strict=True)}
        return named | {"max": round(self.max, 3)}


class StageTimes:
    """Collects one run's times and counts. Every method may be called from any thread.

    Stages: capture (reading and decoding a frame), preprocess, infer, postprocess, sink (window and
    writers), total (from the moment the source had the frame until it is shown).

    Args:
        clock: seconds, never going back.
        started_at: clock reading from which the first frame is counted; by default when the process
            began, so that imports are included (with another clock than time.perf_counter: now).
        max_samples: how many samples each stage keeps.
    """

    def __init__(
        self,
        clock: Clock = time.perf_counter,
        *,
        started_at: float | None = None,
        max_samples: int = MAX_SAMPLES,
    ) -> None:
        self._clock = clock
        if started_at is None:
            started_at = process_started_at() if clock is time.perf_counter else clock()
        self._started_at = started_at
        self._lock = threading.Lock()
        self._samples = {stage: Samples(max_samples) for stage in STAGES}
        self._counts = {"captured": 0, "shown": 0, "dropped": 0}
        self._first_shown_at: float | None = None
        self._last_shown_at: float | None = None  # None: the next frame begins a new stretch
        self._shown_gaps = 0
        self._shown_gaps_s = 0.0
        self._recent_shown_at: deque[float] = deque(maxlen=RECENT + 1)

    def record(self, stage: str, ms: float) -> None:
        """Add one sample of a stage, in milliseconds."""
        with self._lock:
            self._samples[stage].add(ms)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Time the body as one sample of a stage; a body that raises counts too."""
        began = self._clock()
        try:
            yield
        finally:
            self.record(stage, (self._clock() - began) * 1000)

    def count_captured(self) -> None:
        """Count one frame that the source gave."""
        with self._lock:
            self._counts["captured"] += 1

    def count_dropped(self, frames: int = 1) -> None:
        """Count frames that were captured and never shown."""
        with self._lock:
            self._counts["dropped"] += frames

    def count_shown(self, captured_at: float | None = None) -> None:
        """Count one frame that reached its sinks now; captured_at gives its total latency."""
        now = self._clock()
        with self._lock:
            self._counts["shown"] += 1
            if self._first_shown_at is None:
                self._first_shown_at = now
            if self._last_shown_at is not None:
                self._shown_gaps += 1
                self._shown_gaps_s += now - self._last_shown_at
            self._last_shown_at = now
            self._recent_shown_at.append(now)
            if captured_at is not None:
                self._samples["total"].add((now - captured_at) * 1000)

    def interrupt(self) -> None:
        """Leave the time from the last frame shown to the next one out of every rate: a pause."""
        with self._lock:
            self._last_shown_at = None
            self._recent_shown_at.clear()

    @property
    def captured(self) -> int:
        """Frames the source gave."""
        return self._counts["captured"]

    @property
    def shown(self) -> int:
        """Frames that reached their sinks."""
        return self._counts["shown"]

    @property
    def dropped(self) -> int:
        """Frames captured and never shown."""
        return self._counts["dropped"]

    def fps(self) -> float:
        """Return shown frames per second from the first to the last; 0.0 before there are two.

        (n - 1) / (last - first): two frames a second apart are 1.0 fps, not 2. Pauses that `interrupt`
        began are left out.
        """
        with self._lock:
            return _rate(self._shown_gaps, self._shown_gaps_s)

    def recent_fps(self) -> float:
        """Return the rate over the last `RECENT` shown frames, for the head-up line."""
        with self._lock:
            shown_at = self._recent_shown_at
            return _rate(len(shown_at) - 1, shown_at[-1] - shown_at[0]) if shown_at else 0.0

    def recent_ms(self, stage: str) -> float:
        """Return the median of a stage's last `RECENT` samples, for the head-up line; 0.0 if none."""
        with self._lock:
            recent = sorted(self._samples[stage].recent)
        return recent[len(recent) // 2] if recent else 0.0

    def last_ms(self, stage: str) -> float:
        """Return a stage's last sample; 0.0 if there is none."""
        with self._lock:
            recent = self._samples[stage].recent
            return recent[-1] if recent else 0.0

    def first_frame_ms(self) -> float | None:
        """Return milliseconds from the start to the first frame shown; None before it."""
        with self._lock:
            at = self._first_shown_at
        return None if at is None else (at - self._started_at) * 1000

    def latency_ms(self) -> dict[str, dict[str, float] | None]:
        """Return per stage p50, p95, p99 and max in milliseconds; None for a stage that never ran."""
        with self._lock:
            return {stage: samples.summary() for stage, samples in self._samples.items()}

    def to_stats(self, engine: EngineInfo, **also: Any) -> dict[str, Any]:
        """Return what `--stats FILE` writes, as plain JSON values; `also` adds style, source, size."""
        first_frame_ms = self.first_frame_ms()
        with self._lock:
            frames = dict(self._counts)
        return {
            **also,
            "livebrush": __version__,
            "frames": frames,
            "fps": round(self.fps(), 3),
            "latency_ms": self.latency_ms(),
            "first_frame_ms": None if first_frame_ms is None else round(first_frame_ms, 3),
            "engine": {
                "name": engine.name,
                "precision": engine.precision,
                "provider": engine.provider,
                "threads": engine.threads,
            },
            "peak_rss_mb": round(peak_rss_mb(), 1),
        }


def _rate(gaps: int, seconds: float) -> float:
    return gaps / seconds if seconds > 0 else 0.0
