"""The report of an export: a table on the screen, JSON and a page of Markdown beside the file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.table import Table

from export.verify import Check, RuntimeCheck
from export.whole import write_whole
from realtime import __version__
from realtime.bench_machine import load_average, machine
from realtime.console import plain_console

COLUMNS = (
    "target",
    "runtime",
    "worst frame",
    "max",
    "mean",
    "PSNR dB",
    "correlation",
    "not finite",
    "ms",
    "KB",
)

_TABLE_WIDTH = 120


def rows(check: Check) -> list[tuple[str, ...]]:
    """Return a line of the table for each runtime: what is furthest off in it; one line if none ran it."""
    about, kilobytes = f"{check.target} {check.precision}", f"{check.size_bytes / 1000:.0f}"
    not_run = [(about, "not run here", *[""] * 7, kilobytes)] if check.not_run else []
    ran = [(about, *_worst(runtime), f"{runtime.ms:.1f}", kilobytes) for runtime in check.runtimes]
    return [*not_run, *ran]


def write_report(check: Check) -> list[Path]:
    """Write FILE.json and FILE.md beside an exported file, and FILE.worst.png if it is over a limit.

    Returns:
        What was written.
    Raises:
        ExportError: if it cannot be written.
    """
    beside = [check.file.with_name(f"{check.file.name}{suffix}") for suffix in (".json", ".md")]
    for path, text in zip(beside, (json.dumps(to_plain(check), indent=1), to_markdown(check)), strict=True):
        write_whole(path, f"{text}\n".encode())
    bad = [runtime for runtime in check.runtimes if runtime.faults]
    if bad:
        picture = check.file.with_name(f"{check.file.name}.worst.png")
        write_whole(picture, _side_by_side(min(bad, key=lambda runtime: runtime.worst.parity.psnr_db)))
        beside.append(picture)
    return beside


def to_plain(check: Check) -> dict[str, Any]:
    """Return plain JSON values: everything that was measured."""
    return {
        "livebrush_version": __version__,
        "machine": machine(load_average()),
        "target": check.target,
        "precision": check.precision,
        "file": check.file.name,
        "size_bytes": check.size_bytes,
        "not_run": check.not_run,
        "inspected": list(check.inspected),
        "notes": list(check.notes),
        "faults": check.faults,
        "runtimes": [
            {
                "runtime": runtime.runtime,
                "precision": runtime.precision,
                "ms": runtime.ms,
                "timed_wh": list(runtime.timed_wh),
                "frames": [asdict(frame) for frame in runtime.frames],
            }
            for runtime in check.runtimes
        ],
    }


def to_markdown(check: Check) -> str:
    """Return one page for people."""
    lines = [
        f"# {check.file.name}: {check.target}, {check.precision}",
        "",
        f"{check.size_bytes / 1000:.0f} KB.",
    ]
    lines[-1] += " Compared with the network in fp32, in grey levels of 255." if check.runtimes else ""
    lines += [f"\nIt was {check.not_run}. What was found without running it:"] if check.not_run else []
    lines += ["", *[f"- {line}" for line in (*check.inspected, *check.notes)]]
    lines += ["", "**Over the limit:**", *[f"- {fault}" for fault in check.faults]] if check.faults else []
    for runtime in check.runtimes:
        timed = f"{runtime.ms:.1f} ms at {'x'.join(map(str, runtime.timed_wh))}"
        lines += ["", f"## {runtime.runtime}, {runtime.precision}: {timed}", ""]
        lines += markdown_table(
            ("frame", "size", "max", "mean", "PSNR dB", "correlation", "not finite"),
            [
                (
                    frame.frame,
                    "{}x{}".format(*frame.size_wh),
                    str(frame.max_difference),
                    f"{frame.mean_difference:.3f}",
                    f"{frame.psnr_db:.1f}",
                    _correlation(frame.correlation),
                    str(frame.non_finite),
                )
                for frame in runtime.frames
            ],
        )
    return "\n".join(lines)


def markdown_table(head: Iterable[str], body: Iterable[Iterable[str]]) -> list[str]:
    """Return the lines of a table, its head first."""
    lines = [list(head), *map(list, body)]
    lines.insert(1, ["---"] * len(lines[0]))
    return [f"| {' | '.join(cells)} |" for cells in lines]


def print_checks(checks: Sequence[Check], *, title: str) -> None:
    """Print what was found of several files; which file a line is of, where they are of several networks."""
    names = [check.file.name.partition(".")[0].removesuffix(f"_{check.precision}") for check in checks]
    if len(set(names)) == 1:
        print_table(COLUMNS, [row for check in checks for row in rows(check)], title=title)
        return
    body = [(name, *row) for name, check in zip(names, checks, strict=True) for row in rows(check)]
    print_table(("of", *COLUMNS), body, title=title, width=_TABLE_WIDTH + max(map(len, names)) + 3)


def print_table(
    head: Iterable[str], body: Iterable[Iterable[str]], *, title: str, width: int = _TABLE_WIDTH
) -> None:
    """Print a table on the screen, as wide as its figures are."""
    console = plain_console()
    table = Table(*head, title=title)
    for row in body:
        table.add_row(*row)
    # On a page of 80 letters, a file or a pipe, the figures would be cut off.
    console.width = max(console.width, width)
    console.print(table)


def _worst(runtime: RuntimeCheck) -> tuple[str, ...]:
    worst = runtime.worst.parity
    return (
        f"{runtime.runtime} {runtime.precision}",
        worst.frame,
        str(worst.max_difference),
        f"{worst.mean_difference:.3f}",
        f"{worst.psnr_db:.1f}",
        _correlation(worst.correlation),
        str(worst.non_finite),
    )


def _correlation(value: float | None) -> str:
    return "flat" if value is None else f"{value:.4f}"


def _side_by_side(runtime: RuntimeCheck) -> bytes:
    """Return a PNG: the frame, the network's painting, the file's painting, and four times the difference."""
    worst = runtime.worst
    difference = cv2.absdiff(worst.expected, worst.found).astype(np.int32) * 4
    pictures = [worst.frame, worst.expected, worst.found, np.clip(difference, 0, 255).astype(np.uint8)]
    return bytes(cv2.imencode(".png", np.concatenate(pictures, axis=1))[1].tobytes())
