"""What a blend of two paintings loses is given back."""

from __future__ import annotations

import cv2
import numpy as np
from motion_makers import texture
from numpy.typing import NDArray

from realtime.grain import LAG, keep_grain

Image = NDArray[np.uint8]


def fine(image: Image) -> float:
    values = image.astype(np.float64)
    return float((values - cv2.blur(values, (5, 5))).std())


def test_fine_strokes_that_an_average_made_pale_are_strong_again() -> None:
    one, other = texture((160, 96), 1, grain_px=1.0), texture((160, 96), 2, grain_px=1.0)
    blended = cv2.addWeighted(one, 0.5, other, 0.5, 0)
    everywhere = np.ones(one.shape[:2], np.float32)
    kept = keep_grain(blended, other, everywhere, dst=np.empty_like(one))
    assert fine(blended) < 0.75 * fine(other)
    assert 0.85 * fine(other) < fine(kept) < 1.1 * fine(other)
    assert abs(float(kept.mean()) - float(other.mean())) < LAG


def test_where_nothing_is_blended_the_new_painting_stays_as_it_is() -> None:
    new = texture((96, 64))
    nowhere = np.zeros(new.shape[:2], np.float32)
    assert (keep_grain(new, new, nowhere, dst=np.empty_like(new)) == new).all()


def test_a_blend_whose_colour_lags_is_pulled_up_to_the_new_one() -> None:
    new = np.full((64, 96, 3), 120, np.uint8)
    kept = keep_grain(new - 20, new, np.ones((64, 96), np.float32), dst=np.empty_like(new))
    assert (kept == 120 - LAG).all()
