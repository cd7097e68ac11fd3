"""A network as a checkpoint of `python -m training`: to train on what ships."""

from pathlib import Path
from typing import Any

from export.errors import ExportError
from export.source import Source
from export.targets import ExportOptions
from training.checkpoint import save_checkpoint


def write(source: Source, file: Path, _options: ExportOptions) -> list[str]:
    """Write the checkpoint of a network that paints; nothing is worth knowing of it.

    Raises:
        ExportError: if it cannot be written.
    """
    write_checkpoint(file, source.whole)
    return []


def write_checkpoint(file: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint, whole or not at all.

    Raises:
        ExportError: if it cannot be written.
    """
    try:
        save_checkpoint(file, content)
    except OSError as error:
        raise ExportError(f"cannot write {file}: {error.strerror or error}") from error
