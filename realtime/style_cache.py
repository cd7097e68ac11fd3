"""Style files that were made of pictures, kept so that the same picture opens at once the next time.

In LIVEBRUSH_CACHE or ~/.cache/livebrush/styles. A file's name says what it was made of; it is written whole
or not at all, and those used longest ago are deleted when there are many.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from realtime.errors import StyleFileError
from realtime.onnx_metadata import ONNX_SUFFIX

MAX_FILES = 200


class StyleCache:
    """Style files by key.

    Args:
        folder: made when it is first written to.
        most: how many files are kept.
    """

    def __init__(self, folder: Path, most: int = MAX_FILES) -> None:
        self.folder = folder
        self._most = most

    def find(self, key: str) -> Path | None:
        """Return the file of this key, which counts as used; None if there is none."""
        path = self._path(key)
        try:
            os.utime(path)
        except FileNotFoundError:
            return None
        except OSError:  # a folder that is only read is used all the same
            return path if path.is_file() else None
        return path

    def put(self, key: str, style: bytes) -> Path:
        """Keep a style file, and return where it is.

        Raises:
            StyleFileError: if it cannot be written.
        """
        path = self._path(key)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(style)
            part.replace(path)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise StyleFileError(
                f"the cache of styles {self.folder} cannot be written ({error.strerror or error}); "
                "set LIVEBRUSH_CACHE to another folder"
            ) from error
        self._forget_oldest(keep=path)
        return path

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{ONNX_SUFFIX}"

    def _forget_oldest(self, keep: Path) -> None:
        with suppress(OSError):  # somebody else may be tidying, too
            files = [path for path in self.folder.glob(f"*{ONNX_SUFFIX}") if path != keep]
            files.sort(key=lambda path: path.stat().st_mtime_ns)
            for path in files[: max(0, len(files) + 1 - self._most)]:
                path.unlink(missing_ok=True)


def style_cache() -> StyleCache:
    """Return the cache of this user."""
    named = os.environ.get("LIVEBRUSH_CACHE")
    folder = Path(named).expanduser() if named else Path.home() / ".cache" / "livebrush" / "styles"
    return StyleCache(folder)
