"""Pictures and films whose pixels are numbers: which of them have a label.

A palette's picture has its indices as labels, whatever their colours; a grey one its values. Of a film, and
of a JPEG or WebP, compression moves values: those within `NEAR` of a label have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.errors import MaskError
from realtime.mask import Alpha
from realtime.media import MEDIA_ERRORS, location
from realtime.source_folder import decode_picture

NEAR = 8
_LOSSY = frozenset({".jpg", ".jpeg", ".webp"})
_MOST_LISTED = 16


def read_labels(file: Path) -> NDArray[np.int32]:
    """Return the label of every pixel of a picture, (h, w).

    Raises:
        MaskError: it cannot be read, or has colours without a palette.
    """
    indices = _palette_indices(file)
    if indices is not None:
        return indices
    values = decode_picture(file, cv2.IMREAD_UNCHANGED)
    if values is None:
        raise MaskError(f"--mask {file} cannot be read as a picture")
    if values.ndim == 3:
        colours = values[:, :, :3]
        if file.suffix.lower() not in _LOSSY and (colours != colours[:, :, :1]).any():
            raise MaskError(
                f"--mask {file} has colours, and labels are the numbers of a palette or of greys; save it as "
                "a PNG with a palette, or leave the label out to take what is bright"
            )
        values = colours[:, :, 0]
    return values.astype(np.int32)


def labelled(file: Path, labels: Sequence[int]) -> Alpha:
    """Return 255 where a picture has one of the labels, 0 elsewhere, (h, w); see `read_labels`."""
    return pick(read_labels(file), labels, near=NEAR if file.suffix.lower() in _LOSSY else 0)


def pick(values: NDArray[np.integer], labels: Sequence[int], *, near: int) -> Alpha:
    """Return 255 where a value is one of the labels or so near to it, 0 elsewhere."""
    values = values.astype(np.int32)
    found = np.zeros(values.shape, bool)
    for label in labels:
        found |= np.abs(values - label) <= near
    return cast(Alpha, np.where(found, np.uint8(255), np.uint8(0)))


def listed(values: NDArray[np.integer]) -> str:
    """Return the labels that a picture has, for a message."""
    there = np.unique(values).tolist()
    more = f" and {len(there) - _MOST_LISTED} more" if len(there) > _MOST_LISTED else ""
    return ", ".join(map(str, there[:_MOST_LISTED])) + more


def _palette_indices(file: Path) -> NDArray[np.int32] | None:
    """Return the indices of a palette's picture; None of any other. OpenCV knows only the colours."""
    if file.suffix.lower() in _LOSSY:
        return None
    try:
        with av.open(location(file)) as container:
            picture = next(container.decode(video=0))
            if picture.format.name != "pal8":
                return None
            return cast("NDArray[np.int32]", np.asarray(picture.to_ndarray()[0], np.int32))
    except (*MEDIA_ERRORS, StopIteration):
        return None
