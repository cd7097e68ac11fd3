"""What is typed after `python -m export`, where it is more than a word: sources, and a page's folder."""

from __future__ import annotations

from pathlib import Path

from export.errors import ExportError

ALL = "all"


def parse_sources(text: str) -> list[str]:
    """Return what a list with commas names, each once; a file whose name has a comma is one source."""
    if text == ALL:
        from realtime.catalog import read_catalogue

        # A painting that ships as two networks is one.
        shipped = {
            entry.contract.title: entry.name for entry in reversed(read_catalogue().styles) if entry.shipped
        }
        return sorted(shipped.values())
    if "," not in text or Path(text).expanduser().exists():
        return [text]
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def page_folder(out: Path) -> Path:
    """Return the folder of a page, made if need be.

    Raises:
        ExportError: if it is no folder.
    """
    out = out.expanduser()
    if out.suffix == ".html" or out.is_file():
        raise ExportError(f"--out must be a folder for web, instead got {out}")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"--out {out} cannot be made a folder: {error.strerror or error}") from error
    return out
