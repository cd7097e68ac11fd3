"""The command `python -m export benchmark`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from export.errors import ExportError
from export.targets import TARGETS, ExportOptions, check_options, parse_targets, require_packages

if TYPE_CHECKING:
    from export.benchmark import Exported
    from export.source import Source

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
    from export.benchmark import COLUMNS, SIZES_WH, time_files
    from export.report import markdown_table, print_table
    from export.source import load_source
    from export.whole import write_whole
    from realtime.bench_machine import load_average, machine
    from realtime.progress import measuring

    asked = _parse(targets)
    require_packages([name for name, _ in asked])
    out.mkdir(parents=True, exist_ok=True)
    load_before, network = load_average(), load_source(source)
    timings = []
    with tempfile.TemporaryDirectory() as folder:
        files = [made for name, options in asked for made in _export(network, name, options, Path(folder))]
        for size_wh in SIZES_WH:
            with measuring("{}x{}".format(*size_wh)) as watch:
                timings += time_files(files, size_wh, rounds=rounds, frames=frames, watch=watch)
    rows = [timing.row() for timing in timings]
    print_table(COLUMNS, rows, title=f"{network.name}, taking turns")
    about = {"style": network.name, "machine": machine(load_before), "rounds": rounds, "frames": frames}
    plain = about | {"timings": [timing.to_plain() for timing in timings]}
    write_whole(out / "benchmark.json", f"{json.dumps(plain, indent=1)}\n".encode())
    page = [f"# {network.name}, taking turns on {about['machine']['processor']}", ""]  # type: ignore[index]
    write_whole(out / "benchmark.md", "\n".join([*page, *markdown_table(COLUMNS, rows), ""]).encode())


def _export(network: Source, name: str, options: ExportOptions, folder: Path) -> Iterator[Exported]:
    """Write a target for every size, check it, say how that went, and yield what is to be timed."""
    from export.benchmark import SIZES_WH, Exported
    from export.verify import check_file

    for size_wh in SIZES_WH if TARGETS[name].sizes == "one" else (None,):
        one = replace(options, size_wh=size_wh)
        about = "" if size_wh is None else f" {size_wh[0]}x{size_wh[1]}"
        file = _file_in(folder, f"{network.name}_{one.precision}{about.replace(' ', '_')}", name)
        TARGETS[name].write(network, file, one)
        check = check_file(network.network, name, file, one)
        typer.echo(f"{name} {one.precision}{about}: {'; '.join(check.faults) or 'within its limits'}")
        worst_db = min(runtime.worst.parity.psnr_db for runtime in check.runtimes)
        yield Exported(name, file, one, check.size_bytes, worst_db)


def _file_in(folder: Path, stem: str, name: str) -> Path:
    """Return the file of a target; one with a name of its own gets a folder of its own."""
    target = TARGETS[name]
    if not target.file_name:
        return folder / f"{stem}{target.suffix}"
    (folder / stem).mkdir()
    return folder / stem / target.file_name


def _parse(text: str) -> list[tuple[str, ExportOptions]]:
    """Return targets and what each is asked for; say which are left out, and why.

    Raises:
        ExportError: for what is no target, does not run here, or lacks the precision.
    """
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    asked = []
    for part in text.split(",") if text else _all_here(device):
        name, _, precision = part.strip().partition(":")
        parse_targets(name)
        if why_not := TARGETS[name].why_not_here():
            raise ExportError(f"--targets: {name} does not run here: {why_not}")
        options = ExportOptions(precision, device=device)
        # What is made for one size is made for each of those that are timed.
        asked.append((name, replace(check_options(name, options, is_dynamic=False), size_wh=None)))
    return asked


def _all_here(device: str) -> Iterator[str]:
    for name, target in TARGETS.items():
        if why_not := target.why_not_here():
            typer.echo(f"{name} is left out: {why_not}")
            continue
        # Half precision on a processor is what a package for a card would be tried with, and is no faster.
        precisions = ("fp32",) if (name, device) == ("aoti", "cpu") else target.precisions
        yield from (f"{name}:{precision}" for precision in precisions)
