"""Kernels in 8 bits, and what they are multiplied with: a quarter of the room, hardly another picture."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# What is all 0 stays so.
_LEAST = 1e-12
# Of a kernel's own scale, in half precision: a kernel that needs less is next to nothing.
_LEAST_OF_KERNELS = 2.0**-20


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


def kernels_as_levels(weight: NDArray[Any]) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """Return levels and scales as `as_levels`, a scale for each kernel, which take a quarter more room.

    For weights of which a channel's largest says nothing of the rest: at up to 17 times the usual size in a
    decoder, it left the rest few levels.

    Args:
        weight: (O, I, K, K).
    Returns:
        (O, I, K, K) and (O, I, 1, 1).
    """
    largest = np.abs(weight).max(axis=(2, 3), keepdims=True)
    scale = np.maximum(largest / 127, _LEAST_OF_KERNELS).astype(np.float16)
    levels = np.rint(weight / scale.astype(np.float32))
    return np.clip(levels, -127, 127).astype(np.int8), scale
