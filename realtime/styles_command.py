"""`python -m realtime styles`: what there is, and what pictures become."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from realtime.console import plain_console, say

if TYPE_CHECKING:
    from rich.table import Table

    from realtime.catalog import Catalogue, StyleEntry

app = typer.Typer(add_completion=False, rich_markup_mode=None, invoke_without_command=True)

_Debug = Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")]
_Style = "a picture, random:SEED, a style that can be mixed, or a mix such as a.jpg:0.6,b.jpg:0.4"


@app.callback()
def styles(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    sheet: Annotated[
        Optional[Path],  # noqa: UP045 - Typer reads the types when it runs
        typer.Option(metavar="FILE.png", help="Write one picture that shows every style."),
    ] = None,
    texture: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="STYLE", help="Write what a style makes of noise, to --output."),
    ] = None,
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", metavar="FILE.png", help="Where the texture goes. [STYLE.png]"),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the texture's noise.")] = 0,
    debug: _Debug = False,
) -> int:
    """List the styles that ship and your own; add and remove your own.

    Examples:

        python -m realtime styles --sheet styles.png

        python -m realtime styles --texture starry_night -o strokes.png

        python -m realtime styles add picture.jpg --name my_style
    """
    if context.invoked_subcommand is not None:
        return 0
    if texture is not None:
        return _write_texture(texture, output, seed)
    from realtime.catalog import read_catalogue, user_dir

    catalogue = read_catalogue()
    if sheet is not None:
        from realtime.style_sheet import write_style_sheet

        write_style_sheet(sheet, catalogue.styles)
    if as_json:
        say(json.dumps(_to_plain(catalogue), indent=2))
        return 0
    plain_console().print(_table(catalogue.styles))
    for problem in catalogue.problems:
        say(f"left out: {problem}")
    say(f"your own styles: {user_dir()}" + (f"; sheet: {sheet}" if sheet else ""))
    return 0


@app.command()
def add(
    picture: Annotated[str, typer.Argument(metavar="PICTURE", help=f"What becomes a style: {_Style}.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="What the style is called from now on.")],
    title: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="TEXT", help="Of the picture. [the name]"),
    ] = None,
    artist: Annotated[str, typer.Option(metavar="TEXT", help="Who painted it.")] = "",
    year: Annotated[str, typer.Option(metavar="TEXT", help="When, such as 1889 or c. 1831.")] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Take the place of one of yours.")] = False,
    debug: _Debug = False,
) -> int:
    """Keep a picture as a style of your own.

    Example: python -m realtime styles add irises.jpg --name irises --artist "Vincent van Gogh" --year 1889
    """
    from realtime.own_styles import add_style
    from realtime.style_maker import Credits

    credits = Credits(name, title if title is not None else name.replace("_", " "), artist, year)
    style = add_style(picture, credits, overwrite=overwrite)
    kilobytes = style.path.stat().st_size / 1000
    say(f"{style.path}, {kilobytes:.0f} KB; use it with: python run_camera.py --style {name}")
    return 0


@app.command()
def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of a style of your own.")],
    debug: _Debug = False,
) -> int:
    """Delete a style of your own.

    Example: python -m realtime styles remove irises
    """
    from realtime.own_styles import remove_style

    for path in remove_style(name):
        say(f"removed {path}")
    return 0


@app.command()
def walk(
    first: Annotated[str, typer.Argument(metavar="STYLE", help=f"{_Style[0].upper()}{_Style[1:]}.")],
    last: Annotated[str, typer.Argument(metavar="STYLE", help="The other end, likewise.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.png", help="The sheet.")],
    picture: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="What is painted. [the demo scene]"),
    ] = None,
    steps: Annotated[int, typer.Option(metavar="N", help="How many styles, both ends included.")] = 5,
    debug: _Debug = False,
) -> int:
    """Draw a sheet of the styles on the line between two.

    Example: python -m realtime styles walk fire.jpg ice.jpg -o walk.png
    """
    from realtime.picture_header import read_bytes
    from realtime.style_picture import decode_style_picture
    from realtime.style_sheet import CELL_WH, check_png, write_style_sheet
    from realtime.style_walk import walk_styles

    check_png(output)
    painted = None
    if picture is not None:
        painted = decode_style_picture(read_bytes(picture), picture.name, short_side=CELL_WH[1])
    write_style_sheet(output, walk_styles(first, last, steps), picture_bgr=painted)
    say(f"{output}: {steps} styles from {first} to {last}")
    return 0


def _write_texture(text: str, output: Path | None, seed: int) -> int:
    from realtime.catalog import find_style
    from realtime.style_sheet import check_png, write_png
    from realtime.style_texture import draw_texture

    style = find_style(text)
    path = Path(f"{style.name}.png") if output is None else output
    check_png(path)
    write_png(path, draw_texture(style, seed=seed))
    say(f"{path}: what {style.name} makes of noise")
    return 0


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
        painting = ", ".join(known for known in (contract.title, contract.painted_by) if known)
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
