"""Kernels in 8 bits, with a scale for each output channel: a quarter of the room, hardly another picture."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# A channel of zeros stays one.
_LEAST = 1e-12


def as_levels(weight: NDArray[Any]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return levels from -127 to 127, and scales that give the weight when they are multiplied with them.

    A number is then off by at most 1/254 of its channel's largest.

    Args:
        weight: (O, ...), an output channel in each row.
    Returns:
        (O, ...) and (O, 1, ...).
    """
    axes = tuple(range(1, weight.ndim))
    largest = np.maximum(np.abs(weight).max(axis=axes, keepdims=True), _LEAST)
    scale = largest.astype(np.float32) / np.float32(127)
    return np.rint(weight / scale).astype(np.int8), scale
