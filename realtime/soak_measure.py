"""What is measured while a show soaks, and whether it grew: memory, threads, open files, latency."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np

from realtime.errors import LivebrushError
from realtime.process import open_files, rss_mb, thread_count

WARM_UP_S, WINDOW_S = 300.0, 600.0  # at most a quarter of the whole run each
MEMORY_GROWTH, LATENCY_GROWTH = 0.02, 0.10


@dataclass(frozen=True)
class Sample:
    """One look at the process: MB of 10^6 bytes, counts of threads and files."""

    at_s: float
    memory_mb: float
    threads: int
    files: int


def look_at_process(at_s: float) -> Sample:
    """Return a sample of this process now."""
    return Sample(at_s, rss_mb(), thread_count(), open_files())


@dataclass
class Record:
    """Everything measured so far.

    Args:
        probe: looks at the process.
    """

    probe: Callable[[float], Sample] = look_at_process
    samples: list[Sample] = field(default_factory=list)
    latency_at_s: array[float] = field(default_factory=lambda: array("f"))
    latency_ms: array[float] = field(default_factory=lambda: array("f"))

    def add_frame(self, at_s: float, latency_ms: float) -> None:
        """Take one frame that was shown; looks at the process once a second."""
        self.latency_at_s.append(at_s)
        self.latency_ms.append(latency_ms)
        if not self.samples or at_s - self.samples[-1].at_s >= 1:
            self.samples.append(self.probe(at_s))


@dataclass(frozen=True)
class Finding:
    """One thing that must not grow.

    Args:
        name: with its unit.
        first: early in the run, after the warm-up.
        last: at its end.
        limit: what `last` may be at most.
    """

    name: str
    first: float
    last: float
    limit: float

    @property
    def passed(self) -> bool:
        """True if it is within its limit."""
        return self.last <= self.limit

    @property
    def growth(self) -> float:
        """Return growth as a share of what it was."""
        return self.last / self.first - 1 if self.first else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        numbers = {name: round(getattr(self, name), 4) for name in ("first", "last", "limit", "growth")}
        return {"name": self.name, **numbers, "passed": self.passed}


def windows(length_s: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return beginning and end of the window after the warm-up and of the last one, seconds."""
    warm_up_s, window_s = min(WARM_UP_S, length_s / 4), min(WINDOW_S, length_s / 4)
    return (warm_up_s, warm_up_s + window_s), (length_s - window_s, length_s)


def judge(record: Record) -> list[Finding]:
    """Compare the window after the warm-up with the last one.

    Memory is compared by its median. Threads and files by their least: they come and go with recordings and
    with styles, and what leaks never goes. Latency by its 99th percentile.

    Raises:
        LivebrushError: too little was measured to compare anything.
    """
    length_s = record.samples[-1].at_s if record.samples else 0.0
    early, late = windows(length_s)
    first, last = (_within(record.samples, window) for window in (early, late))
    if len(first) < 2 or len(last) < 2:
        raise LivebrushError(f"{length_s:.0f} s are too few to compare anything; give --minutes 1 or more")
    memory = [median(sample.memory_mb for sample in part) for part in (first, last)]
    threads = [min(sample.threads for sample in part) for part in (first, last)]
    files = [min(sample.files for sample in part) for part in (first, last)]
    latency = [_p99(record, window) for window in (early, late)]
    return [
        Finding("memory, MB", memory[0], memory[1], memory[0] * (1 + MEMORY_GROWTH)),
        Finding("threads", threads[0], threads[1], threads[0]),
        Finding("open files", files[0], files[1], files[0]),
        Finding("latency p99, ms", latency[0], latency[1], latency[0] * (1 + LATENCY_GROWTH)),
    ]


def _within(samples: list[Sample], window: tuple[float, float]) -> list[Sample]:
    return [sample for sample in samples if window[0] <= sample.at_s <= window[1]]


def _p99(record: Record, window: tuple[float, float]) -> float:
    at_s, ms = np.asarray(record.latency_at_s), np.asarray(record.latency_ms)
    inside = ms[(at_s >= window[0]) & (at_s <= window[1])]
    return float(np.percentile(inside, 99)) if inside.size else 0.0
