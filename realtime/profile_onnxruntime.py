"""onnxruntime's own profile of a session, read back: its events are a trace already.

A file of onnxruntime is a list of events in the Trace Event Format. Each run is an event "model_run" of
the category "Session"; within its time lie the operators, category "Node", whose names end in
"_kernel_time". Before the first run come the loading and the optimising of the network.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.catalog import StyleEntry
from realtime.engine import EngineOptions
from realtime.errors import EngineError
from realtime.profile_operators import Operator, Profile, TraceEvent
from realtime.timing import Clock

_KERNEL = "_kernel_time"
_CUDA_NOTE = (
    "CUDA waited for every kernel, so that each is counted where it belongs; the picture takes less without"
)


def profile_style(
    style: StyleEntry,
    options: EngineOptions,
    images: Sequence[NDArray[np.uint8]],
    *,
    runs: int,
    warm_up: int,
    clock: Clock,
) -> Profile:
    """Run a style with onnxruntime's profiler on, and return what it wrote of the last `runs` runs.

    Args:
        images: (H, W, 3) uint8 BGR, all of one size, taken in turn.
        runs: that are kept.
        warm_up: runs before them, which are in neither the table nor the trace.
        clock: not used; onnxruntime has its own.
    Raises:
        EngineError: as opening and running does, or if the profile is none.
    """
    from realtime.engine_onnxruntime import OnnxRuntimeEngine

    with tempfile.TemporaryDirectory(prefix="livebrush-profile-") as folder:
        engine = OnnxRuntimeEngine(style.path, style.contract, options, profile_folder=Path(folder))
        with closing(engine):
            for number in range(warm_up + runs):
                engine.infer(images[number % len(images)])
            info, file = engine.info, engine.end_profile()
            events = _read_events(file)
    kept = last_runs(events, runs)
    note = _CUDA_NOTE if info.device == "cuda" else ""
    return Profile(info, tuple(_operators(kept)), _picture_ms(kept), tuple(_trace(kept)), note)


def last_runs(events: Sequence[TraceEvent], runs: int) -> list[list[TraceEvent]]:
    """Return the events of each of the last `runs` runs, in the order of time; its "model_run" is first.

    Raises:
        EngineError: there are fewer.
    """
    spans = sorted((event for event in events if event["name"] == "model_run"), key=_began)[-runs:]
    if len(spans) < runs:
        raise EngineError(f"onnxruntime's profile holds {len(spans)} runs of {runs}; give fewer --frames")
    return [[span, *sorted(_within(span, events), key=_began)] for span in spans]


def _within(span: TraceEvent, events: Sequence[TraceEvent]) -> Iterator[TraceEvent]:
    end = span["ts"] + span["dur"]
    for event in events:
        if event is not span and span["ts"] <= event["ts"] and event["ts"] + event["dur"] <= end:
            yield event


def _operators(runs: Sequence[Sequence[TraceEvent]]) -> Iterator[Operator]:
    times: dict[str, list[float]] = {}
    firsts: dict[str, TraceEvent] = {}
    for events in runs:
        for event in events:
            if event["cat"] == "Node" and event["name"].endswith(_KERNEL):
                # The name alone may be empty or stand twice in a graph; the index never does.
                key = f"{event['args'].get('node_index', '')} {event['name']}"
                times.setdefault(key, []).append(event["dur"] / 1000)
                firsts.setdefault(key, event)
    for key, event in firsts.items():
        arguments = event["args"]
        dtype, shape = _first_output(arguments)
        provider = str(arguments.get("provider", "")).removesuffix("ExecutionProvider")
        yield Operator(
            name=event["name"].removesuffix(_KERNEL),
            type=str(arguments.get("op_name", "?")),
            kernel=f"{provider} {dtype}".strip(),
            shape=shape,
            ms=tuple(times[key]),
        )


def _first_output(arguments: dict[str, Any]) -> tuple[str, tuple[int, ...] | None]:
    """Return dtype and shape of [{"float": [1, 3, 90, 160]}, ...]."""
    for output in arguments.get("output_type_shape", ()):
        for dtype, shape in output.items():
            return str(dtype), tuple(int(side) for side in shape)
    return "", None


def _picture_ms(runs: Sequence[Sequence[TraceEvent]]) -> tuple[float, ...]:
    return tuple(events[0]["dur"] / 1000 for events in runs)


def _trace(runs: Sequence[Sequence[TraceEvent]]) -> Iterator[TraceEvent]:
    start = runs[0][0]["ts"]
    for events in runs:
        for event in events:
            yield event | {"ts": event["ts"] - start, "name": event["name"].removesuffix(_KERNEL)}


def _began(event: TraceEvent) -> tuple[int, int]:
    return event["ts"], -event["dur"]  # of two that begin together the one around comes first


def _read_events(file: Path) -> list[TraceEvent]:
    try:
        events = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(f"onnxruntime wrote no profile that can be read ({error}); update it") from error
    return [event for event in events if event.get("ph") == "X"]


@contextmanager
def kernels_wait(device: str) -> Iterator[None]:
    """Let CUDA finish each kernel before the next one starts, if it is first used within the body.

    onnxruntime's time of an operator ends when its kernel was handed over, not when it was done. CUDA
    reads its environment once, so this goes around the first look for a GPU too.
    """
    name = "CUDA_LAUNCH_BLOCKING"
    if device == "cpu" or name in os.environ:
        yield
        return
    os.environ[name] = "1"
    try:
        yield
    finally:
        del os.environ[name]
