"""The contrast and the colour that a blend of paintings has lost, given back patch by patch.

Strokes that lie differently in two paintings grow pale where the two are averaged, and a style is known by
its strokes. And a blend lags behind where the light changes. The new painting's patches tell both.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]

PATCH = 8  # pixels: wider than a stroke's edge, narrower than what a stroke paints
MOST_GAIN = 2.0
LAG = 2.0  # levels: a patch's colour is never further from the new painting's


def keep_grain(blended: Field, new: Field, moving: Field) -> Field:
    """Return a blend with the contrast of the new painting, and its colours but for `LAG` levels.

    In each patch the blend's deviation from its mean is multiplied so that it is the new painting's, by at
    most `MOST_GAIN` and never less than 1.

    Args:
        blended: (H, W, 3) float32; written to, and returned.
        new: the new painting, (H, W, 3) float32.
        moving: (h, w) float32 of any size: 1 where contrast is to be kept; 0 where all stands still, for
            there what a blend loses is noise.
    """
    height, width = new.shape[:2]
    patches_wh = max(1, width // PATCH), max(1, height // PATCH)
    mean, new_mean = _patches(blended, patches_wh), _patches(new, patches_wh)
    apart = new_mean - mean
    ratio = (_variance(new, new_mean) + 1) / (_variance(blended, mean) + 1)
    wanted = cv2.resize(moving, patches_wh, interpolation=cv2.INTER_AREA)
    gain = 1 + wanted * (np.sqrt(np.clip(ratio, 1, MOST_GAIN**2)) - 1)
    offset = (1 - gain)[..., None] * mean + apart - np.clip(apart, -LAG, LAG)
    gains = cv2.cvtColor(cv2.resize(gain, (width, height)), cv2.COLOR_GRAY2BGR)
    np.multiply(blended, gains, out=blended)
    np.add(blended, cv2.resize(offset, (width, height)), out=blended)
    return np.clip(blended, 0, 255, out=blended)


def _patches(picture: Field, patches_wh: tuple[int, int]) -> Field:
    return cast(Field, cv2.resize(picture, patches_wh, interpolation=cv2.INTER_AREA))


def _variance(picture: Field, mean: Field) -> Field:
    """Return the variance in each patch and around it, summed over the colours, (h, w)."""
    squares = _patches(cast(Field, np.square(picture)), (mean.shape[1], mean.shape[0]))
    return cast(Field, cv2.blur((squares - np.square(mean)).sum(axis=2), (3, 3)))
