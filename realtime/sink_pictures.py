"""A folder of PNG pictures, one per frame."""

from __future__ import annotations

from pathlib import Path

import cv2

from realtime.errors import SinkError
from realtime.frame import Frame
from realtime.media import reason
from realtime.sinks import ClosingSink, require_folder

_COMPRESSION = 3  # of 9: zlib's higher levels take three times as long for a tenth of the size


class PictureSink(ClosingSink):
    """Writes frame 0 as 000000.png, and so on, in every frame's own size; dropped frames leave gaps.

    Args:
        folder: created if the folder it lies in exists; pictures of the same name are overwritten.
    Raises:
        SinkError: it cannot be created or written.
    """

    def __init__(self, folder: Path) -> None:
        require_folder(folder)
        try:
            folder.mkdir(exist_ok=True)
        except FileExistsError as error:
            raise SinkError(f"{folder} is a file, not a folder for pictures") from error
        except OSError as error:
            raise SinkError(f"the folder {folder} cannot be created: {reason(error)}") from error
        self.folder = folder

    def write(self, frame: Frame) -> None:
        """Write one picture.

        Raises:
            SinkError: the disk is full or the folder cannot be written; no half picture is left.
        """
        file = self.folder / f"{frame.index:06d}.png"
        data = cv2.imencode(".png", frame.image, [cv2.IMWRITE_PNG_COMPRESSION, _COMPRESSION])[1]
        try:
            file.write_bytes(data.tobytes())  # not cv2.imwrite: it fails on some names on Windows
        except OSError as error:
            _remove(file)
            raise SinkError(f"{file} cannot be written: {reason(error)}") from error

    def close(self) -> None:
        """Nothing to finish: every picture is complete."""


def _remove(file: Path) -> None:
    try:
        if file.is_file():
            file.unlink()
    except OSError:
        pass  # the disk is broken in more than one way; the first error is the one to report
