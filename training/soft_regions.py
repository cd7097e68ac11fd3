"""Regions made by chance: soft masks to practise on, of any shape that a person or a sky may have."""

import cv2
import numpy as np
from numpy.typing import NDArray

# Of the noise that a region's outline follows, in places along a side.
_COARSEST, _FINEST = 2, 7


def draw_region(size: int, chance: np.random.Generator) -> NDArray[np.float32]:
    """Return a mask, (size, size) in [0, 1], that covers from a tenth to nine tenths.

    Smooth noise above a threshold: a blob, two, or a half of the picture. Its border is from hard to soft
    over a tenth of the side.
    """
    places = int(chance.integers(_COARSEST, _FINEST + 1))
    noise = chance.standard_normal((places, places)).astype(np.float32)
    smooth = cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC)
    mask = (smooth > np.quantile(smooth, chance.uniform(0.1, 0.9))).astype(np.float32)
    softness = float(chance.uniform(0, size / 20))
    if softness > 0.5:
        mask = cv2.GaussianBlur(mask, (0, 0), softness)
    return np.asarray(np.clip(mask, 0, 1), np.float32)
