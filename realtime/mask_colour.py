"""Chroma key: everything is meant but one colour, such as a green cloth."""

from __future__ import annotations

import re
from typing import cast

import cv2
import numpy as np

from realtime.errors import MaskError
from realtime.frame import Frame
from realtime.mask import Alpha, FrameMask

# How much of the key's chroma (Cr and Cb, ITU-R BT.601) a place has: up to the first all of the frame
# stays, from the second on nothing. Cloth in the shade has less of it, in the same direction; what leans away
# is no cloth.
FEW, ENOUGH = 0.12, 0.42
LEANING = 1.2
LEAST_CHROMA = 40.0
_KEY = re.compile(r"#?([0-9a-fA-F]{6})")


class ColourMask(FrameMask):
    """Leaves out a colour, however light or dark it is; see `realtime.mask.MaskSource`.

    Args:
        key_rgb: the colour, three numbers of 0 to 255.
    Raises:
        MaskError: if that is nearly grey.
    """

    def __init__(self, key_rgb: tuple[int, int, int]) -> None:
        pixel = np.array([[key_rgb[::-1]]], np.uint8)
        self._key = cv2.cvtColor(pixel, cv2.COLOR_BGR2YCrCb)[0, 0, 1:].astype(np.float32) - 128
        if np.linalg.norm(self._key) < LEAST_CHROMA:
            raise MaskError("a key needs a colour, such as #00ff00, and this is nearly grey")

    def alpha(self, frame: Frame) -> Alpha:
        """Return 0 where the frame has the colour, 255 where it is another."""
        chroma = cv2.cvtColor(frame.image, cv2.COLOR_BGR2YCrCb)[:, :, 1:].astype(np.float32) - 128
        length = float(np.linalg.norm(self._key))
        along = chroma @ (self._key / length)
        across = np.abs(chroma @ (self._key[::-1] * (1, -1) / length).astype(np.float32))
        share = (along - LEANING * across) / length
        return cast(Alpha, np.clip((ENOUGH - share) * (255 / (ENOUGH - FEW)), 0, 255).astype(np.uint8))


def parse_key(text: str) -> ColourMask:
    """Return the mask of "#rrggbb".

    Raises:
        MaskError: if that is no colour, or a grey, which has no chroma to tell it by.
    """
    found = _KEY.fullmatch(text.strip())
    if found is None:
        raise MaskError(f"--mask key:{text}: give the colour to leave out as #rrggbb, such as key:#00ff00")
    red, green, blue = bytes.fromhex(found[1])
    try:
        return ColourMask((red, green, blue))
    except MaskError as error:
        raise MaskError(f"--mask key:{text}: {error}") from error
