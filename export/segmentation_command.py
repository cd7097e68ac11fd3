"""The command `python -m export segmentation`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None, help="Make a mask network of torchvision's.")


@app.command()
def segmentation(
    network: Annotated[
        str,
        typer.Option(help="lraspp_mobilenet_v3_large, deeplabv3_mobilenet_v3_large or deeplabv3_resnet50."),
    ] = "lraspp_mobilenet_v3_large",
    weights: Annotated[
        Path | None, typer.Option(help="The file of its weights. [where torchvision keeps them]")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file. [NETWORK.onnx]")] = None,
    debug: Annotated[bool, typer.Option(help="Show tracebacks.")] = False,
) -> None:
    """Write a segmentation network of torchvision as ONNX, with the names of its labels.

    Example: python -m export segmentation -o rooms.onnx
    """
    from export.errors import ExportError
    from export.segmentation import export_segmentation, load_segmentation

    file = (out or Path(f"{network}.onnx")).expanduser()
    if file.suffix != ".onnx" or not file.parent.is_dir():
        raise ExportError(f"--out must be a file NAME.onnx in a folder that is there, instead got {file}")
    loaded, labels = load_segmentation(network, weights)
    export_segmentation(loaded, labels, file, made_from=network)
    typer.echo(f"{file}: {len(labels)} labels, {file.stat().st_size / 1e6:.1f} MB: {', '.join(labels)}")
