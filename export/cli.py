"""The command `python -m export`."""

from pathlib import Path
from typing import Annotated

import typer

from export.errors import ExportError

TARGETS = ("onnx",)

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, help="Turn checkpoints into style files that engines run."
)


@app.command()
def export(
    checkpoint: Annotated[Path, typer.Argument(help="What `python -m training` wrote, NAME.pt.")],
    to: Annotated[str, typer.Option(help="The target: onnx.")] = "onnx",
    out: Annotated[
        Path, typer.Option("--out", "-o", help="A folder, or the file to write. [this folder]")
    ] = Path("."),
    pixels: Annotated[
        str, typer.Option(help="uint8: BGR, (1, H, W, 3) in 0..255; float32: RGB, (1, 3, H, W) in [0, 1].")
    ] = "uint8",
    weights: Annotated[str, typer.Option(help="Weights as stored: fp16 or fp32.")] = "fp16",
    verify: Annotated[
        bool,
        typer.Option("--verify/--no-verify", help="Compare with the checkpoint in every engine installed."),
    ] = True,
    debug: Annotated[bool, typer.Option(help="Show tracebacks.")] = False,
) -> None:
    """Write a style file: one graph from a picture to a painting, with its contract inside.

    Example: python -m export wave.pt --to onnx --out ~/.livebrush/styles
    """
    if to not in TARGETS:
        raise ExportError(f"--to must be one of {', '.join(TARGETS)}, instead got {to!r}")
    if pixels not in ("uint8", "float32"):
        raise ExportError(f"--pixels must be uint8 or float32, instead got {pixels!r}")
    if weights not in ("fp16", "fp32"):
        raise ExportError(f"--weights must be fp16 or fp32, instead got {weights!r}")
    file = _output_file(checkpoint, out)

    from export.to_onnx import OnnxOptions, export_onnx
    from training.checkpoint import load_style_net
    from training.errors import CheckpointError

    try:
        network, content = load_style_net(checkpoint)
    except CheckpointError as error:
        raise ExportError(str(error)) from error
    options = OnnxOptions(pixels, weights)  # type: ignore[arg-type]
    if file.is_dir():
        file = file / f"{content['style']['name']}.onnx"
    contract = export_onnx(network, content, file, options)
    size = file.stat().st_size / 1000
    typer.echo(f"{file}: {contract.title}, {contract.artist}, {contract.preset}, {size:.0f} KB")
    if verify:
        _verify(network, file)


def _output_file(checkpoint: Path, out: Path) -> Path:
    """Return the file to write, or the folder that it goes to, which is made if need be."""
    out = out.expanduser()
    if out.is_dir():
        return out
    if not out.suffix:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ExportError(f"--out {out} cannot be made a folder: {error.strerror or error}") from error
        return out
    if out.suffix != ".onnx":
        raise ExportError(f"--out must be a folder or a file .onnx, instead got {out}")
    if not out.parent.is_dir():
        raise ExportError(f"--out {out}: there is no folder {out.parent}")
    if out.exists() and checkpoint.exists() and out.samefile(checkpoint):
        raise ExportError(f"--out {out} is the checkpoint itself")
    return out


def _verify(network: object, file: Path) -> None:
    from rich.console import Console
    from rich.table import Table
    from torch import nn

    from export.parity import measure_parity
    from realtime.engine import ENGINES, EngineOptions, is_installed

    assert isinstance(network, nn.Module)
    table = Table(
        "engine", "precision", "worst frame", "max", "mean", "PSNR dB", title="against the checkpoint"
    )
    for name, spec in ENGINES.items():
        if is_installed(spec.package):
            found = measure_parity(network, file, EngineOptions(engine=name, precision="fp32", device="cpu"))
            table.add_row(
                found.engine,
                found.precision,
                found.worst_frame,
                str(found.max_difference),
                f"{found.mean_difference:.3f}",
                f"{found.psnr_db:.1f}",
            )
    Console().print(table)
