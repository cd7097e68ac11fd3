"""The command `python -m export benchmark`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from export.errors import ExportError
from export.targets import TARGETS, ExportOptions, check_options, parse_targets, require_packages

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def benchmark(
    source: Annotated[str, typer.Argument(help="NAME.pt, a style, or a picture, as for python -m export.")],
    targets: Annotated[
        str,
        typer.Option(
            metavar="TARGET[:PRECISION][,...]", help="What to compare. [all that run here, each precision]"
        ),
    ] = "",
    rounds: Annotated[int, typer.Option(min=1, help="Turns that each takes at each size.")] = 8,
    frames: Annotated[int, typer.Option(min=2, help="Paintings in a turn.")] = 5,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="A folder for the report, benchmark.json and benchmark.md.")
    ] = Path("."),
    debug: Annotated[bool, typer.Option(help="Show tracebacks.")] = False,
) -> None:
    """Export a style to every target that runs here, check it, and time all of them in turns.

    Examples:

        python -m export benchmark starry_night

        python -m export benchmark starry_night --targets openvino:fp32,openvino:int8 -o measured
    """
    from export.benchmark import COLUMNS, SIZES_WH, Exported, time_files
    from export.report import markdown_table, print_table
    from export.source import load_source
    from export.verify import check_file
    from export.whole import write_whole
    from realtime.bench_machine import load_average, machine

    asked = _parse(targets)
    require_packages([name for name, _ in asked])
    out.mkdir(parents=True, exist_ok=True)
    load_before, network = load_average(), load_source(source)
    timings = []
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, options in asked:
            file = Path(folder) / f"{network.name}_{options.precision}{TARGETS[name].suffix}"
            TARGETS[name].write(network, file, options)
            check = check_file(network.network, name, file, options)
            worst_db = min(runtime.worst.parity.psnr_db for runtime in check.runtimes)
            files.append(Exported(name, file, options, check.size_bytes, worst_db))
            typer.echo(f"{name} {options.precision}: {'; '.join(check.faults) or 'within its limits'}")
        for size_wh in SIZES_WH:
            timings += time_files(files, size_wh, rounds=rounds, frames=frames)
    rows = [timing.row() for timing in timings]
    print_table(COLUMNS, rows, title=f"{network.name}, taking turns")
    about = {"style": network.name, "machine": machine(load_before), "rounds": rounds, "frames": frames}
    plain = about | {"timings": [timing.to_plain() for timing in timings]}
    write_whole(out / "benchmark.json", f"{json.dumps(plain, indent=1)}\n".encode())
    page = [f"# {network.name}, taking turns on {about['machine']['processor']}", ""]  # type: ignore[index]
    write_whole(out / "benchmark.md", "\n".join([*page, *markdown_table(COLUMNS, rows), ""]).encode())


def _parse(text: str) -> list[tuple[str, ExportOptions]]:
    """Return targets and what each is asked for.

    Raises:
        ExportError: for what is no target, does not run here, or lacks the precision.
    """
    from export.benchmark import runs_here

    if not text:
        here = [name for name in TARGETS if runs_here(name)]
        text = ",".join(f"{name}:{precision}" for name in here for precision in TARGETS[name].precisions)
    asked = []
    for part in text.split(","):
        name, _, precision = part.strip().partition(":")
        parse_targets(name)
        if not TARGETS[name].painters or TARGETS[name].sizes != "any":
            raise ExportError(f"--targets: {name} does not run on this machine at several sizes")
        asked.append((name, check_options(name, ExportOptions(precision), is_dynamic=False)))
    return asked
