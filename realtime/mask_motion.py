"""Whatever moves, before a background that is learnt: OpenCV's mixture of Gaussians (Zivkovic 2004)."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from realtime.frame import Frame
from realtime.mask import Alpha
from realtime.preprocess import resize

SHORT_SIDE = 180
HISTORY = 500  # frames after which what stands still is background
_HOLES = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))


class MotionMask:
    """See `realtime.mask.MaskSource`. The first frames are the background: step out of the picture."""

    rough = True
    warm_up = HISTORY
    notice: str | None = None

    def __init__(self) -> None:
        self._learnt = cv2.createBackgroundSubtractorMOG2(history=HISTORY, detectShadows=True)
        self._size: tuple[int, int] | None = None

    def alpha(self, frame: Frame) -> Alpha:
        """Return 255 where the frame differs from the background, 0 elsewhere and in shadows."""
        width, height = frame.size_wh
        scale = min(1.0, SHORT_SIDE / min(width, height))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        if size != self._size:  # of another camera, or turned
            self._learnt = cv2.createBackgroundSubtractorMOG2(history=HISTORY, detectShadows=True)
            self._size = size
        found = self._learnt.apply(cv2.GaussianBlur(resize(frame.image, size), (3, 3), 0))
        moves = np.where(found == 255, np.uint8(255), np.uint8(0))
        alone = cv2.medianBlur(moves, 5)
        return cast(Alpha, cv2.morphologyEx(alone, cv2.MORPH_CLOSE, _HOLES))

    def forget(self) -> None:
        """Learn the background anew."""
        self._size = None

    def close(self) -> None:
        """Nothing to give back."""
