"""Masks that somebody has drawn: one picture for all frames, or a video or folder with one for each."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import cv2

from realtime.errors import MaskError, SourceError
from realtime.frame import Frame
from realtime.mask import Alpha
from realtime.source_folder import FolderSource, read_picture
from realtime.sources import Source


class PictureMask:
    """One picture, bright where it is meant; see `realtime.mask.MaskSource`. It is stretched to the frame.

    Raises:
        MaskError: if it cannot be read.
    """

    rough = False

    def __init__(self, file: Path) -> None:
        image = read_picture(file)
        if image is None:
            raise MaskError(f"--mask {file} cannot be read as a picture")
        self._alpha = cast(Alpha, cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))

    def alpha(self, frame: Frame) -> Alpha:
        """Return the picture, whatever the frame."""
        return self._alpha

    def close(self) -> None:
        """Nothing to give back."""


class FilmMask:
    """A mask for each frame, by its number; where the masks end, the last one stays, and that is said once.

    Args:
        path: a video, or a folder of pictures in natural order.
    Raises:
        MaskError: if there are no masks in it.
    """

    rough = False

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            if path.is_dir():
                self._source: Source = FolderSource(path)
            else:
                from realtime.source_video import VideoSource

                self._source = VideoSource(str(path))
        except SourceError as error:
            raise MaskError(f"--mask {path}: {error}") from error
        self._next = 0
        self._alpha: Alpha | None = None
        self._ended = False

    def alpha(self, frame: Frame) -> Alpha:
        """Return the mask of the frame's number.

        Raises:
            MaskError: once, when the masks have ended before the frames.
        """
        while self._next <= frame.index and not self._ended:
            mask = self._source.read()
            if mask is None:
                self._ended = True
                raise MaskError(f"{self._path} ends after {self._next} masks; the last one stays")
            self._next += 1
            self._alpha = cast(Alpha, cv2.cvtColor(mask.image, cv2.COLOR_BGR2GRAY))
        assert self._alpha is not None  # a source without a first picture cannot be opened
        return self._alpha

    def close(self) -> None:
        """Close the file."""
        self._source.close()
