import numpy as np
import pytest

from training.soft_regions import draw_region


@pytest.mark.parametrize("seed", range(12))
def test_a_region_is_neither_nothing_nor_all_and_the_same_every_time(seed: int) -> None:
    mask = draw_region(64, np.random.default_rng(seed))
    assert mask.shape == (64, 64) and mask.dtype == np.float32
    assert mask.min() >= 0 and mask.max() <= 1
    assert 0.05 < mask.mean() < 0.95
    assert np.array_equal(mask, draw_region(64, np.random.default_rng(seed)))


def test_borders_are_hard_and_soft() -> None:
    between = [
        float(((mask > 0.01) & (mask < 0.99)).mean())
        for mask in (draw_region(64, np.random.default_rng(seed)) for seed in range(30))
    ]
    assert min(between) < 0.02 and max(between) > 0.2
