"""The command `python -m export`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from export.errors import ExportError

if TYPE_CHECKING:
    from torch import nn

    from export.parity import Parity

CHECKPOINT_SUFFIX = ".pt"
TARGETS = {"onnx": ".onnx", "aoti": ".pt2", "checkpoint": CHECKPOINT_SUFFIX}
PRECISIONS = ("fp32", "fp16", "bf16")

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, help="Turn checkpoints into style files that engines run."
)


@app.command()
def export(
    source: Annotated[
        str,
        typer.Argument(help="What `python -m training` wrote, NAME.pt; or a style, by name or NAME.onnx."),
    ],
    to: Annotated[
        str,
        typer.Option(
            help="The target: onnx, for every engine; aoti, compiled by torch for one device; or checkpoint, "
            "to train on."
        ),
    ] = "onnx",
    out: Annotated[
        Path, typer.Option("--out", "-o", help="A folder, or the file to write. [this folder]")
    ] = Path("."),
    pixels: Annotated[
        str, typer.Option(help="uint8: BGR, (1, H, W, 3) in 0..255; float32: RGB, (1, 3, H, W) in [0, 1].")
    ] = "uint8",
    weights: Annotated[str, typer.Option(help="Weights as stored: fp16 or fp32.")] = "fp16",
    device: Annotated[str, typer.Option(help="aoti: what will run it, cuda or cpu, here.")] = "cuda",
    precision: Annotated[
        str, typer.Option(help="aoti: fp32, fp16 or bf16; statistics stay in fp32.")
    ] = "fp16",
    size: Annotated[
        str, typer.Option(metavar="HxW|dynamic", help="aoti: one height and width, which is faster, or any.")
    ] = "dynamic",
    verify: Annotated[
        bool,
        typer.Option("--verify/--no-verify", help="Compare with the checkpoint in every engine installed."),
    ] = True,
    debug: Annotated[bool, typer.Option(help="Show tracebacks.")] = False,
) -> None:
    """Write a style file: one graph from a picture to a painting, with its contract inside.

    Examples:

        python -m export wave.pt --to onnx --out ~/.livebrush/styles

        python -m export meta.pt --to onnx --out ~/.livebrush/models

        python -m export wave.pt --to aoti --device cuda --precision fp16 --size 1080x1920

        python -m export the_great_wave --to checkpoint --out wave.pt
    """
    if to not in TARGETS:
        raise ExportError(f"--to must be one of {', '.join(TARGETS)}, instead got {to!r}")
    if pixels not in ("uint8", "float32"):
        raise ExportError(f"--pixels must be uint8 or float32, instead got {pixels!r}")
    if weights not in ("fp16", "fp32"):
        raise ExportError(f"--weights must be fp16 or fp32, instead got {weights!r}")
    size_wh = _parse_aoti(device, precision, size)

    checkpoint = Path(source)
    if checkpoint.suffix == CHECKPOINT_SUFFIX and _is_meta(checkpoint):
        return _export_meta(checkpoint, to, out, verify)
    file = _output_file(checkpoint, out, TARGETS[to])
    network, content = _load(source)
    if file.is_dir():
        file = file / f"{content['style']['name']}{TARGETS[to]}"
    if to == "checkpoint":
        _write_checkpoint(file, content)
        verify = False  # the contract's hash has told
    elif to == "aoti":
        from export.to_aoti import AotiOptions, export_aoti

        compiled_for = AotiOptions(device, precision, size_wh)  # type: ignore[arg-type]
        export_aoti(network, content, file, compiled_for)
    else:
        from export.to_onnx import OnnxOptions, export_onnx

        export_onnx(network, content, file, OnnxOptions(pixels, weights))  # type: ignore[arg-type]
    kilobytes, style = file.stat().st_size / 1000, content["style"]
    preset = content["preset"] if content["kind"] == "transform" else f"{content['kind']}-{content['preset']}"
    typer.echo(f"{file}: {style['title']}, {style['artist']}, {preset}, {kilobytes:.0f} KB")
    if verify:
        _verify(network, file)


def _is_meta(checkpoint: Path) -> bool:
    from training.checkpoint import load_checkpoint
    from training.errors import CheckpointError

    try:
        return load_checkpoint(checkpoint).get("kind") == "meta"
    except CheckpointError as error:
        raise ExportError(str(error)) from error


def _load(source: str) -> tuple[nn.Module, dict[str, Any]]:
    """Return the network that is exported and what its checkpoint says of it."""
    from training.checkpoint import load_style_net
    from training.errors import CheckpointError

    if not source.endswith(CHECKPOINT_SUFFIX):
        from export.from_onnx import checkpoint_of
        from realtime.catalog import find_style

        return checkpoint_of(find_style(source).path)
    try:
        return load_style_net(Path(source))
    except CheckpointError as error:
        raise ExportError(str(error)) from error


def _write_checkpoint(file: Path, content: dict[str, Any]) -> None:
    from training.checkpoint import save_checkpoint

    try:
        save_checkpoint(file, content)
    except OSError as error:
        raise ExportError(f"cannot write {file}: {error.strerror or error}") from error


def _export_meta(checkpoint: Path, to: str, out: Path, verify: bool) -> None:
    from export.to_meta import export_meta
    from realtime.meta_file import FILE_NAME
    from training.checkpoint import load_meta_net

    if to != "onnx":
        raise ExportError(f"a meta network is exported --to onnx, for it writes such files; got {to!r}")
    file = _output_file(checkpoint, out, Path(FILE_NAME).suffix)
    file = file / FILE_NAME if file.is_dir() else file
    meta_style, content = load_meta_net(checkpoint)
    plan = export_meta(meta_style, content, file)
    megabytes = file.stat().st_size / 1e6
    typer.echo(f"{file}: writes {plan.contract.preset} networks for any picture, {megabytes:.1f} MB")
    if verify:
        from export.meta_parity import measure_meta_parity

        _show(measure_meta_parity(meta_style, file))


def _parse_aoti(device: str, precision: str, size: str) -> tuple[int, int] | None:
    """Check what only a compiled package has, and return its width and height; None for any."""
    if device not in ("cpu", "cuda"):
        raise ExportError(f"--device must be cpu or cuda, instead got {device!r}")
    if precision not in PRECISIONS:
        raise ExportError(f"--precision must be one of {', '.join(PRECISIONS)}, instead got {precision!r}")
    if size == "dynamic":
        return None
    sides = re.fullmatch(r"(\d+)x(\d+)", size)
    if sides is None:
        raise ExportError(f"--size must be dynamic, or HEIGHTxWIDTH such as 1080x1920, instead got {size!r}")
    return int(sides[2]), int(sides[1])


def _output_file(checkpoint: Path, out: Path, suffix: str) -> Path:
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
    if out.suffix != suffix:
        raise ExportError(f"--out must be a folder or a file {suffix}, instead got {out}")
    if not out.parent.is_dir():
        raise ExportError(f"--out {out}: there is no folder {out.parent}")
    if out.exists() and checkpoint.exists() and out.samefile(checkpoint):
        raise ExportError(f"--out {out} is the checkpoint itself")
    return out


def _verify(network: object, file: Path) -> None:
    from torch import nn

    from export.parity import measure_parity
    from realtime.engine import ENGINES, EngineOptions, engines_for, is_installed

    assert isinstance(network, nn.Module)
    found = []
    for name in engines_for(file):
        if is_installed(ENGINES[name].package):
            onnx_options = EngineOptions(engine=name, precision="fp32", device="cpu")
            package_options = EngineOptions(engine=name)  # as it was compiled
            options = onnx_options if ENGINES[name].reads == ".onnx" else package_options
            found.append((file.stem, measure_parity(network, file, options)))
    _show(found)


def _show(found: Iterable[tuple[str, Parity]]) -> None:
    """Print how far files are from their checkpoint; a style each, and what is known of it."""
    from rich.console import Console
    from rich.table import Table

    headings = ("style", "engine", "precision", "worst frame", "max", "mean", "PSNR dB")
    table = Table(*headings, title="against the checkpoint")
    for style, parity in found:
        table.add_row(
            style,
            parity.engine,
            parity.precision,
            parity.worst_frame,
            str(parity.max_difference),
            f"{parity.mean_difference:.3f}",
            f"{parity.psnr_db:.1f}",
        )
    Console().print(table)
