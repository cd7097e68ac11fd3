"""Files that are written whole or not at all, however many they are."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from export.errors import ExportError


@contextmanager
def written_whole(file: Path) -> Iterator[Path]:
    """Give a path of the same name in a folder that is gone afterwards; move what lies there into place.

    Whatever else is written into that folder is moved too, `file` itself last: where it is, all of it is.
    An error leaves the last version as it was.

    Raises:
        ExportError: if it cannot be written.
    """
    folder: Path | None = None
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{file.name}.part-", dir=file.parent))
        yield folder / file.name
        for part in sorted(folder.iterdir(), key=lambda path: path.name == file.name):
            _replace(part, file.with_name(part.name))
    except OSError as error:
        raise ExportError(f"cannot write {file}: {error.strerror or error}") from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def write_whole(file: Path, data: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        ExportError: if it cannot be written.
    """
    part = file.with_name(file.name + ".part")
    try:
        part.write_bytes(data)
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ExportError(f"cannot write {file}: {error.strerror or error}") from error


def _replace(part: Path, final: Path) -> None:
    if part.is_dir() and final.is_dir():
        old = part.with_name(f"{part.name}.old")
        final.replace(old)
    part.replace(final)
