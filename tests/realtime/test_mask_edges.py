"""A mask's edges on the frame's edges."""

import cv2
import numpy as np
import pytest

from realtime.mask_edges import fit_alpha


def test_a_coarse_circle_becomes_the_frames_circle() -> None:
    circle = cv2.circle(np.zeros((180, 320), np.uint8), (150, 90), 60, 255, -1)
    frame_image = np.where(circle[:, :, None] > 0, np.uint8((60, 90, 200)), np.uint8((70, 80, 60)))
    frame_image = cv2.add(frame_image, np.random.default_rng(0).integers(0, 6, (180, 320, 3), dtype=np.uint8))
    coarse = cv2.resize(circle, (80, 45), interpolation=cv2.INTER_AREA)
    missed, left = (
        np.abs(fit_alpha(coarse, frame_image, rough=rough).astype(int) - circle).mean()
        for rough in (False, True)
    )
    assert left < 0.6 * missed


def test_nothing_shows_through_far_from_the_edge() -> None:
    frame_image = np.random.default_rng(0).integers(0, 256, (180, 320, 3), dtype=np.uint8)
    rough = np.zeros((45, 80), np.uint8)
    rough[10:35, 20:60] = 255
    fine = fit_alpha(rough, frame_image, rough=True)
    assert fine[:20].max() == 0
    assert fine[70:110, 120:200].min() == 255


@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize("size", [(1, 1), (7, 300), (181, 321)])
def test_an_empty_or_a_full_mask_stays_so_at_any_size(value: int, size: tuple[int, int]) -> None:
    frame_image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    fine = fit_alpha(np.full((16, 24), value, np.uint8), frame_image, rough=True)
    assert fine.shape == size
    assert (fine == value).all()
