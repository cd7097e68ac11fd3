"""The command `python -m export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from export.arguments import parse_sources
from export.errors import ExportError
from export.orders import Order, export_one, export_several
from export.outputs import parse_size
from export.targets import TARGETS, ExportOptions, parse_targets

PIXELS, DEVICES = ("uint8", "float32"), ("cpu", "cuda")
_TARGETS_HELP = "; ".join(f"{name}, for {target.runs_on}" for name, target in TARGETS.items())
_PRECISIONS_HELP = "; ".join(f"{name}: {', '.join(target.precisions)}" for name, target in TARGETS.items())

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, help="Turn networks that paint into files that engines run."
)


@app.command()
def export(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE[,SOURCE...]",
            help="What `python -m training` wrote, NAME.pt; a style, by name or NAME.onnx; a picture, "
            "whose style the meta network writes; or `person`. Several with commas; `all` is every painting.",
        ),
    ],
    to: Annotated[str, typer.Option(metavar="TARGET[,TARGET...]", help=f"{_TARGETS_HELP}.")] = "onnx",
    out: Annotated[
        Path, typer.Option("--out", "-o", help="A folder, or the file to write. [this folder]")
    ] = Path("."),
    precision: Annotated[
        str,
        typer.Option(help=f"Statistics of norms stay in fp32. {_PRECISIONS_HELP}. [the first of each]"),
    ] = "",
    size: Annotated[
        str, typer.Option(metavar="HxW|dynamic", help="One height and width, or any. [the target's usual]")
    ] = "",
    pixels: Annotated[
        str, typer.Option(help="onnx: uint8, (1, H, W, 3), BGR, 0..255; float32, (1, 3, H, W), RGB, [0, 1].")
    ] = "uint8",
    device: Annotated[str, typer.Option(help="aoti: what will run it, cuda or cpu, here.")] = "cuda",
    picture: Annotated[
        Path | None,
        typer.Option(help="The style's own picture: its numbers by the meta network let the style be mixed."),
    ] = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify/--no-verify", help="Compare with the network in the runtimes installed; write a report."
        ),
    ] = True,
    progress: Annotated[
        bool, typer.Option("--progress", hidden=True, help="For programs: say how far it is.")
    ] = False,
    debug: Annotated[bool, typer.Option(help="Show tracebacks.")] = False,
) -> None:
    """Write a style as a file for an engine: one graph from a picture to a painting.

    Examples:

        python -m export wave.pt --to onnx --out ~/.livebrush/styles

        python -m export starry_night --to onnx,aoti --device cpu -o engines

        python -m export starry_night,udnie,holiday.jpg --to web -o page

        python -m export all --to onnx,ncnn -o engines

        python -m export person --to coreml --size 208x128 -o engines

        python -m export meta.pt --to onnx --out ~/.livebrush/models

        python -m export wave.pt --to aoti --device cuda --precision fp16 --size 1080x1920

        python -m export the_great_wave --to checkpoint --out wave.pt

        python -m export wave.pt --picture wave.jpg --out ~/.livebrush/styles
    """
    if pixels not in PIXELS:
        raise ExportError(f"--pixels must be uint8 or float32, instead got {pixels!r}")
    if device not in DEVICES:
        raise ExportError(f"--device must be cpu or cuda, instead got {device!r}")
    asked = ExportOptions(precision, parse_size(size), pixels, device)
    order = Order(parse_targets(to), asked, size == "dynamic", out, picture, verify, progress)
    sources = parse_sources(source)
    export_one(sources[0], order) if len(sources) == 1 else export_several(sources, order)
