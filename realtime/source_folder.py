"""A folder of pictures as a source, in the order a person would count them."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.errors import SourceError
from realtime.frame import Frame
from realtime.picture_header import promises_too_much
from realtime.sources import PICTURE_SUFFIXES, Clock, SourceInfo

FPS = 25  # what ffmpeg, too, takes a sequence of pictures for
_log = logging.getLogger(__name__)


class FolderSource:
    """The pictures of a folder, or one picture, each in its own size; never drops one.

    A file that cannot be decoded is reported through `logging` and skipped. Turned pictures (EXIF) are
    set upright, transparency is dropped, 16 bits become 8.

    Args:
        path: a folder (its subfolders are not entered) or a picture file.
        clock: seconds.
    Raises:
        SourceError: there is no picture in it that can be decoded.
    """

    def __init__(self, path: Path, *, clock: Clock = time.perf_counter) -> None:
        self._clock = clock
        self._frames = 0
        files = list_pictures(path)
        if not files:
            kinds = " ".join(sorted(PICTURE_SUFFIXES))
            raise SourceError(f"{path} holds no pictures; looked for {kinds}")
        self._images = _decoded(files)
        self._waiting = next(self._images, None)
        if self._waiting is None:
            raise SourceError(f"{path}: none of its {len(files)} picture files can be read")
        height, width = self._waiting.shape[:2]
        self.info = SourceInfo(
            name=path.name or str(path),
            kind="folder",
            size_wh=(width, height),
            fps=float(FPS),
            frame_count=len(files),
            path=path,
        )

    def read(self) -> Frame | None:
        """Return the next picture, or None after the last."""
        image = next(self._images, None) if self._waiting is None else self._waiting
        self._waiting = None
        if image is None:
            return None
        frame = Frame(image, self._frames, self._frames, Fraction(1, FPS), self._clock())
        self._frames += 1
        return frame

    def close(self) -> None:
        """Forget the rest of the pictures."""
        self._images = iter(())


def list_pictures(path: Path) -> list[Path]:
    """Return the picture files of a folder in natural order: 2.png before 10.png."""
    if path.is_file():
        return [path]
    try:
        files = [
            file for file in path.iterdir() if file.suffix.lower() in PICTURE_SUFFIXES and file.is_file()
        ]
    except OSError as error:
        raise SourceError(f"the folder {path} cannot be read: {error.strerror}") from error
    return sorted(files, key=natural_key)


def natural_key(file: Path) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Return a sort key that compares the numbers in a name as numbers."""
    parts = re.findall(r"\d+|\D+", file.name.casefold())
    key = tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)
    return key, file.name


def _decoded(files: list[Path]) -> Iterator[NDArray[np.uint8]]:
    for file in files:
        image = read_picture(file)
        if image is None:
            _log.warning("skipped %s: it cannot be read as a picture", file)
        else:
            yield image


def read_picture(file: Path) -> NDArray[np.uint8] | None:
    """Return (H, W, 3) uint8 BGR, or None if the file cannot be read or is no picture."""
    image = decode_picture(file, cv2.IMREAD_COLOR)
    return None if image is None else np.asarray(image, dtype=np.uint8)


def decode_picture(file: Path, flags: int) -> NDArray[Any] | None:
    """Return what OpenCV makes of a picture file, or None if it cannot be read or is no picture.

    Args:
        file: that anyone may have made: one that promises more pixels than any picture has is never unpacked.
        flags: of `cv2.imdecode`.
    """
    try:
        data = file.read_bytes()  # not cv2.imread: it fails on some names on Windows
        if not data or promises_too_much(data):
            return None
        return cast("NDArray[Any] | None", cv2.imdecode(np.frombuffer(data, np.uint8), flags))
    except (OSError, cv2.error):
        return None
