"""Times a style's exported files against each other, in the runtimes that people run them in.

Everything takes a short turn in every round, in an order that changes (`realtime.bench_rounds`). Memory is
measured in a process of its own for each file, which has nothing else in it.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from export.frames import Image, fit
from export.painters import Painter, RunsElsewhere, paint_timed
from export.targets import TARGETS, ExportOptions
from realtime.bench_rounds import Watch, take_turns, unwatched
from realtime.demo import draw_demo_frame
from realtime.process import peak_rss_mb

SIZES_WH = ((256, 256), (640, 360), (1280, 720))
COLUMNS = ("file", "runtime", "size", "p50 ms", "p95 ms", "fps", "KB", "PSNR dB", "peak MB")


@dataclass(frozen=True)
class Exported:
    """A file to be timed.

    Args:
        target, file, options: what was exported; `options.size_wh` is the one size that it takes, or None.
        size_bytes: of all its files.
        worst_psnr_db: of its worst frame.
    """

    target: str
    file: Path
    options: ExportOptions
    size_bytes: int
    worst_psnr_db: float

    @property
    def label(self) -> str:
        """Target and precision."""
        return f"{self.target} {self.options.precision}"


@dataclass(frozen=True)
class Timing:
    """One file in one runtime at one size.

    Args:
        label: target and precision.
        runtime: and the precision of its arithmetic.
        size_wh: of the pictures.
        p50_ms, p95_ms: of a painting, over all rounds.
        peak_mb: of a process that does nothing else; None where the system does not say.
        size_bytes, worst_psnr_db: of the file.
    """

    label: str
    runtime: str
    size_wh: tuple[int, int]
    p50_ms: float
    p95_ms: float
    peak_mb: float | None
    size_bytes: int
    worst_psnr_db: float

    def row(self) -> tuple[str, ...]:
        """Return its line of the table."""
        width, height = self.size_wh
        figures = f"{self.p50_ms:.1f}", f"{self.p95_ms:.1f}", f"{1000 / self.p50_ms:.1f}"
        memory = "" if self.peak_mb is None else f"{self.peak_mb:.0f}"
        about = f"{self.size_bytes / 1000:.0f}", f"{self.worst_psnr_db:.1f}", memory
        return (self.label, self.runtime, f"{width}x{height}", *figures, *about)

    def to_plain(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self) | {"size_wh": list(self.size_wh), "fps": 1000 / self.p50_ms}


def time_files(
    files: Sequence[Exported],
    size_wh: tuple[int, int],
    *,
    rounds: int,
    frames: int,
    watch: Watch = unwatched,
) -> list[Timing]:
    """Return what each file takes in each of its runtimes, taking turns.

    Args:
        files: of one style; those that are made for another size are left out.
        size_wh: of the pictures, the demo scene.
        rounds: how many turns each takes.
        frames: paintings in a turn.
        watch: called between turns, and whenever a file's memory has been measured.
    """
    picture = fit(draw_demo_frame(0, size_wh), size_wh)
    with ExitStack() as stack:
        painters: list[tuple[Exported, Painter]] = []
        for exported in files:
            if exported.options.size_wh not in (None, size_wh):
                continue
            for painter in TARGETS[exported.target].open_painters(exported.file, exported.options):
                painters.append((exported, stack.enter_context(closing(painter))))
                painter.paint(picture)
        times: list[list[float]] = [[] for _ in painters]
        turns: dict[int, Callable[[], float]] = {
            index: partial(_turn, painter, picture, frames, times[index])
            for index, (_, painter) in enumerate(painters)
        }
        total = (rounds + 1) * len(turns)  # the last round is that of memory
        if turns:
            take_turns(turns, rounds, lambda done, _: watch(done, total))
        names = [(exported, painter.runtime, painter.precision) for exported, painter in painters]
    timings = []
    for (exported, runtime, precision), taken in zip(names, times, strict=True):
        timings.append(_timing(exported, runtime, precision, size_wh, taken))
        watch(rounds * len(names) + len(timings), total)
    return timings


def _timing(
    exported: Exported, runtime: str, precision: str, size_wh: tuple[int, int], taken: Sequence[float]
) -> Timing:
    p50, p95 = (float(value) for value in np.percentile(taken, (50, 95)))
    return Timing(
        label=exported.label,
        runtime=f"{runtime} {precision}",
        size_wh=size_wh,
        p50_ms=p50,
        p95_ms=p95,
        peak_mb=measure_peak_mb(exported, runtime, size_wh),
        size_bytes=exported.size_bytes,
        worst_psnr_db=exported.worst_psnr_db,
    )


def _turn(painter: Painter, picture: Image, frames: int, times: list[float]) -> float:
    painter.paint(picture)  # whoever came before has taken the caches
    times += [paint_timed(painter, picture) for _ in range(frames)]
    return float(np.median(times[-frames:]))


def measure_peak_mb(exported: Exported, runtime: str, size_wh: tuple[int, int]) -> float | None:
    """Return what a process takes at the most that paints two pictures with this file, in MB."""
    if sys.platform == "win32":
        return None
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(
            paint_twice, exported.target, exported.file, exported.options, runtime, size_wh
        ).result()


def paint_twice(
    target: str, file: Path, options: ExportOptions, runtime: str, size_wh: tuple[int, int]
) -> float | None:
    """Paint two pictures and return the most that the process that does it has taken so far, in MB."""
    for painter in TARGETS[target].open_painters(file, options):
        with closing(painter):
            if painter.runtime == runtime:
                picture = fit(draw_demo_frame(0, size_wh), size_wh)
                painter.paint(picture)
                painter.paint(picture)
                if isinstance(painter, RunsElsewhere):
                    return painter.peak_mb()
                break
    return _own_peak_mb()


def _own_peak_mb() -> float:
    """Return this process's peak; what rusage says may be that of the process that it was forked from."""
    with suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024 / 1e6
    return peak_rss_mb()
