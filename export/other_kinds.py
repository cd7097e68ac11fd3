"""Networks that paint nothing by themselves, to each target: meta, person and student."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from export.errors import ExportError
from export.kinds import PERSON_NAME
from export.outputs import output_file, output_path
from export.targets import TARGETS, ExportOptions, require_packages

if TYPE_CHECKING:
    from export.orders import Order
    from export.parity import Parity
    from training.networks.person_net import PersonNet

META_SUFFIX = ".npz"
_PAGE = "web"


def export_other(kind: str, source: str, order: Order, options: Mapping[str, ExportOptions]) -> None:
    """Write a network of such a kind to each target.

    Args:
        kind: a name of `export.kinds.KINDS`.
        source: as it was typed.
        order: targets and where to.
        options: of each target.
    Raises:
        ExportError: if it cannot be written.
        ParityError: if what was written is not what torch computes.
    """
    if kind == "person" and _PAGE in order.names:
        raise ExportError(
            f"--to {_PAGE}: a page paints, and finds people beside that; name a style with it: "
            f"python -m export starry_night,{source} --to {_PAGE}"
        )
    if kind != "meta":
        require_packages(order.names)
        for name, file in _files(source, order).items():
            (_export_person if kind == "person" else _export_student)(
                source, name, file, options[name], order
            )
    elif source.endswith(META_SUFFIX):
        _read_meta_back(Path(source), order)
    else:
        _export_meta(Path(source), order)


def load_person(source: str) -> tuple[PersonNet, dict[str, Any]]:
    """Return a network that finds people: of NAME.pt, of NAME.onnx, or the one that ships, `person`.

    Raises:
        ExportError: if it cannot be read.
    """
    from realtime.mask import PERSON

    path = PERSON if source == PERSON_NAME else Path(source)
    if path.suffix == ".onnx":
        from export.from_person import person_of

        return person_of(path)
    from training.networks.person_net import PersonNet
    from training.person_networks import load_person_net

    network, content = load_person_net(path)
    if not isinstance(network, PersonNet):
        raise ExportError(f"{path} is a teacher: it labels photographs (label-people), only small ones leave")
    return network, content


def _files(source: str, order: Order) -> dict[str, Path]:
    files = {}
    for name in order.names:
        file = output_file(source, order.out, name, is_alone=len(order.names) == 1)
        is_folder = file.is_dir() and not file.name.endswith(TARGETS[name].suffix)  # a package is one, too
        files[name] = file / f"{Path(source).stem}{TARGETS[name].suffix}" if is_folder else file
        if files[name].exists() and Path(source).exists() and files[name].samefile(source):
            raise ExportError(f"--out {files[name]} is what is exported, itself")
    return files


def _export_person(source: str, name: str, file: Path, options: ExportOptions, order: Order) -> None:
    from export.person_parity import measure_person_parity
    from export.person_targets import write_person
    from export.verify import total_size

    stored = write_person(*load_person(source), name, file, options)
    typer.echo(f"{file}: finds people, {total_size(file) / 1000:.0f} KB")
    if not order.verify:
        return
    for engine, most, mean in measure_person_parity(stored, file, name, options.size_wh):
        typer.echo(f"{engine}: alpha differs by {most:.2f} grey levels at most, {mean:.4f} in the mean")
    if TARGETS[name].inspector:
        found = "; ".join(TARGETS[name].inspect_file(file, options))
        typer.echo(f"not run here: {TARGETS[name].runs_on}. What was found without running it: {found}")


def _export_student(source: str, name: str, file: Path, _: ExportOptions, order: Order) -> None:
    from export.student_parity import measure_student_parity
    from export.student_targets import student_of, write_student
    from export.verify import total_size
    from training.checkpoint import load_student_net

    path = Path(source)
    network, content = student_of(path) if path.suffix == ".onnx" else load_student_net(path)
    stored = write_student(network, content, name, file)
    typer.echo(f"{file}: paints regions in a picture's styles, {total_size(file) / 1000:.0f} KB")
    for engine, most, mean in measure_student_parity(stored, file, name) if order.verify else ():
        typer.echo(f"{engine}: paintings differ by {most} levels of 255 at most, {mean:.4f} in the mean")


def _export_meta(checkpoint: Path, order: Order) -> None:
    from export.to_meta import export_meta
    from realtime.meta_file import FILE_NAME
    from training.checkpoint import load_meta_net

    if order.names != ["onnx"]:
        got = ",".join(order.names)
        raise ExportError(f"a meta network is exported --to onnx, for it writes such files; got {got!r}")
    require_packages(order.names)
    file = output_path(checkpoint, order.out, Path(FILE_NAME).suffix)
    file = file / FILE_NAME if file.is_dir() else file
    meta_style, content = load_meta_net(checkpoint)
    plan = export_meta(meta_style, content, file)
    megabytes = file.stat().st_size / 1e6
    typer.echo(f"{file}: writes {plan.contract.preset} networks for any picture, {megabytes:.1f} MB")
    if order.verify:
        from export.meta_parity import measure_meta_parity

        _show_meta(measure_meta_parity(meta_style, file))


def _read_meta_back(file: Path, order: Order) -> None:
    """Turn the file of a meta network into the checkpoint that a training goes on from."""
    from export.from_meta import checkpoint_of_meta
    from export.to_checkpoint import write_checkpoint

    if order.names != ["checkpoint"]:
        raise ExportError(f"{file} holds a meta network, which is exported --to checkpoint, to train it on")
    target = output_path(file, order.out, TARGETS["checkpoint"].suffix)
    target = target / f"{file.stem}{TARGETS['checkpoint'].suffix}" if target.is_dir() else target
    _, content = checkpoint_of_meta(file)
    write_checkpoint(target, content)
    seen = content["training"].get("pictures", 0)
    typer.echo(f"{target}: writes {content['preset']} networks, trained on {seen:,} photographs")


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
        title="against the checkpoint",
    )
