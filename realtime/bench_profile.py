"""Where a network's time goes: a table of its operators, and a trace of every run.

Each runtime measures itself: `realtime.profile_onnxruntime`, `realtime.profile_openvino`. Measuring costs
time too, so a picture takes a little longer here than in `realtime.bench`.
"""

from __future__ import annotations

import csv
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from realtime import __version__, profile_onnxruntime, profile_openvino
from realtime.bench_contender import Contender
from realtime.bench_load import demo_scene
from realtime.bench_machine import busy_note, describe_engine, engine_facts, load_average, machine
from realtime.catalog import StyleEntry
from realtime.engine import ENGINES, EngineOptions, choose_engine, is_installed
from realtime.errors import EngineError, MissingExtraError, OptionError, SinkError
from realtime.profile_operators import Profile, operator_rows, trace_file, type_rows
from realtime.timing import Clock

if TYPE_CHECKING:
    from rich.table import Table

ORDERS = ("time", "graph")
WARM_UP = 3
# In the terminal, what takes less than this share of the time stands in one line; in the file it does not.
SMALL_SHARE = 0.002
_COLUMNS = ("place", "name", "type", "kernel", "shape", "ms", "least_ms", "share")


class Profiler(Protocol):
    """What an engine's profile module offers."""

    def __call__(
        self,
        style: StyleEntry,
        options: EngineOptions,
        images: Sequence[NDArray[np.uint8]],
        *,
        runs: int,
        warm_up: int,
        clock: Clock,
    ) -> Profile:
        """Run a style and return what its runtime says about each operator."""


PROFILERS: dict[str, Profiler] = {
    "onnxruntime": profile_onnxruntime.profile_style,
    "openvino": profile_openvino.profile_style,
}


@dataclass(frozen=True)
class ProfileOptions:
    """What to profile.

    Args:
        contender: style and engine.
        folder: for the table and the trace; made if it is not there.
        size_wh: of what the network sees.
        runs: that are measured, after a warm-up.
        order: "time" for the longest operator first, "graph" as they run.
    Raises:
        OptionError: fewer than one run, or another order.
    """

    contender: Contender
    folder: Path
    size_wh: tuple[int, int] = (640, 360)
    runs: int = 20
    order: str = "time"

    def __post_init__(self) -> None:
        if self.runs < 1:
            raise OptionError(f"frames must be at least 1, got {self.runs}")
        if self.order not in ORDERS:
            raise OptionError(f"--sort must be one of {', '.join(ORDERS)}; got {self.order!r}")


def run_profile(options: ProfileOptions, clock: Clock = time.perf_counter) -> dict[str, Any]:
    """Profile, write the table and the trace, and return plain JSON values.

    `operators` has a row for each operator (see `operator_rows`), `types` the
    sums of each type, `operators_ms` the sum of all, `picture_ms` and `picture_min_ms` what the whole
    network took while it was measured (median and least of the runs), `files` where table and trace are.

    Raises:
        LivebrushError: as opening and running the style does, or if the files cannot be written.
    """
    contender = options.contender
    contender.style.contract.check_size(options.size_wh)
    load_before = load_average()
    _make_folder(options.folder)
    with profile_onnxruntime.kernels_wait(contender.engine.device):
        profiler = _choose_profiler(contender.engine, contender.style.path)
        with demo_scene(options.size_wh) as scene:
            profile = profiler(
                contender.style,
                contender.engine,
                scene.images,
                runs=options.runs,
                warm_up=WARM_UP,
                clock=clock,
            )
    result = _result(options, profile) | {"machine": machine(load_before)}
    result["files"] = _write_files(options, profile, result)
    return result


def _choose_profiler(options: EngineOptions, path: Path) -> Profiler:
    name = choose_engine(options, path)
    if name not in PROFILERS:
        raise EngineError(f"{name} cannot be profiled; use --engine {' or '.join(sorted(PROFILERS))}")
    if not is_installed(ENGINES[name].package):
        raise MissingExtraError(ENGINES[name].package, ENGINES[name].extra)
    return PROFILERS[name]


def _result(options: ProfileOptions, profile: Profile) -> dict[str, Any]:
    rows = operator_rows(profile.operators)
    types = type_rows(rows)
    if options.order == "time":
        rows.sort(key=lambda row: -float(row["ms"]))
    return {
        "livebrush": __version__,
        "style": options.contender.style.name,
        "size": f"{options.size_wh[0]}x{options.size_wh[1]}",
        "engine": engine_facts(profile.engine),
        "runs": options.runs,
        "picture_ms": round(statistics.median(profile.picture_ms), 4),
        "picture_min_ms": round(min(profile.picture_ms), 4),
        "operators_ms": round(sum(row["ms"] for row in rows), 4),
        "operators": rows,
        "types": types,
        "note": profile.note,
    }


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SinkError(
            f"--profile {folder} cannot be made a folder: {error.strerror or error}; name another"
        ) from error


def _write_files(options: ProfileOptions, profile: Profile, result: dict[str, Any]) -> dict[str, str]:
    engine = result["engine"]
    title = f"{result['style']}-{engine['name']}-{engine['precision']}-{result['size']}"
    table, trace = (options.folder / f"{title}{suffix}" for suffix in (".csv", ".trace.json"))
    try:
        trace.write_text(json.dumps(trace_file(title, profile.trace)), encoding="utf-8")
        with table.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, _COLUMNS)
            writer.writeheader()
            writer.writerows(row | {"shape": _shape_text(row["shape"])} for row in result["operators"])
    except OSError as error:
        raise SinkError(f"--profile {options.folder} cannot be written: {error.strerror or error}") from error
    return {"table": str(table), "trace": str(trace)}


def profile_tables(result: dict[str, Any]) -> list[Table]:
    """Return the result of `run_profile` as tables for the terminal: operators, and sums of each type."""
    return [_operator_table(result), _type_table(result)]


def _operator_table(result: dict[str, Any]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    title = f"{result['style']} at {result['size']}: {describe_engine(result['engine'])}"
    table = Table(title=title, caption=_caption(result), box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("operator")  # the only one that may be cut; the file has the whole name
    for heading in ("type", "kernel"):
        table.add_column(heading, no_wrap=True)
    for heading in ("output", "ms", "share"):
        table.add_column(heading, justify="right", no_wrap=True)
    small = [row for row in result["operators"] if row["share"] < SMALL_SHARE]
    for row in result["operators"]:
        if row["share"] >= SMALL_SHARE:
            name = Text(row["name"], no_wrap=True, overflow="ellipsis")
            words = (Text(row["type"]), Text(row["kernel"]))
            table.add_row(name, *words, _shape_text(row["shape"]), f"{row['ms']:.3f}", f"{row['share']:.1%}")
    if small:
        ms, share = sum(row["ms"] for row in small), sum(row["share"] for row in small)
        table.add_section()
        table.add_row(f"{len(small)} smaller", "", "", "", f"{ms:.3f}", f"{share:.1%}")
    return table


def _type_table(result: dict[str, Any]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table("type", title="by type", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("operators", "ms", "share"):
        table.add_column(heading, justify="right")
    for row in result["types"]:
        table.add_row(Text(row["type"]), str(row["count"]), f"{row['ms']:.3f}", f"{row['share']:.1%}")
    return table


def _caption(result: dict[str, Any]) -> str:
    text = (
        f"medians of {result['runs']} runs: the operators take {result['operators_ms']:.2f} ms, a picture "
        f"{result['picture_ms']:.2f} ms ({result['picture_min_ms']:.2f} ms the quickest), measuring included"
        f"{busy_note(result['machine'])}"
    )
    return f"{text}. {result['note']}" if result["note"] else text


def _shape_text(shape: Sequence[int] | None) -> str:
    return "" if shape is None else "x".join(map(str, shape))
