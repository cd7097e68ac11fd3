"""By how much a region of one picture differs from the same region of another, away from its border."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

AWAY = 8  # pixels from a region's border
MOST = 0.10  # what a part's statistics may differ by from what they are alone
Image = NDArray[np.uint8]


def apart(one: Image, other: Image, region: NDArray[np.bool_]) -> float:
    """Return by how much the statistics of a region differ, as a share of what they are in the second."""
    first, second = _statistics(one, region), _statistics(other, region)
    return float(np.max(np.abs(first - second) / second))


def inside(alpha: Image) -> NDArray[np.bool_]:
    """Return what is meant, by a mask of 0 to 255, and at least `AWAY` pixels from what is not."""
    reach = 2 * AWAY + 1
    return cv2.erode(np.where(alpha > 127, np.uint8(255), np.uint8(0)), np.ones((reach, reach), np.uint8)) > 0


def _statistics(image: Image, region: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the mean and the deviation of each colour, and of the fine detail, in a region."""
    values = image.astype(np.float64)
    fine = (values - cv2.GaussianBlur(values, (0, 0), 2))[region]
    return np.concatenate([values[region].mean(axis=0), values[region].std(axis=0), fine.std(axis=0)])
