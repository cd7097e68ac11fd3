"""Between an (H, W, 3) uint8 RGB picture and the tensor that a contract asks for."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from realtime.contract import StyleContract
from realtime.errors import EngineError


def input_shape(contract: StyleContract, size_wh: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the shape of the graph's input and output for pictures of this width and height."""
    width, height = size_wh
    return (1, height, width, 3) if contract.layout == "NHWC" else (1, 3, height, width)


def to_tensor(image_rgb: NDArray[np.uint8], contract: StyleContract) -> NDArray[Any]:
    """Return the graph's input: a view of the picture for NHWC uint8, else a new array.

    Raises:
        EngineError: if the picture is not (H, W, 3) uint8.
        ContractError: if its size does not fit the contract.
    """
    if image_rgb.dtype != np.uint8 or image_rgb.ndim != 3 or image_rgb.shape[2] != 3:
        raise EngineError(f"the network takes (H, W, 3) uint8, got {image_rgb.shape} {image_rgb.dtype}")
    contract.check_size((image_rgb.shape[1], image_rgb.shape[0]))
    if contract.layout == "NHWC":
        return np.expand_dims(np.ascontiguousarray(image_rgb), 0)  # (1, H, W, 3)
    chw = np.ascontiguousarray(image_rgb.transpose(2, 0, 1))
    return np.expand_dims(np.multiply(chw, np.float32(1 / 255), dtype=np.float32), 0)  # (1, 3, H, W)


def to_image(tensor: NDArray[Any], contract: StyleContract) -> NDArray[np.uint8]:
    """Return the graph's output as a picture, (H, W, 3) uint8 RGB; a view of it for NHWC uint8."""
    if contract.layout == "NHWC":
        return cast(NDArray[np.uint8], tensor[0])
    # Clamped although the graph does it too: 256 would become 0, a black speck in the brightest spot.
    scaled = np.clip(tensor[0] * np.float32(255) + np.float32(0.5), 0, 255)
    return np.ascontiguousarray(scaled.astype(np.uint8).transpose(1, 2, 0))
