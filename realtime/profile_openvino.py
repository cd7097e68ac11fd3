"""OpenVINO's times of each operator, made into a profile and a trace.

OpenVINO tells how long an operator took, not when, and in the processor's plugin it is the mean of all
runs since the network was compiled, in whole microseconds. So it is asked after every run, and the runs
are taken apart again: see `split_means`.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from realtime.catalog import StyleEntry
from realtime.engine import EngineOptions
from realtime.profile_operators import Operator, Profile, TraceEvent
from realtime.timing import Clock

if TYPE_CHECKING:
    from realtime.engine_openvino import NodeTime

_PID, _PICTURES_TID, _OPERATORS_TID = 1, 1, 2
_NOTE = "OpenVINO says how long an operator takes, not when: in the trace they stand one after another"


def profile_style(
    style: StyleEntry,
    options: EngineOptions,
    images: Sequence[NDArray[np.uint8]],
    *,
    runs: int,
    warm_up: int,
    clock: Clock,
) -> Profile:
    """Run a style with OpenVINO's counters on, and return what they say of the last `runs` runs.

    Args:
        images: (H, W, 3) uint8 BGR, all of one size, taken in turn.
        runs: that are kept.
        warm_up: runs before them, which are in neither the table nor the trace.
        clock: seconds, for when a run began and ended.
    Raises:
        EngineError: as opening and running does.
    """
    from realtime.engine_openvino import OpenVinoEngine

    size_wh = (images[0].shape[1], images[0].shape[0])
    spans: list[tuple[float, float]] = []
    asked: list[list[NodeTime]] = []
    with closing(OpenVinoEngine(style.path, style.contract, options, count_times=True)) as engine:
        # Not prepared: every run since the compilation is in the means, and has to be counted here.
        for number in range(warm_up + runs):
            began = clock()
            engine.infer(images[number % len(images)])
            spans.append((began, clock()))
            asked.append(engine.node_times(size_wh))
        info, shapes = engine.info, engine.node_shapes(size_wh)
    operators = tuple(_operators(asked, shapes, warm_up))
    kept = spans[warm_up:]
    picture_ms = tuple((ended - began) * 1000 for began, ended in kept)
    return Profile(info, operators, picture_ms, tuple(_trace(operators, kept)), _NOTE)


def split_means(means_us: Sequence[int]) -> list[float]:
    """Return how long each run took, from the mean over all runs so far, told after every run.

    With a[n] the mean of n runs cut to whole microseconds, their sum lies from n * a[n] to
    n * a[n] + n - 1. Within that it is taken where the new run is nearest to the median of those
    before: otherwise the cut microsecond would look like n of them once in a while.

    Args:
        means_us: a[1], a[2], ...
    Returns:
        Microseconds, one value for each run, none negative.
    """
    took_us: list[float] = []
    total = 0.0
    for count, mean in enumerate(means_us, start=1):
        expected = total + (statistics.median(took_us) if took_us else mean)
        least = max(total, count * mean)
        now = max(least, min(expected, count * mean + count - 1))
        took_us.append(now - total)
        total = now
    return took_us


def _operators(
    asked: Sequence[Sequence[NodeTime]], shapes: Mapping[str, tuple[int, ...]], warm_up: int
) -> Iterator[Operator]:
    for node in zip(*asked, strict=True):  # each node's answers after every run
        means_us = [told.mean_us for told in node if told.mean_us is not None]
        if len(means_us) == len(node):
            name, kind, kernel, _ = node[-1]
            ms = tuple(us / 1000 for us in split_means(means_us)[warm_up:])
            yield Operator(name, kind, kernel, shapes.get(name), ms)


def _trace(operators: Sequence[Operator], spans: Sequence[tuple[float, float]]) -> Iterator[TraceEvent]:
    for number, (began, ended) in enumerate(spans):
        start_us = (began - spans[0][0]) * 1e6
        yield _event("picture", "run", start_us, (ended - began) * 1e6, _PICTURES_TID, {"run": number})
        for operator in operators:
            took_us = operator.ms[number] * 1000
            about = {"type": operator.type, "kernel": operator.kernel, "shape": operator.shape}
            yield _event(operator.name, operator.type, start_us, took_us, _OPERATORS_TID, about)
            start_us += took_us


def _event(
    name: str, category: str, start_us: float, took_us: float, tid: int, about: Mapping[str, object]
) -> TraceEvent:
    return {
        "name": name,
        "cat": category,
        "ph": "X",
        "ts": round(start_us, 3),
        "dur": round(took_us, 3),
        "pid": _PID,
        "tid": tid,
        "args": dict(about),
    }
