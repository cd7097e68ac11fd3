"""What stands behind a masked painting where no second style does: the frame, blurred or not; a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.errors import OptionError
from realtime.preprocess import resize
from realtime.source_folder import read_picture

Image = NDArray[np.uint8]

BLUR = 24  # part of the shorter side that the blur's deviation is
_SMALL = 8  # times smaller a blurred picture is made


class Backdrop:
    """A picture to stand behind, for each frame.

    Args:
        kind: "original", "blur", or "picture".
        image: of "picture", (H, W, 3) uint8 BGR.
    """

    def __init__(self, kind: Literal["original", "blur", "picture"], image: Image | None = None) -> None:
        self._kind, self._image = kind, image
        self._fitted: Image | None = None

    def picture(self, frame_image: Image) -> Image:
        """Return what is behind a frame, of its size: (H, W, 3) uint8 BGR, not to be written to."""
        if self._kind == "blur":
            return _blurred(frame_image)
        if self._image is None:
            return frame_image
        if self._fitted is None or self._fitted.shape != frame_image.shape:
            self._fitted = _covering(self._image, frame_image.shape[1], frame_image.shape[0])
        return self._fitted


def find_backdrop(text: str) -> Backdrop | None:
    """Return the backdrop that a text names, None where it names something else, such as a style.

    "original", "blur", or "picture:FILE".

    Raises:
        OptionError: if that picture cannot be read.
    """
    if text in ("original", "blur"):
        return Backdrop(cast(Literal["original", "blur"], text))
    if not text.startswith("picture:"):
        return None
    file = Path(text.removeprefix("picture:")).expanduser()
    image = read_picture(file)
    if image is None:
        raise OptionError(f"--background {text}: {file} cannot be read as a picture")
    return Backdrop("picture", image)


def _blurred(image: Image) -> Image:
    height, width = image.shape[:2]
    small = resize(image, (max(1, width // _SMALL), max(1, height // _SMALL)))
    deviation = max(1.0, min(small.shape[:2]) / BLUR)
    soft = cv2.GaussianBlur(small, (0, 0), deviation)
    return cast(Image, cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC))


def _covering(image: Image, width: int, height: int) -> Image:
    """Return the middle of a picture, as much as fills the size."""
    scale = max(width / image.shape[1], height / image.shape[0])
    size_wh = max(width, round(image.shape[1] * scale)), max(height, round(image.shape[0] * scale))
    enlarged = resize(image, size_wh)
    top, left = (enlarged.shape[0] - height) // 2, (enlarged.shape[1] - width) // 2
    return np.ascontiguousarray(enlarged[top : top + height, left : left + width])
