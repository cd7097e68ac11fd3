"""A painting made at a smaller size, joined with the fine detail of the frame that it shows.

    painting ──cubic──────────────────────────────> + ──> picture of the frame's size
    frame ── less what is left of it at the painting's size ── x gain ──^

As in joint upsampling (Kopf et al. 2007; He and Sun 2015, "Fast Guided Filter", arXiv:1505.00996) the frame
guides; but their linear models replace the painting by the frame's light and lose the brush strokes. Here
the strokes stay as they are, and light and dark that the small size could not hold are added. The gain is
low where the frame is flat, so that a camera's noise is not drawn, and where the painting has less contrast
than the frame, so that no halo is drawn around what the style leaves out.
"""

from __future__ import annotations

import threading
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.buffers import BufferPool
from realtime.errors import OptionError

Image = NDArray[np.uint8]
SizeWh = tuple[int, int]

DEFAULT_DETAIL = 0.7
FULL_GAIN = 1.4  # of strength 1: a little more than what is missing
MIN_ENLARGEMENT = 1.1  # below it nothing is missing that could be seen
GRAIN = 2  # grey levels: differences up to this are a compressor's grain
MOST = 32  # grey levels: no detail is stronger, whatever the edge
# Contrast within 3x3 pixels of the small size, or what is missing there on average, in grey levels: up to
# the first it is noise, which averaging has weakened, from the second on it is surely something.
NOISE, SOMETHING = 6, 24
LEAST_SHARE = 0.5  # of the gain, where the painting has no contrast at all

_NEIGHBOURS = np.ones((3, 3), np.uint8)
_CERTAINTY = np.clip((np.arange(256) - NOISE) * 255 / (SOMETHING - NOISE), 0, 255).astype(np.uint8)


def join_detail(frame_image: Image, stylized_image: Image, strength: float = DEFAULT_DETAIL) -> Image:
    """Return the painting at the frame's size, with the frame's fine detail in it.

    Nothing is written to the arguments. A constant frame adds nothing, and strength 0 is the plain
    (cubic) enlargement.

    Args:
        frame_image: (H, W, 3) uint8 BGR.
        stylized_image: the painting of it, (h, w, 3) uint8 BGR, smaller.
        strength: how much of the detail, from 0 to 1.
    Returns:
        (H, W, 3) uint8 BGR, which the caller owns; its memory is used again once nobody holds it.
    Raises:
        OptionError: if strength is outside [0, 1].
    """
    check_detail(strength)
    height, width = frame_image.shape[:2]
    joined = _COLOUR.take((height, width, 3))
    cv2.resize(stylized_image, (width, height), dst=joined, interpolation=cv2.INTER_CUBIC)
    if strength == 0:
        return joined
    lighter, darker = _detail(frame_image, stylized_image, FULL_GAIN * strength)
    three = _COLOUR.take((height, width, 3))
    cv2.subtract(joined, cv2.cvtColor(darker, cv2.COLOR_GRAY2BGR, dst=three), dst=joined)
    return cast(Image, cv2.add(joined, cv2.cvtColor(lighter, cv2.COLOR_GRAY2BGR, dst=three), dst=joined))


def is_enlarged(painting_wh: SizeWh, picture_wh: SizeWh) -> bool:
    """Tell whether the painting is so much smaller than the picture that detail is missing."""
    return min(p / q for p, q in zip(picture_wh, painting_wh, strict=True)) >= MIN_ENLARGEMENT


def check_detail(strength: float) -> None:
    """Raise OptionError unless strength is in [0, 1]; NaN is not."""
    if not 0 <= strength <= 1:
        raise OptionError(f"detail must be from 0 (the painting alone) to 1 (sharpest), got {strength}")


def _detail(frame_image: Image, stylized_image: Image, gain: float) -> tuple[Image, Image]:
    """Return how much lighter and how much darker each pixel becomes, two times (H, W) uint8."""
    height, width = frame_image.shape[:2]
    small_height, small_width = stylized_image.shape[:2]
    grey = cv2.cvtColor(frame_image, cv2.COLOR_BGR2GRAY, dst=_GREY.take((height, width)))
    # A box about as wide as the small pixel, then linear: an area average that costs little at any ratio.
    box = 2 * (height // small_height // 2) + 1
    averaged = cv2.blur(grey, (box, box), dst=_GREY.take((height, width)))
    small = cast(Image, cv2.resize(averaged, (small_width, small_height)))
    # Blurred once more: what just fits into the small size is weak in the painting too.
    kept = cv2.resize(cv2.GaussianBlur(small, (3, 3), 0), (width, height), dst=_GREY.take((height, width)))
    lighter, darker = cv2.subtract(grey, kept, dst=averaged), cv2.subtract(kept, grey, dst=kept)
    missing = cv2.resize(cv2.add(lighter, darker, dst=grey), (small_width, small_height))
    share = cv2.resize(_share(small, cast(Image, missing), stylized_image), (width, height), dst=grey)
    for detail in (lighter, darker):
        np.subtract(np.clip(detail, GRAIN, GRAIN + MOST, out=detail), GRAIN, out=detail)
        cv2.multiply(detail, share, scale=gain / 255, dst=detail)
    return cast(Image, lighter), cast(Image, darker)


def _share(small: Image, missing: Image, stylized_image: Image) -> Image:
    """Return the share of the gain at each place of the painting, (h, w) uint8, 255 for all of it.

    Args:
        small: the frame's grey at the painting's size, (h, w) uint8.
        missing: how much detail is missing at each place, likewise.
        stylized_image: (h, w, 3) uint8.
    """
    painted = cv2.cvtColor(stylized_image, cv2.COLOR_BGR2GRAY)
    contrast, painted_contrast = (
        cv2.morphologyEx(image, cv2.MORPH_GRADIENT, _NEIGHBOURS) for image in (small, painted)
    )
    # Beyond 255, as where the painting has more contrast than the frame, OpenCV stops at 255.
    share = np.clip(cv2.divide(painted_contrast, contrast, scale=255), round(255 * LEAST_SHARE), 255)
    certainty = cv2.LUT(cv2.max(contrast, cv2.blur(missing, (3, 3))), _CERTAINTY)
    share = cv2.multiply(share, certainty, scale=1 / 255)
    return cast(Image, cv2.blur(share, (3, 3)))


class _Scratch(threading.local):
    """Memory of one thread for pictures of one kind; a megabyte mapped anew costs more than filling it."""

    def __init__(self) -> None:
        self._pool = BufferPool()

    def take(self, shape: tuple[int, ...]) -> Image:
        return self._pool.take(shape)


_GREY, _COLOUR = _Scratch(), _Scratch()
