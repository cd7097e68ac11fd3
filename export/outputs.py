"""Where the command writes to, and for which size: what `--out` and `--size` say."""

from __future__ import annotations

import re
from pathlib import Path

from export.arguments import page_folder
from export.errors import ExportError
from export.targets import TARGETS, ExportOptions


def parse_size(size: str) -> tuple[int, int] | None:
    """Return width and height; None for any."""
    if size in ("", "dynamic"):
        return None
    sides = re.fullmatch(r"(\d+)x(\d+)", size)
    if sides is None:
        raise ExportError(f"--size must be dynamic, or HEIGHTxWIDTH such as 1080x1920, instead got {size!r}")
    return int(sides[2]), int(sides[1])


def output_files(sources: list[str], out: Path, names: list[str]) -> dict[str, Path]:
    """Return the file of each target, or the folder that it goes to; one folder is made for a page."""
    files = {}
    for name in names:
        if TARGETS[name].file_name:
            # Beside other files a folder of its own, which can be published as it is.
            files[name] = page_folder(out if len(names) == 1 else out / name)
        else:
            is_alone = len(names) == len(sources) == 1
            files[name] = output_file(sources[0], out, name, is_alone=is_alone)
    return files


def output_file(source: str, out: Path, name: str, *, is_alone: bool) -> Path:
    """Return the file of one target, or the folder that it goes to."""
    if not is_alone and out.suffix and not out.is_dir():
        raise ExportError(f"--out must be a folder for several files, instead got {out}")
    return output_path(Path(source), out, TARGETS[name].suffix)


def output_path(source: Path, out: Path, suffix: str) -> Path:
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


def file_suffix(name: str, options: ExportOptions) -> str:
    """Return what the name of a target's file ends in; int8 has one of its own, to stand beside others."""
    return f"{'_int8' if options.precision == 'int8' else ''}{TARGETS[name].suffix}"
