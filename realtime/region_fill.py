"""A picture of one region alone: what stands around it is covered with pieces of the region itself.

What tells styles apart looks at whole pictures, at means and deviations of what it sees everywhere. A region
cut out and laid on one colour would be judged by its outline and by that colour as well.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]  # (H, W, 3)
Alpha = NDArray[np.uint8]  # (H, W), 0 outside, 255 inside
Places = NDArray[np.bool_]  # (H, W)

_WORK_SIDE = 64  # longer side, at which moves are looked for
_MOST_MOVES = 64
_RIM = 64  # of the shorter side the part that masks are seldom exact in


def fill_around(image: Image, alpha: Alpha) -> Image:
    """Return the picture with everything outside the region replaced by the region's own pixels.

    The region is moved as a whole to where it covers most of what is still open, again and again: large
    pieces, and all of it about equally often. The nearest pixel stands where no move has reached.

    Args:
        image: (H, W, 3) uint8.
        alpha: (H, W) uint8; inside from 128 on. One without an inside leaves the picture as it is.
    """
    inside = alpha >= 128
    if not inside.any() or inside.all():
        return image
    source = _without_rim(inside, max(1, min(alpha.shape) // _RIM))
    filled, open_places = image.copy(), ~inside
    for _ in range(_MOST_MOVES):
        move = _best_move(source, open_places)
        if move is None:
            break
        to, of = _overlap(alpha.shape, *move)
        taken = source[of] & open_places[to]
        filled[to][taken] = image[of][taken]
        open_places[to][taken] = False
    return _nearest(filled, open_places)


def _best_move(source: Places, open_places: Places) -> tuple[int, int] | None:
    """Return the move, down and right, by which the source covers most open places; None if hardly any."""
    height, width = source.shape
    by = max(1, -(-max(height, width) // _WORK_SIDE))
    small_wh = -(-width // by), -(-height // by)
    some, wanted = (
        cv2.resize(places.astype(np.float32), small_wh, interpolation=cv2.INTER_AREA)
        for places in (source, open_places)
    )
    # How much is covered by every move at once: a correlation, on twice the size so that nothing wraps.
    size = 2 * small_wh[1], 2 * small_wh[0]
    covers = np.fft.irfft2(np.fft.rfft2(wanted, size) * np.fft.rfft2(some, size).conj(), size)
    down, right = np.unravel_index(int(covers.argmax()), size)
    if covers.max() < 0.5:
        return None
    rows, columns = (
        int(move) - (side if 2 * move >= side else 0) for move, side in zip((down, right), size, strict=True)
    )
    return rows * by, columns * by


def _without_rim(inside: Places, width: int) -> Places:
    """Return the region less a rim, where masks are seldom exact; all of it if little else is left."""
    kernel = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    core = cv2.erode(inside.astype(np.uint8), kernel).astype(bool)
    return core if 2 * core.sum() >= inside.sum() else inside


def _overlap(
    shape: tuple[int, ...], down: int, right: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return where a picture that was moved lies on itself, and what of it lies there."""
    to, of = [], []
    for side, move in zip(shape[:2], (down, right), strict=True):
        to.append(slice(max(0, move), min(side, side + move)))
        of.append(slice(max(0, -move), min(side, side - move)))
    return (to[0], to[1]), (of[0], of[1])


def _nearest(image: Image, open_places: Places) -> Image:
    """Return the picture with the nearest pixel in every open place."""
    if not open_places.any():
        return image
    _, labels = cv2.distanceTransformWithLabels(
        open_places.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    pixels = np.zeros((int(labels.max()) + 1, 3), np.uint8)
    pixels[labels[~open_places]] = image[~open_places]
    return cast(Image, pixels[labels])
