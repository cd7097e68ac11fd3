"""Finds out whether anything is written, moved or deleted where it should not be, or a program started."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_TWO_PATHS = ("os.rename", "os.link", "os.symlink")
_ONE_PATH = ("os.remove", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree")
_WITHIN = ("os.rename", "os.link", "os.symlink", "os.remove", "os.mkdir", "os.rmdir")
_PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn")


class WrittenOutsideError(AssertionError):
    """Something was done outside of the folders that were named."""


class _Watch:
    """Hears of everything before it is done, from any thread. Python keeps an audit hook to its end."""

    def __init__(self) -> None:
        self.inside: tuple[str, ...] | None = None  # None: not watching
        self.found: list[str] = []

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.inside is None:
            return
        if event in _PROGRAMS:
            self.found.append(f"{event} {arguments[0]!r}")
        for path in _changed_paths(event, arguments):
            where = os.path.realpath(os.fsdecode(path))
            if where != os.devnull and "__pycache__" not in where and not where.startswith(self.inside):
                self.found.append(f"{event} {where}")


def _changed_paths(event: str, arguments: tuple[Any, ...]) -> list[Any]:
    if event == "open":
        path, mode, flags = arguments
        changed = [path] if flags & _WRITES or set(mode or "") & set("wax+") else []
    elif event in _TWO_PATHS:
        changed = list(arguments[:2])
    elif event in _ONE_PATH:
        changed = list(arguments[:1])
    else:
        return []
    # Beside the number of an open folder, a name is of that folder; a number alone is an open file.
    within_open = event in _WITHIN and type(arguments[-1]) is int and arguments[-1] >= 0
    return [] if within_open else [path for path in changed if isinstance(path, (str, bytes, os.PathLike))]


_WATCH = _Watch()
_HOOKED: list[bool] = []


@contextmanager
def nothing_written_outside(*folders: Path) -> Iterator[None]:
    """Raise WrittenOutsideError after a body, or a function, that wrote outside of these folders."""
    if not _HOOKED:
        sys.addaudithook(_WATCH.hear)
        _HOOKED.append(True)
    _WATCH.found.clear()
    _WATCH.inside = tuple(f"{folder.resolve()}{os.sep}" for folder in folders)
    try:
        yield
    finally:
        _WATCH.inside = None
    if _WATCH.found:
        raise WrittenOutsideError("; ".join(_WATCH.found))
