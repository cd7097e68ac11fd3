"""A network as a checkpoint of `python -m training`: to train on what ships."""

from pathlib import Path

from export.errors import ExportError
from export.source import Source
from export.targets import ExportOptions
from training.checkpoint import save_checkpoint


def write(source: Source, file: Path, _options: ExportOptions) -> list[str]:
    """Write the checkpoint, whole or not at all.

    Raises:
        ExportError: if it cannot be written.
    """
    try:
        save_checkpoint(file, source.content)
    except OSError as error:
        raise ExportError(f"cannot write {file}: {error.strerror or error}") from error
    return []
