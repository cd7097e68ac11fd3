"""Checks an exported file in every runtime that people run it in, and measures how far off it is."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from export.frames import checked_frames, fit
from export.painters import paint_timed
from export.parity import Comparison, FrameParity, compare
from export.targets import TARGETS, USUAL_SIZE_WH, ExportOptions
from realtime.demo import draw_demo_frame

if TYPE_CHECKING:
    from torch import nn

    from export.painters import Painter
    from export.source import Source

# An int8 file's norms divide by what its rounding left: 32 dB is a painting whose strokes are all there.
LIMITS_DB = {"fp16": 40.0, "bf16": 40.0, "tf32": 40.0, "int8": 32.0}
MAX_LEVELS_FP32 = 1
# Paintings that are timed, after one that is not.
_TIMED = 7


@dataclass(frozen=True)
class RuntimeCheck:
    """One file in one runtime.

    Args:
        runtime, precision: what ran, and in which arithmetic.
        frames: what was measured on each.
        ms: median milliseconds of a painting.
        timed_wh: of its width and height.
        faults: what is over a limit, a line each.
        worst: the comparison that is furthest off.
    """

    runtime: str
    precision: str
    frames: tuple[FrameParity, ...]
    ms: float
    timed_wh: tuple[int, int]
    faults: tuple[str, ...]
    worst: Comparison


@dataclass(frozen=True)
class Check:
    """What is known of an exported file.

    Args:
        target, precision, file: what was exported.
        size_bytes: of all its files.
        runtimes: in which it ran, may be none.
        not_run: why it did not run here in the runtime that it is for; "" where it did.
        inspected: what was found right without running it.
        notes: that the export left, such as layers in higher precision.
    """

    target: str
    precision: str
    file: Path
    size_bytes: int
    runtimes: tuple[RuntimeCheck, ...]
    not_run: str = ""
    inspected: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def faults(self) -> list[str]:
        """What is over a limit, a line each; empty for a file that may be used."""
        return [fault for runtime in self.runtimes for fault in runtime.faults]


def check_file(
    network: nn.Module, target: str, file: Path, options: ExportOptions, notes: tuple[str, ...] = ()
) -> Check:
    """Run an exported file wherever it runs here, and compare it with its network in fp32.

    Raises:
        ParityError: if a file that cannot be run is not what it should be.
        LivebrushError: if a runtime fails on it.
    """
    return _check(target, file, options, notes, _check_runtimes(network, target, file, options))


def check_page(
    sources: Sequence[Source], target: str, file: Path, options: ExportOptions, notes: tuple[str, ...] = ()
) -> Check:
    """Do what `check_file` does for a file of several styles: run each of them."""
    if len(sources) == 1:
        return check_file(sources[0].network, target, file, options, notes)
    runtimes = [
        runtime
        for source in sources
        for runtime in _check_runtimes(source.network, target, file, replace(options, style=source.name))
    ]
    return _check(target, file, options, notes, runtimes)


def _check_runtimes(
    network: nn.Module, target: str, file: Path, options: ExportOptions
) -> list[RuntimeCheck]:
    spec, runtimes = TARGETS[target], []
    if spec.painters:
        for painter in spec.open_painters(file, options):
            with closing(painter):
                runtimes.append(_check_runtime(network, painter, options.precision, spec.multiple))
    return runtimes


def _check(
    target: str,
    file: Path,
    options: ExportOptions,
    notes: tuple[str, ...],
    runtimes: Sequence[RuntimeCheck],
) -> Check:
    spec = TARGETS[target]
    inspected = tuple(spec.inspect_file(file, options)) if spec.inspector else ()
    ran = any(spec.runtime in ("", runtime.runtime) for runtime in runtimes)
    why_not = spec.why_not_here() if spec.painters and not runtimes else ""
    not_run = "" if ran else f"not run here: {why_not or spec.runs_on}"
    size = total_size(file)
    return Check(target, options.precision, file, size, tuple(runtimes), not_run, inspected, notes)


def total_size(file: Path) -> int:
    """Return the bytes of an exported file, and of the one with its weights if it has one beside it."""
    if file.name == TARGETS["web"].file_name:
        from export.to_web import page_files

        return sum(path.stat().st_size for path in page_files(file))
    if file.is_dir():
        return sum(path.stat().st_size for path in file.rglob("*") if path.is_file())
    weights = file.with_suffix(".bin")
    beside = weights.stat().st_size if file.suffix in (".xml", ".param") and weights.is_file() else 0
    return file.stat().st_size + beside


def _check_runtime(network: nn.Module, painter: Painter, precision: str, multiple: int) -> RuntimeCheck:
    comparisons = list(compare(network, painter, checked_frames(), multiple))
    limited = coarser(precision, painter.precision)
    faults = [
        f"{painter.runtime} {painter.precision}, frame '{one.parity.frame}': {fault}"
        for one in comparisons
        for fault in faults_of(one.parity, limited)
    ]
    size_wh = painter.only_wh or USUAL_SIZE_WH
    return RuntimeCheck(
        runtime=painter.runtime,
        precision=painter.precision,
        frames=tuple(one.parity for one in comparisons),
        ms=_median_ms(painter, size_wh),
        timed_wh=size_wh,
        faults=tuple(faults),
        worst=min(comparisons, key=lambda one: (one.parity.non_finite == 0, one.parity.psnr_db)),
    )


def coarser(stored: str, computed: str) -> str:
    """Return which of two precisions limits a picture: that of the weights, or of the arithmetic."""
    order = ("fp32", "tf32", "fp16", "bf16", "int8")
    return max((stored, computed), key=order.index)


def faults_of(frame: FrameParity, precision: str) -> list[str]:
    """Return what is over the limits of this precision, in words."""
    faults = []
    if frame.non_finite:
        faults.append(f"{frame.non_finite} numbers are not finite")
    if precision == "fp32":
        if frame.max_difference > MAX_LEVELS_FP32:
            faults.append(f"{frame.max_difference} levels off, at most {MAX_LEVELS_FP32} is allowed")
    elif frame.psnr_db < LIMITS_DB[precision]:
        limit = LIMITS_DB[precision]
        faults.append(f"PSNR {frame.psnr_db:.1f} dB, at least {limit:.0f} is wanted for {precision}")
    return faults


def _median_ms(painter: Painter, size_wh: tuple[int, int]) -> float:
    image = fit(draw_demo_frame(0, size_wh), size_wh)
    painter.paint(image)
    return float(np.median([paint_timed(painter, image) for _ in range(_TIMED)]))
