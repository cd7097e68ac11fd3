"""The edges of a mask, brought onto the frame's: the guided filter (He, Sun, Tang 2010; its fast form 2015).

In every small window alpha is taken as a linear function of the frame's colour, q = a . I + b: where the
frame has an edge, alpha has one. The coefficients are worked out at a small size and used at the full one.
Alpha never leaves what it was within a few pixels around, so that nothing far from an edge shows through.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.mask import Alpha

Image = NDArray[np.uint8]
Field = NDArray[np.float32]

WORK_SIDE = 180  # shorter side, pixels, at which the coefficients are worked out
RADIUS = 5  # of the windows, there
EPS = 1e-4  # colours in [0, 1]: less contrast than its root is no edge
RIM = 0.15
_REACH = np.ones((9, 9), np.uint8)  # how far an edge may move


def fit_alpha(alpha: Alpha, frame_image: Image, *, rough: bool) -> Alpha:
    """Return the alpha at the frame's size, its edges refined if they are rough.

    Args:
        alpha: (h, w) uint8.
        frame_image: (H, W, 3) uint8 BGR.
        rough: as its source says, see `realtime.mask.MaskSource`.
    Returns:
        (H, W) uint8.
    """
    height, width = frame_image.shape[:2]
    if rough and cv2.countNonZero(alpha) > 0:
        return _refined(alpha, frame_image)
    if alpha.shape == (height, width):
        return alpha
    return cast(Alpha, cv2.resize(alpha, (width, height), interpolation=cv2.INTER_LINEAR))


def _refined(alpha: Alpha, image: Image) -> Alpha:
    height, width = image.shape[:2]
    scale = min(1.0, WORK_SIDE / min(height, width))
    work = max(8, round(width * scale)), max(8, round(height * scale))
    guide = _unit(cv2.resize(image, work, interpolation=cv2.INTER_AREA))
    rough = _unit(cv2.resize(alpha, work, interpolation=cv2.INTER_LINEAR))
    slopes, offset = _linear(guide, rough)
    # 255 q at the full size: the frame is not divided, the offset is multiplied.
    weighed = cv2.multiply(_field(image), _at(slopes, width, height))
    fine = _field(cv2.transform(weighed, np.ones((1, 3), np.float32)))
    fine = fine + _at(offset, width, height) * np.float32(255)
    # Windows reach over an edge to both sides and leave a faint rim there: nearly in or out becomes so.
    fine = (fine - np.float32(255 * RIM)) * np.float32(1 / (1 - 2 * RIM))
    low = _at(_field(cv2.erode(rough, _REACH)), width, height) * np.float32(255)
    high = _at(_field(cv2.dilate(rough, _REACH)), width, height) * np.float32(255)
    return cast(Alpha, np.clip(fine, low, high).clip(0, 255).astype(np.uint8))


def _linear(guide: Field, rough: Field) -> tuple[Field, Field]:
    """Return a, (h, w, 3), and b, (h, w), of He et al. 2010, eq. 19 and 20, averaged over the windows.

    a = (Sigma + eps U)^-1 (mean(I p) - mean(I) mean(p)), b = mean(p) - a . mean(I). Sigma is the 3x3
    covariance of the colours in a window; its inverse is written out by cofactors.
    """
    mean, mean_rough = _mean(guide), _mean(rough)
    red, green, blue = (
        _mean(guide[:, :, n] * rough) - mean[:, :, n] * mean_rough for n in range(guide.shape[2])
    )
    rr, rg, rb, gg, gb, bb = (
        _mean(guide[:, :, m] * guide[:, :, n]) - mean[:, :, m] * mean[:, :, n] + np.float32(EPS * (m == n))
        for m, n in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
    )
    c_rr, c_rg, c_rb = gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg
    c_gg, c_gb, c_bb = rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg
    one_over = 1 / (rr * c_rr + rg * c_rg + rb * c_rb)
    slopes = np.dstack(
        [
            (c_rr * red + c_rg * green + c_rb * blue) * one_over,
            (c_rg * red + c_gg * green + c_gb * blue) * one_over,
            (c_rb * red + c_gb * green + c_bb * blue) * one_over,
        ]
    )
    offset = mean_rough - (slopes * mean).sum(axis=2)
    return _mean(_field(slopes)), _mean(_field(offset))


def _unit(image: object) -> Field:
    return cast(Field, _field(image) * np.float32(1 / 255))


def _mean(values: Field) -> Field:
    side = 2 * RADIUS + 1
    return _field(cv2.blur(values, (side, side)))


def _at(values: Field, width: int, height: int) -> Field:
    return _field(cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR))


def _field(values: object) -> Field:
    return np.asarray(values, np.float32)
