"""What a runtime says about each operator of a network: the same form for every engine.

`realtime.profile_onnxruntime` and `realtime.profile_openvino` fill it in.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from realtime.engine import EngineInfo

TraceEvent = dict[str, Any]


@dataclass(frozen=True)
class Operator:
    """One operator of the network as the runtime runs it, after all fusing.

    Args:
        name: unique in the network.
        type: such as "Conv", in the runtime's words.
        kernel: which implementation ran, in the runtime's words.
        shape: of its first output; None where the runtime does not say.
        ms: milliseconds, one value for each run; at least one.
    """

    name: str
    type: str
    kernel: str
    shape: tuple[int, ...] | None
    ms: tuple[float, ...]

    @property
    def median_ms(self) -> float:
        """The median over the runs."""
        return statistics.median(self.ms)


@dataclass(frozen=True)
class Profile:
    """A network's operators, and every run of them.

    Args:
        engine: what ran.
        operators: in the order in which they run.
        picture_ms: of the whole network, one value for each run.
        trace: complete events ("ph": "X") in the Trace Event Format, times in microseconds from the
            beginning of the first run.
        note: what has to be known to read the times; may be empty.
    """

    engine: EngineInfo
    operators: tuple[Operator, ...]
    picture_ms: tuple[float, ...]
    trace: tuple[TraceEvent, ...]
    note: str = ""


def operator_rows(operators: Sequence[Operator]) -> list[dict[str, Any]]:
    """Return one row for each operator, plain JSON values.

    `place` in the order of running, `name`, `type`, `kernel`, `shape`, `ms` (the median over runs, which
    another program does not change unless it disturbs half of them), `least_ms` (of the quickest run)
    and `share` (of the sum of all medians).
    """
    total_ms = sum(operator.median_ms for operator in operators)
    return [
        {
            "place": place,
            "name": operator.name,
            "type": operator.type,
            "kernel": operator.kernel,
            "shape": None if operator.shape is None else list(operator.shape),
            "ms": round(operator.median_ms, 4),
            "least_ms": round(min(operator.ms), 4),
            "share": round(operator.median_ms / total_ms, 4) if total_ms else 0.0,
        }
        for place, operator in enumerate(operators)
    ]


def type_rows(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the sums over each type of operator, the longest first: `type`, `count`, `ms`, `share`."""
    sums: dict[str, dict[str, Any]] = {}
    for row in rows:
        entry = sums.setdefault(row["type"], {"type": row["type"], "count": 0, "ms": 0.0, "share": 0.0})
        entry["count"] += 1
        entry["ms"] = round(entry["ms"] + row["ms"], 4)
        entry["share"] = round(entry["share"] + row["share"], 4)
    return sorted(sums.values(), key=lambda entry: -float(entry["ms"]))


def trace_file(title: str, events: Sequence[TraceEvent]) -> dict[str, Any]:
    """Return what chrome://tracing and Perfetto open (Trace Event Format, JSON object form)."""
    processes = sorted({event["pid"] for event in events})
    names = [{"ph": "M", "name": "process_name", "pid": pid, "args": {"name": title}} for pid in processes]
    return {"traceEvents": [*names, *events], "displayTimeUnit": "ms"}
