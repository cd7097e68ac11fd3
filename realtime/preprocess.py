"""From a frame to what the network sees, and back to the size of the frame."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.buffers import BufferPool
from realtime.contract import StyleContract

Image = NDArray[np.uint8]


def resize(image: Image, size_wh: tuple[int, int], buffers: BufferPool | None = None) -> Image:
    """Return the picture, (H, W, 3) uint8, at another size; the same array if it has it already.

    Areas are averaged going down, so that nothing flickers; linear going up.

    Args:
        image: only read.
        size_wh: width and height to have.
        buffers: where the memory comes from; None for a new array each time.
    """
    height, width = image.shape[:2]
    if (width, height) == tuple(size_wh):
        return image
    shrinks = size_wh[0] < width or size_wh[1] < height
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized = None if buffers is None else buffers.take((size_wh[1], size_wh[0], 3))
    return cast(Image, cv2.resize(image, tuple(size_wh), dst=resized, interpolation=interpolation))


def network_size(
    source_wh: tuple[int, int], contract: StyleContract, asked_wh: tuple[int, int] | None = None
) -> tuple[int, int]:
    """Return the width and height that the network is to see.

    What was asked for is taken or refused, never changed. A style that was compiled for one size gets
    that. Else a source's own size is fitted: scaled to within the contract's limits, keeping the
    picture's shape as nearly as they allow, and rounded down to the contract's multiple.

    Raises:
        ContractError: if the size that was asked for does not fit the contract.
    """
    if asked_wh is not None:
        contract.check_size(asked_wh)
        return asked_wh
    if contract.only_wh is not None:
        return contract.only_wh
    scale = max(1.0, contract.min_size / min(source_wh))
    scale = min(scale, contract.max_size / max(source_wh))
    multiple = contract.size_multiple
    least = -(-contract.min_size // multiple) * multiple
    most = contract.max_size // multiple * multiple
    width, height = (min(max(round(side * scale) // multiple * multiple, least), most) for side in source_wh)
    return width, height


def fitted_into(image: Image, size_wh: tuple[int, int]) -> Image:
    """Return (H, W, 3) uint8 of that size: the whole picture in its own shape, black bars beside it.

    A picture that has the size already is returned as it is.
    """
    height, width = image.shape[:2]
    if (width, height) == size_wh:
        return image
    scale = min(size_wh[0] / width, size_wh[1] / height)
    inner_wh = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, inner_wh, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    fitted = np.zeros((size_wh[1], size_wh[0], 3), np.uint8)
    left, top = (size_wh[0] - inner_wh[0]) // 2, (size_wh[1] - inner_wh[1]) // 2
    fitted[top : top + inner_wh[1], left : left + inner_wh[0]] = small
    return fitted
