"""The command `python -m export`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from export.arguments import page_folder, parse_sources
from export.errors import ExportError, ParityError
from export.source import Source, kind_of, load_source
from export.targets import TARGETS, ExportOptions, check_options, parse_targets, require_packages

if TYPE_CHECKING:
    from export.parity import Parity
    from export.verify import Check

PIXELS, DEVICES = ("uint8", "float32"), ("cpu", "cuda")
META_SUFFIX = ".npz"
PERSON_TARGETS = ("onnx", "ort", "openvino", "ncnn")  # what export.person_targets writes
_TITLE = "against the checkpoint"
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
            help="What `python -m training` wrote, NAME.pt; a style, by name or NAME.onnx; or a picture, "
            "whose style the meta network writes. Several with commas; `all` is every shipped painting.",
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
    debug: Annotated[bool, typer.Option(help="Show tracebacks.")] = False,
) -> None:
    """Write a style as a file for an engine: one graph from a picture to a painting.

    Examples:

        python -m export wave.pt --to onnx --out ~/.livebrush/styles

        python -m export starry_night --to onnx,aoti --device cpu -o engines

        python -m export starry_night,udnie,holiday.jpg --to web -o page

        python -m export meta.pt --to onnx --out ~/.livebrush/models

        python -m export wave.pt --to aoti --device cuda --precision fp16 --size 1080x1920

        python -m export the_great_wave --to checkpoint --out wave.pt

        python -m export wave.pt --picture wave.jpg --out ~/.livebrush/styles
    """
    if pixels not in PIXELS:
        raise ExportError(f"--pixels must be uint8 or float32, instead got {pixels!r}")
    if device not in DEVICES:
        raise ExportError(f"--device must be cpu or cuda, instead got {device!r}")
    names = parse_targets(to)
    asked = ExportOptions(precision, _parse_size(size), pixels, device)
    options = {name: check_options(name, asked, is_dynamic=size == "dynamic") for name in names}
    sources = parse_sources(source)
    if len(sources) > 1:
        return _export_several(sources, names, options, out, picture, verify)
    kind = kind_of(source)
    # Before a package is asked for that is no help.
    if kind == "person":
        _check_person(names, to, precision, size)
    if kind == "student" and names != ["onnx"]:
        raise ExportError(f"a {kind} network is exported --to onnx, instead got {to!r}")
    require_packages(names)
    if kind == "meta":
        return _export_meta(Path(source), names, out, verify)
    if kind == "person":
        return _export_person(Path(source), names, out, verify)
    if kind == "student":
        return _export_student(Path(source), out, verify)
    if source.endswith(META_SUFFIX):
        return _read_meta_back(Path(source), names, out)
    files = _output_files([source], out, names)
    loaded = load_source(source)
    if picture is not None:
        from export.mixable import with_hidden

        loaded = Source(loaded.network, with_hidden(loaded.content, picture))
    checks = [_export([loaded], name, files[name], options[name], verify) for name in names]
    _show_checks([check for check in checks if check is not None])


def _export_several(
    sources: list[str],
    names: list[str],
    options: dict[str, ExportOptions],
    out: Path,
    picture: Path | None,
    verify: bool,
) -> None:
    """Write each source to each target, and all of them to a target that holds several."""
    if picture is not None:
        raise ExportError("--picture is of one style, not of several")
    for source in sources:
        if (kind := kind_of(source)) in ("meta", "person", "student") or source.endswith(META_SUFFIX):
            raise ExportError(
                f"{source} is no style; export {'it' if not kind else f'a {kind} network'} alone"
            )
    require_packages(names)
    files = _output_files(sources, out, names)
    loaded, checks = [load_source(source) for source in sources], []
    for name in names:
        groups = [loaded] if TARGETS[name].file_name else [[one] for one in loaded]
        checks += [_export(group, name, files[name], options[name], verify) for group in groups]
    _show_checks([check for check in checks if check is not None])


def _export(
    sources: list[Source], name: str, file: Path, options: ExportOptions, verify: bool
) -> Check | None:
    """Write one target, say so, and return what the comparison with the network found, if there is one.

    Args:
        sources: one, unless the target holds several.
    """
    target = TARGETS[name]
    if file.is_dir() and not file.name.endswith(target.suffix):  # a package is a folder, too
        file = file / (target.file_name or f"{sources[0].name}{file_suffix(name, options)}")
    if target.file_name:
        from export.to_web import write_page

        notes = write_page(sources, file, options)
    else:
        notes = target.write(sources[0], file, options)
    from export.verify import check_page, total_size

    credits = sources[0].credits if len(sources) == 1 else f"{len(sources)} styles"
    typer.echo(f"{file}: {credits}, {total_size(file) / 1000:.0f} KB")
    if not verify or not (target.painters or target.inspector):
        return None
    return check_page(sources, name, file, options, tuple(notes))


def file_suffix(name: str, options: ExportOptions) -> str:
    """Return what the name of a target's file ends in; int8 has one of its own, to stand beside others."""
    return f"{'_int8' if options.precision == 'int8' else ''}{TARGETS[name].suffix}"


def _export_meta(checkpoint: Path, names: list[str], out: Path, verify: bool) -> None:
    from export.to_meta import export_meta
    from realtime.meta_file import FILE_NAME
    from training.checkpoint import load_meta_net

    if names != ["onnx"]:
        got = ",".join(names)
        raise ExportError(f"a meta network is exported --to onnx, for it writes such files; got {got!r}")
    file = _output_path(checkpoint, out, Path(FILE_NAME).suffix)
    file = file / FILE_NAME if file.is_dir() else file
    meta_style, content = load_meta_net(checkpoint)
    plan = export_meta(meta_style, content, file)
    megabytes = file.stat().st_size / 1e6
    typer.echo(f"{file}: writes {plan.contract.preset} networks for any picture, {megabytes:.1f} MB")
    if verify:
        from export.meta_parity import measure_meta_parity

        _show_meta(measure_meta_parity(meta_style, file))


def _check_person(names: list[str], to: str, precision: str, size: str) -> None:
    """Raise ExportError for what a person network is not exported to."""
    if foreign := [name for name in names if name not in PERSON_TARGETS]:
        had = ", ".join(PERSON_TARGETS)
        raise ExportError(f"--to: a person network goes to {had}, not to {foreign[0]}; instead got {to!r}")
    if precision or size:
        raise ExportError("a person network has one precision and takes any size: no --precision, no --size")


def _export_person(checkpoint: Path, names: list[str], out: Path, verify: bool) -> None:
    from export.person_parity import measure_person_parity
    from export.person_targets import write_person
    from export.verify import total_size
    from training.person_trainer import load_person_net

    files = {name: _output_file(str(checkpoint), out, name, is_alone=len(names) == 1) for name in names}
    for name, file in files.items():
        file = file / f"{checkpoint.stem}{TARGETS[name].suffix}" if file.is_dir() else file
        stored = write_person(*load_person_net(checkpoint), name, file)
        typer.echo(f"{file}: finds people, {total_size(file) / 1000:.0f} KB")
        for engine, most, mean in measure_person_parity(stored, file, name) if verify else ():
            typer.echo(f"{engine}: alpha differs by {most:.2f} grey levels at most, {mean:.4f} in the mean")


def _export_student(checkpoint: Path, out: Path, verify: bool) -> None:
    from export.student_parity import measure_student_parity
    from export.to_student import export_student
    from training.student_trainer import load_student_net

    file = _output_path(checkpoint, out, TARGETS["onnx"].suffix)
    file = file / f"{checkpoint.stem}.onnx" if file.is_dir() else file
    stored = export_student(*load_student_net(checkpoint), file)
    typer.echo(f"{file}: paints regions in a picture's styles, {file.stat().st_size / 1000:.0f} KB")
    for engine, most, mean in measure_student_parity(stored, file) if verify else ():
        typer.echo(f"{engine}: paintings differ by {most} levels of 255 at most, {mean:.4f} in the mean")


def _read_meta_back(file: Path, names: list[str], out: Path) -> None:
    """Turn the file of a meta network into the checkpoint that a training goes on from."""
    from export.from_meta import checkpoint_of_meta
    from export.to_checkpoint import write_checkpoint

    if names != ["checkpoint"]:
        raise ExportError(f"{file} holds a meta network, which is exported --to checkpoint, to train it on")
    target = _output_path(file, out, TARGETS["checkpoint"].suffix)
    target = target / f"{file.stem}{TARGETS['checkpoint'].suffix}" if target.is_dir() else target
    _, content = checkpoint_of_meta(file)
    write_checkpoint(target, content)
    seen = content["training"].get("pictures", 0)
    typer.echo(f"{target}: writes {content['preset']} networks, trained on {seen:,} photographs")


def _parse_size(size: str) -> tuple[int, int] | None:
    """Return width and height; None for any."""
    if size in ("", "dynamic"):
        return None
    sides = re.fullmatch(r"(\d+)x(\d+)", size)
    if sides is None:
        raise ExportError(f"--size must be dynamic, or HEIGHTxWIDTH such as 1080x1920, instead got {size!r}")
    return int(sides[2]), int(sides[1])


def _output_files(sources: list[str], out: Path, names: list[str]) -> dict[str, Path]:
    """Return the file of each target, or the folder that it goes to; one folder is made for a page."""
    files = {}
    for name in names:
        if TARGETS[name].file_name:
            # Beside other files a folder of its own, which can be published as it is.
            files[name] = page_folder(out if len(names) == 1 else out / name)
        else:
            is_alone = len(names) == len(sources) == 1
            files[name] = _output_file(sources[0], out, name, is_alone=is_alone)
    return files


def _output_file(source: str, out: Path, name: str, *, is_alone: bool) -> Path:
    """Return the file of one target, or the folder that it goes to."""
    if not is_alone and out.suffix and not out.is_dir():
        raise ExportError(f"--out must be a folder for several files, instead got {out}")
    return _output_path(Path(source), out, TARGETS[name].suffix)


def _output_path(source: Path, out: Path, suffix: str) -> Path:
    """Return the file to write, or the folder that it goes to, which is made if need be."""
    out = out.expanduser()
    if out.is_dir() and not out.name.endswith(suffix):
        return out
    if not out.suffix:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ExportError(f"--out {out} cannot be made a folder: {error.strerror or error}") from error
        return out
    if not out.name.endswith(suffix):
        raise ExportError(f"--out must be a folder or a file {suffix}, instead got {out}")
    if not out.parent.is_dir():
        raise ExportError(f"--out {out}: there is no folder {out.parent}")
    if out.exists() and source.exists() and out.samefile(source):
        raise ExportError(f"--out {out} is what is exported, itself")
    return out


def _show_checks(checks: list[Check]) -> None:
    """Print and write what was found.

    Raises:
        ParityError: if anything is over a limit.
    """
    if not checks:
        return
    from export.report import COLUMNS, print_table, rows, write_report

    print_table(COLUMNS, [row for check in checks for row in rows(check)], title=_TITLE)
    written = [str(path) for check in checks for path in write_report(check)]
    typer.echo(f"reports: {', '.join(path for path in written if path.endswith('.md'))}")
    faults = [f"{check.file.name} in {fault}" for check in checks for fault in check.faults]
    if faults:
        more = f"; and {len(faults) - 1} more, see the reports" if len(faults) > 1 else ""
        raise ParityError(f"{faults[0]}{more}")


def _show_meta(found: Iterable[tuple[str, Parity]]) -> None:
    """Print how far what a meta network writes is from its checkpoint; a style each."""
    from export.report import print_table

    print_table(
        ("style", "engine", "precision", "worst frame", "max", "mean", "PSNR dB"),
        [
            (
                style,
                parity.engine,
                parity.precision,
                parity.worst_frame,
                str(parity.max_difference),
                f"{parity.mean_difference:.3f}",
                f"{parity.psnr_db:.1f}",
            )
            for style, parity in found
        ],
        title=_TITLE,
    )
