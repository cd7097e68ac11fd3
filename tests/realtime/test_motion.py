from __future__ import annotations

import numpy as np
import pytest
from motion_makers import moving_square, sliding_texture, texture

from realtime.motion import LONGEST, SHORTEST, find_motion, small_picture


def test_noise_is_no_motion() -> None:
    chance, room = np.random.default_rng(0), texture((160, 90))
    one, other = (np.clip(room + chance.normal(0, 4, room.shape), 0, 255).astype(np.uint8) for _ in range(2))
    motion = find_motion(one, other)
    assert motion is not None
    assert motion.flow is None or float(np.abs(motion.flow).mean()) < 0.02
    assert float(motion.trust.mean()) > 0.95


def test_a_texture_that_slides_is_followed_and_trusted() -> None:
    before, now = sliding_texture(2, (160, 96), step_xy=(3, 0))
    motion = find_motion(now, before)
    assert motion is not None and motion.flow is not None
    inside = np.s_[20:-20, 20:-20]
    assert float(np.median(motion.flow[inside][..., 0])) == pytest.approx(-3, abs=0.3)
    assert float(motion.trust[inside].mean()) > 0.8
    assert float(motion.still[inside].mean()) < 0.1


def test_without_the_flow_only_what_stands_still_is_trusted() -> None:
    move = moving_square()
    motion = find_motion(move.image, move.previous, follow=False)
    assert motion is not None and motion.flow is None
    assert (motion.trust == motion.still).all()
    assert float(motion.trust[move.hidden].max()) == 0
    assert float(motion.trust[:10].min()) == 1


def test_what_was_hidden_is_not_trusted() -> None:
    move = moving_square()
    motion = find_motion(move.image, move.previous)
    assert motion is not None
    assert float(motion.trust[move.hidden].mean()) < 0.05


def test_a_cut_is_found() -> None:
    assert find_motion(texture((96, 64), 1), texture((96, 64), 2)) is None


def test_light_that_changes_is_not_taken_for_noise() -> None:
    room = texture((96, 64))
    motion = find_motion(room, np.clip(room.astype(np.int16) + 4, 0, 255).astype(np.uint8))
    assert motion is not None
    assert float(motion.still.max()) == 0


@pytest.mark.parametrize(
    ("size_wh", "longer"),
    [
        ((640, 360), SHORTEST),
        ((361, 681), 170),
        ((64, 64), 64),
        ((400, 300), SHORTEST),
        ((1919, 1079), LONGEST),
    ],
)
def test_motion_is_looked_for_at_a_small_size_of_the_same_shape(
    size_wh: tuple[int, int], longer: int
) -> None:
    small = small_picture(np.zeros((size_wh[1], size_wh[0], 3), np.uint8))
    height, width = small.shape[:2]
    assert max(height, width) == longer
    assert width / height == pytest.approx(size_wh[0] / size_wh[1], rel=0.02)
