"""Find a camera that was plugged in again: Linux may give it another number, and its name tells which."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from realtime.errors import SourceError
from realtime.source_camera import CameraSource
from realtime.source_lasting import LastingSource
from realtime.sources import Source, open_source

SYSTEM = Path("/sys/class/video4linux")

OpenCamera = Callable[[int], Source]


def open_lasting(spec: str, *, paced: bool = True) -> Source:
    """Open a source as `open_source` does; a camera or a live address then comes back when it breaks off.

    Raises:
        SourceError: it cannot be opened now.
    """
    camera = re.fullmatch(r"(?:/dev/video)?(\d+)", spec)
    again = CameraAgain(int(camera[1])) if camera else None  # reads the name while it is plugged in
    source = open_source(spec, paced=paced)
    if again is not None:
        return LastingSource(source, again)
    if source.info.kind == "url" and source.info.live:
        return LastingSource(source, lambda: open_source(spec))
    return source


class CameraAgain:
    """Opens a camera again, under its own number or, on Linux, under another that has the same name.

    Of several of that name (a camera has further entries without pictures) each call tries the next. Where
    names are not to be had, the number is kept: another camera than the one chosen is never shown.

    Args:
        index: the number that was asked for.
        open_camera: opens a camera by its number.
        system: where Linux lists its cameras.
    """

    def __init__(self, index: int, *, open_camera: OpenCamera = CameraSource, system: Path = SYSTEM) -> None:
        self._index = index
        self._open_camera = open_camera
        self._system = system
        self._name = camera_name(index, system)
        self._tries = 0

    def __call__(self) -> Source:
        """Open it.

        Raises:
            SourceError: it is not there, or gives no picture.
        """
        if self._name is None:
            return self._open_camera(self._index)
        found = cameras_named(self._name, self._system)
        if not found:
            raise SourceError(f"camera {self._index} ({self._name}) is not plugged in")
        found.sort(key=lambda index: (index != self._index, index))
        self._tries += 1
        return self._open_camera(found[(self._tries - 1) % len(found)])


def camera_name(index: int, system: Path = SYSTEM) -> str | None:
    """Return what Linux calls a camera; None where it cannot be known."""
    try:
        return (system / f"video{index}" / "name").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def cameras_named(name: str, system: Path = SYSTEM) -> list[int]:
    """Return the numbers under which a camera of that name is there now."""
    numbers = [int(entry.name[5:]) for entry in system.glob("video*") if entry.name[5:].isdecimal()]
    return [number for number in sorted(numbers) if camera_name(number, system) == name]
