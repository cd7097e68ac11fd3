"""Between an (H, W, 3) uint8 BGR picture and the tensor that a contract asks for."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.contract import RECURRENT, StyleContract
from realtime.errors import EngineError

Image = NDArray[np.uint8]


def input_shape(contract: StyleContract, size_wh: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the shape of the graph's input and output for pictures of this width and height."""
    width, height = size_wh
    return (1, height, width, 3) if contract.layout == "NHWC" else (1, 3, height, width)


def input_shapes(contract: StyleContract, size_wh: tuple[int, int]) -> list[tuple[int, ...]]:
    """Return the shapes of the graph's inputs: picture; of a recurrent style the painting before, trust."""
    shape = input_shape(contract, size_wh)
    return [shape, shape, (*shape[:3], 1)] if contract.kind == RECURRENT else [shape]


def nothing_before(image: Image) -> tuple[Image, Image]:
    """Return what a recurrent graph takes with a picture that stands alone: no painting, and no trust."""
    height, width = image.shape[:2]
    return np.zeros((1, height, width, 3), np.uint8), np.zeros((1, height, width, 1), np.uint8)


def tensors_before(contract: StyleContract, image: Image, before: Image, trust: Image) -> tuple[Image, Image]:
    """Return what a recurrent graph takes beside a picture; see `realtime.recurrent.RecurrentEngine`.

    Raises:
        EngineError: if the style takes no such thing, or it is not of the picture's size.
    """
    if contract.kind != RECURRENT:
        raise EngineError(f"style {contract.name} paints frame by frame, and takes no painting before")
    for array, shape in ((before, image.shape), (trust, image.shape[:2])):
        if array.shape != shape or array.dtype != np.uint8:
            raise EngineError(f"a painting before, or its trust, must be {shape} uint8, got {array.shape}")
    return to_tensor(before, contract), np.ascontiguousarray(trust)[None, ..., None]


def to_tensor(image: Image, contract: StyleContract) -> NDArray[Any]:
    """Return the graph's input: a view of the picture for NHWC uint8 BGR, else a new array.

    Raises:
        EngineError: if the picture is not (H, W, 3) uint8.
        ContractError: if its size does not fit the contract.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise EngineError(f"the network takes (H, W, 3) uint8, got {image.shape} {image.dtype}")
    contract.check_size((image.shape[1], image.shape[0]))
    image = _in_order(np.ascontiguousarray(image), contract)
    if contract.layout == "NHWC":
        return np.expand_dims(image, 0)  # (1, H, W, 3)
    chw = np.ascontiguousarray(image.transpose(2, 0, 1))
    return np.expand_dims(np.multiply(chw, np.float32(1 / 255), dtype=np.float32), 0)  # (1, 3, H, W)


def to_image(tensor: NDArray[Any], contract: StyleContract) -> Image:
    """Return the graph's output as a picture, (H, W, 3) uint8 BGR; a view of it for NHWC uint8 BGR."""
    if contract.layout == "NHWC":
        return _in_order(cast(Image, tensor[0]), contract)
    # Clamped although the graph does it too: 256 would become 0, a black speck in the brightest spot.
    # NaN becomes black, on every processor, by which `realtime.engine_guard` knows it.
    scaled = np.nan_to_num(np.clip(tensor[0] * np.float32(255) + np.float32(0.5), 0, 255), copy=False)
    return _in_order(np.ascontiguousarray(scaled.astype(np.uint8).transpose(1, 2, 0)), contract)


def unlocked(array: NDArray[Any]) -> NDArray[Any]:
    """Return the same memory without numpy's lock: some runtimes take no read-only array, to read it."""
    return np.asarray(_Unlocked(array))


def swap_red_blue(image: Image) -> Image:
    """Return a new array with the first and last channel exchanged: RGB <-> BGR."""
    return cast(Image, cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def _in_order(image: Image, contract: StyleContract) -> Image:
    return image if contract.colour == "BGR" else swap_red_blue(image)


class _Unlocked:
    def __init__(self, array: NDArray[Any]) -> None:
        self._array = array  # keeps the memory
        address = array.__array_interface__["data"][0]
        self.__array_interface__ = {**array.__array_interface__, "data": (address, False)}
