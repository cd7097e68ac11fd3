"""`python -m realtime`: the runtime's commands beside the camera."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from realtime.bench_command import bench
from realtime.console import run_command, say

if TYPE_CHECKING:
    from rich.table import Table

    from realtime.catalog import Catalogue, StyleEntry

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

_Debug = Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")]


@app.callback()
def realtime() -> None:
    """Run styles on cameras and videos. The camera itself: python run_camera.py --help."""


@app.command()
def styles(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    sheet: Annotated[
        Optional[Path],  # noqa: UP045 - Typer reads the types when it runs
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


app.command()(bench)


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
