"""What is measured while a show soaks, and whether it grew: memory, threads, open files, latency."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

import numpy as np

from realtime.errors import LivebrushError
from realtime.process import open_files, rss_mb, thread_count

WARM_UP_S, WINDOW_S = 300.0, 600.0  # at most a quarter of the whole run each
REST_S = 24.0  # at most a tenth of the whole run
MEMORY_GROWTH, LATENCY_GROWTH = 0.02, 0.10


@dataclass(frozen=True)
class Sample:
    """One look at the process: MB of 10^6 bytes, counts of threads and files.

    Args:
        at_s: since the first frame.
        memory_mb: resident.
        threads: the libraries' own included.
        files: open ones, pipes and sockets included.
        rest: which of the show's rests it was taken in, from 1 on; 0 for none.
    """

    at_s: float
    memory_mb: float
    threads: int
    files: int
    rest: int = 0


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

    def add_frame(self, at_s: float, latency_ms: float, rest: int = 0) -> None:
        """Take one frame that was shown; looks at the process once a second.

        Args:
            at_s: since the first frame.
            latency_ms: from the camera to here.
            rest: which rest the show is in, from 1 on; 0 for none.
        """
        self.latency_at_s.append(at_s)
        self.latency_ms.append(latency_ms)
        if not self.samples or at_s - self.samples[-1].at_s >= 1:
            self.samples.append(replace(self.probe(at_s), rest=rest))


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


def rest_times(length_s: float) -> list[tuple[float, float]]:
    """Return beginning and end of every rest, seconds: after each warm-up's length, and at the end."""
    every_s, rest_s = min(WARM_UP_S, length_s / 4), min(REST_S, length_s / 10)
    last_s = length_s - rest_s
    begins = [every_s * number for number in range(1, int(length_s / every_s))]
    apart = [begin for begin in begins if begin + 2 * rest_s < last_s]
    return [(begin, begin + rest_s) for begin in (*apart, last_s)]


def judge(record: Record) -> list[Finding]:
    """Compare the show after its warm-up with the show at its end.

    Memory, threads and files by their medians in the first rest and in the last one. In between, styles,
    sizes and engines come and go, and libraries have threads for each that is open: only the same show can
    be compared with itself. Latency by its 99th percentile in the window after the warm-up and the last one.

    Raises:
        LivebrushError: too little was measured to compare anything.
    """
    length_s = record.samples[-1].at_s if record.samples else 0.0
    rests = sorted({sample.rest for sample in record.samples if sample.rest})
    if len(rests) < 2:
        raise LivebrushError(
            f"the show came to rest {len(rests)} times in {length_s:.0f} s, too few to compare anything; "
            "give --minutes 2 or more"
        )
    first, last = (
        [sample for sample in record.samples if sample.rest == rest] for rest in (rests[0], rests[-1])
    )
    memory = [median(sample.memory_mb for sample in part) for part in (first, last)]
    threads = [median(sample.threads for sample in part) for part in (first, last)]
    files = [median(sample.files for sample in part) for part in (first, last)]
    latency = [_p99(record, window) for window in windows(length_s)]
    return [
        Finding("memory, MB", memory[0], memory[1], memory[0] * (1 + MEMORY_GROWTH)),
        Finding("threads", threads[0], threads[1], threads[0]),
        Finding("open files", files[0], files[1], files[0]),
        Finding("latency p99, ms", latency[0], latency[1], latency[0] * (1 + LATENCY_GROWTH)),
    ]


def _p99(record: Record, window: tuple[float, float]) -> float:
    at_s, ms = np.asarray(record.latency_at_s), np.asarray(record.latency_ms)
    inside = ms[(at_s >= window[0]) & (at_s <= window[1])]
    return float(np.percentile(inside, 99)) if inside.size else 0.0
