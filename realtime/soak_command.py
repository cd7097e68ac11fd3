"""`python -m realtime soak`: does a show of an evening leak, slow down, or end?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from realtime import command_options as given
from realtime.console import plain_console

if TYPE_CHECKING:
    from realtime.soak_measure import Finding, Record


def soak(
    minutes: Annotated[float, typer.Option(help="How long.")] = 60.0,
    size: Annotated[str, typer.Option(metavar="WIDTHxHEIGHT", help="Of the camera's pictures.")] = "640x360",
    fps: Annotated[float, typer.Option(help="Of the camera.")] = 30.0,
    seed: Annotated[int, typer.Option(help="Decides what happens when.")] = 0,
    no_faults: Annotated[
        bool, typer.Option("--no-faults", help="Styles, mask and recordings, but nothing that fails.")
    ] = False,
    engine: given.EngineName = "auto",
    precision: given.Precision = "auto",
    device: given.Device = "auto",
    threads: given.Threads = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    debug: given.Debug = False,
) -> int:
    """Run a show for a long time, with everything that an evening does to it, and see what grows.

    A camera of JPEGs is unplugged, stalls, goes black and changes its size; engines and disks fail; styles,
    mask and recordings come and go. Compared are the time after the warm-up and the end: memory (2%), threads
    and open files (none), the latency's 99th percentile (10%). The exit code is 1 if any grew by more, or if
    anything ended the show.

    Examples:

        python -m realtime soak --minutes 60

        python -m realtime soak --minutes 10 --seed 3 --json
    """
    import sys
    import threading

    from realtime.bench_machine import load_average, machine
    from realtime.camera_config import parse_size
    from realtime.console import say, stop_on_signals
    from realtime.engine import EngineOptions
    from realtime.soak import SoakConfig, run_soak
    from realtime.soak_measure import Record, judge

    size_wh = parse_size("--size", size)
    assert size_wh is not None  # of a text it never is
    options = EngineOptions(engine, precision, device, threads)
    config = SoakConfig(minutes, size_wh, fps, seed, not no_faults, options)
    record, stop, load_before = Record(), threading.Event(), load_average()

    def every_minute(record: Record) -> None:
        if not as_json:
            say(_minute_line(record))

    with stop_on_signals(stop):
        result = run_soak(config, record, stop=stop, every_minute=every_minute)
    if result["ended_by"] is not None:
        print(f"error: the show ended: {' '.join(result['ended_by'].split())}", file=sys.stderr)
    facts, findings = machine(load_before), judge(record)
    passed = all(finding.passed for finding in findings) and result["ended_by"] is None
    if as_json:
        _print_json(
            {**result, "findings": [f.to_json() for f in findings], "passed": passed, "machine": facts}
        )
    else:
        _print_table(result, findings, facts)
    return 0 if passed else 1


def _minute_line(record: Record) -> str:
    """Return what the last minute was like."""
    import numpy as np

    now = record.samples[-1]
    at_s, ms = np.asarray(record.latency_at_s), np.asarray(record.latency_ms)
    last = ms[at_s > now.at_s - 60]
    p50, p99 = np.percentile(last, (50, 99))
    return (
        f"minute {now.at_s / 60:.0f}: {len(last) / 60:.1f} fps, latency p50 {p50:.0f} ms, p99 {p99:.0f} ms, "
        f"{now.memory_mb:.0f} MB, {now.threads} threads, {now.files} files"
    )


def _print_json(values: dict[str, Any]) -> None:
    import json

    print(json.dumps(values, indent=2))


def _print_table(result: dict[str, Any], findings: list[Finding], facts: dict[str, Any]) -> None:
    from rich.table import Table

    from realtime.bench_machine import busy_note

    frames = result["frames"]
    table = Table(
        title=f"{frames['shown']} frames, {result['fps']:g} fps; {sum(result['events'].values())} events",
        caption=f"{facts['processor']}, {facts['usable_cores']} cores{busy_note(facts)}",
    )
    for column in ("", "after the warm-up", "at the end", "growth", "at most", ""):
        table.add_column(column, justify="right" if column else "left")
    for f in findings:
        numbers = (f"{f.first:.1f}", f"{f.last:.1f}", f"{f.growth:+.1%}", f"{f.limit:.1f}")
        table.add_row(f.name, *numbers, "ok" if f.passed else "GREW")
    console = plain_console()
    console.print(table)
    console.print("events: " + ", ".join(f"{count} {name}" for name, count in result["events"].items()))
    console.print("lines: " + ", ".join(f'{count} "{name}..."' for name, count in result["lines"].items()))
