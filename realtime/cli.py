"""`python -m realtime`: the runtime's commands beside the camera."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from realtime.console import run_command, say

if TYPE_CHECKING:
    from rich.table import Table

    from realtime.catalog import Catalogue, StyleEntry

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

_Debug = Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")]
_Engine = Annotated[str, typer.Option(help="auto (the fastest installed), onnxruntime or openvino.")]
_Precision = Annotated[str, typer.Option(help="auto, fp32, bf16, fp16 or int8.")]
_Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
_Threads = Annotated[
    Optional[int],  # noqa: UP045 - Typer reads the types when it runs
    typer.Option(metavar="N", help="For the network; without it one for each core."),
]


@app.callback()
def realtime() -> None:
    """Run styles on cameras and videos. The camera itself: python run_camera.py --help."""


@app.command()
def styles(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    sheet: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE.png", help="Write one picture that shows every style."),
    ] = None,
    debug: _Debug = False,
) -> int:
    """List the styles that ship and your own.

    Example: python -m realtime styles --sheet styles.png
    """
    from realtime.catalog import read_catalogue, user_dir

    catalogue = read_catalogue()
    if sheet is not None:
        from realtime.style_sheet import write_style_sheet

        write_style_sheet(sheet, catalogue.styles)
    if as_json:
        say(json.dumps(_to_plain(catalogue), indent=2))
        return 0
    from rich.console import Console

    Console().print(_table(catalogue.styles))
    for problem in catalogue.problems:
        say(f"left out: {problem}")
    say(f"your own styles: {user_dir()}" + (f"; sheet: {sheet}" if sheet else ""))
    return 0


@app.command()
def bench(
    style: Annotated[str, typer.Option(metavar="NAME|FILE.onnx", help="What paints.")] = "starry_night",
    size: Annotated[
        str, typer.Option(metavar="WIDTHxHEIGHT", help="Of the camera and the network.")
    ] = "640x360",
    engine: _Engine = "auto",
    precision: _Precision = "auto",
    device: _Device = "auto",
    threads: _Threads = None,
    frames: Annotated[int, typer.Option(metavar="N", help="Frames per round.")] = 40,
    rounds: Annotated[int, typer.Option(metavar="N", help="Rounds of network, loop and matrix product.")] = 6,
    json_file: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--json", metavar="FILE", help="Write the result as JSON too."),
    ] = None,
    debug: _Debug = False,
) -> int:
    """Measure a style on this machine: the network alone and the whole loop, after a warm-up.

    Example: python -m realtime bench --style starry_night --size 640x360 --engine openvino
    """
    from realtime.bench import BenchOptions, bench_table, run_bench
    from realtime.camera_config import check_place, parse_size, write_json
    from realtime.engine import EngineOptions

    size_wh = parse_size("--size", size)
    assert size_wh is not None  # only without a text
    options = BenchOptions(style, size_wh, EngineOptions(engine, precision, device, threads), rounds, frames)
    if json_file is not None:
        check_place("--json", json_file)
    result = run_bench(options)
    from rich.console import Console

    Console().print(bench_table(result))
    if json_file is not None:
        write_json("--json", json_file, result)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: see `realtime.console`."""
    return run_command(app, arguments, program="python -m realtime")


def _table(entries: Sequence[StyleEntry]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Column, Table

    # A name is there to be typed: whatever else is folded, it is not.
    widest = max((len(entry.name) for entry in entries), default=0)
    table = Table(Column("name", no_wrap=True, min_width=widest), box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("painting")
    for heading in ("preset", "size", "from"):
        table.add_column(heading, no_wrap=True)
    for entry in entries:
        contract = entry.contract
        kilobytes = f"{entry.path.stat().st_size / 1000:.0f} KB"
        origin = "livebrush" if entry.shipped else "you"
        painting = f"{contract.title}, {contract.artist}, {contract.year}"
        table.add_row(entry.name, painting, contract.preset, kilobytes, origin)
    return table


def _to_plain(catalogue: Catalogue) -> dict[str, Any]:
    return {
        "styles": [
            {
                "name": entry.name,
                "path": str(entry.path),
                "shipped": entry.shipped,
                "contract": json.loads(entry.contract.to_json()),
            }
            for entry in catalogue.styles
        ],
        "problems": list(catalogue.problems),
    }
