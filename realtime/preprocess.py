"""From a frame to what the network sees, and back to the size and colours of the frame."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.contract import StyleContract

Image = NDArray[np.uint8]


def to_network(image_bgr: Image, size_wh: tuple[int, int]) -> Image:
    """Return the network's input, a new array: (H, W, 3) uint8 BGR -> (h, w, 3) uint8 RGB."""
    # Resize before the colours are swapped, or after: whichever swaps fewer pixels.
    if image_bgr.shape[0] * image_bgr.shape[1] > size_wh[0] * size_wh[1]:
        return swap_red_blue(resize(image_bgr, size_wh))
    return resize(swap_red_blue(image_bgr), size_wh)


def from_network(image_rgb: Image, size_wh: tuple[int, int]) -> Image:
    """Return the network's output as a picture of the wanted size: uint8 RGB -> uint8 BGR."""
    return to_network(image_rgb, size_wh)


def resize(image: Image, size_wh: tuple[int, int]) -> Image:
    """Return the picture at another size; the same array if it has it already.

    Areas are averaged going down, so that nothing flickers; linear going up.
    """
    height, width = image.shape[:2]
    if (width, height) == tuple(size_wh):
        return image
    shrinks = size_wh[0] < width or size_wh[1] < height
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cast(Image, cv2.resize(image, tuple(size_wh), interpolation=interpolation))


def swap_red_blue(image: Image) -> Image:
    """Return a new array with the first and last channel exchanged: RGB <-> BGR."""
    return cast(Image, cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def network_size(
    source_wh: tuple[int, int], contract: StyleContract, asked_wh: tuple[int, int] | None = None
) -> tuple[int, int]:
    """Return the width and height that the network is to see.

    What was asked for is taken or refused, never changed. A source's own size is fitted: scaled to
    within the contract's limits, keeping the picture's shape as nearly as they allow, and rounded
    down to the contract's multiple.

    Raises:
        ContractError: if the size that was asked for does not fit the contract.
    """
    if asked_wh is not None:
        contract.check_size(asked_wh)
        return asked_wh
    scale = max(1.0, contract.min_size / min(source_wh))
    scale = min(scale, contract.max_size / max(source_wh))
    multiple = contract.size_multiple
    least = -(-contract.min_size // multiple) * multiple
    most = contract.max_size // multiple * multiple
    width, height = (min(max(round(side * scale) // multiple * multiple, least), most) for side in source_wh)
    return width, height
