"""Masks from frame to frame: still where the picture is still, at once where it moves."""

import numpy as np

from realtime.mask_steady import KEPT, steady_alpha


def test_a_trembling_mask_of_a_still_picture_comes_to_rest() -> None:
    grey = np.full((32, 48), 90, np.uint8)
    chance = np.random.default_rng(0)
    held, given, found = None, [], []
    for _ in range(40):
        alpha = np.clip(128 + chance.normal(0, 30, grey.shape), 0, 255).astype(np.uint8)
        settled, held = steady_alpha(held, grey, alpha)
        found.append(alpha)
        given.append(settled)
    trembling, resting = (
        np.abs(np.diff(np.stack(some[10:]).astype(int), axis=0)).mean() for some in (found, given)
    )
    assert resting < 0.4 * trembling


def test_nothing_trails_behind_what_moves() -> None:
    before, now = np.full((32, 48), 90, np.uint8), np.full((32, 48), 90, np.uint8)
    before[:, :20] = 220  # somebody, who has left
    inside, outside = np.full((32, 48), 255, np.uint8), np.zeros((32, 48), np.uint8)
    _, held = steady_alpha(None, before, inside)
    settled, _ = steady_alpha(held, now, outside)
    assert settled[:, :16].max() == 0
    assert settled[:, 30:].max() == round(KEPT * 255)  # there the picture stood still


def test_another_size_begins_anew_and_nothing_is_written_to() -> None:
    alpha, grey = np.full((4, 6), 7, np.uint8), np.zeros((4, 6), np.uint8)
    _, held = steady_alpha(None, np.zeros((8, 8), np.uint8), np.full((8, 8), 255, np.uint8))
    for array in (alpha, grey):
        array.flags.writeable = False
    settled, _ = steady_alpha(held, grey, alpha)
    assert np.array_equal(settled, alpha)
