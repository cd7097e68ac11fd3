"""8-bit weights that processors without VNNI add up in 16 bits."""

import numpy as np
import pytest

from export.byte_pairs import find_steps, keep_in_pairs

LARGEST_BYTE = 255
MAX_SUM = 2**15 - 1


def worst_sums(levels: np.ndarray) -> tuple[int, int]:
    """Return the largest and the smallest sum of two neighbouring channels' bytes times their weights."""
    even = np.pad(levels, ((0, 0), (0, levels.shape[1] % 2), (0, 0), (0, 0)))
    first, second = even[:, ::2], even[:, 1::2]
    largest = LARGEST_BYTE * (np.maximum(first, 0) + np.maximum(second, 0))
    smallest = LARGEST_BYTE * (np.minimum(first, 0) + np.minimum(second, 0))
    return int(largest.max()), int(smallest.min())


@pytest.mark.parametrize("channels", [1, 3, 16])
def test_no_two_neighbours_overflow(channels: int) -> None:
    levels = np.random.default_rng(channels).integers(-127, 128, (40, channels, 3, 3), dtype=np.int32)
    kept = keep_in_pairs(levels)
    assert kept.shape == levels.shape and np.abs(kept).max() <= 127
    largest, smallest = worst_sums(kept)
    assert largest <= MAX_SUM and smallest >= -MAX_SUM - 1
    np.testing.assert_array_equal(keep_in_pairs(kept), kept)


def test_only_what_is_above_the_limit_changes() -> None:
    levels = np.array([127, 127, 127, -127, -100, -90, 64, 64, 127, 1], np.int32).reshape(1, 10, 1, 1)
    expected = [64, 64, 127, -127, -69, -59, 64, 64, 127, 1]
    assert keep_in_pairs(levels).ravel().tolist() == expected


def test_the_step_is_the_best_one_for_all_of_a_channels_weights() -> None:
    rng = np.random.default_rng(5)
    weights = rng.normal(0, 0.05, (8, 16, 3, 3)).astype(np.float32)
    weights[0] = 0  # a channel that was pruned
    steps = find_steps(weights)
    assert (steps > 0).all()

    def error(step: float, channel: int) -> float:
        levels = np.clip(np.round(weights[channel : channel + 1] / step), -127, 127).astype(np.int32)
        return float(np.square(keep_in_pairs(levels) * step - weights[channel]).sum())

    for channel in range(1, 8):
        largest = float(np.abs(weights[channel]).max())
        seven_bits, eight_bits = largest / 64, largest / 127
        assert error(float(steps[channel]), channel) <= min(
            error(seven_bits, channel), error(eight_bits, channel)
        )
        # The sum of the errors is that of more than seven bits.
        assert error(float(steps[channel]), channel) < 0.6 * error(seven_bits, channel)
