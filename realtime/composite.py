"""What is done with the painting after the network: pure functions on (H, W, 3) uint8 BGR pictures.

`frame_image` is the source's picture and `stylized_image` the painting of it, of the same size.
Nothing here writes to its inputs.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.errors import OptionError

Image = NDArray[np.uint8]


def compose(
    frame_image: Image, stylized_image: Image, *, strength: float = 1.0, original_colors: bool = False
) -> Image:
    """Return the picture to show: the painting, recoloured if asked, blended with the frame."""
    if original_colors and strength > 0:
        stylized_image = with_original_colors(frame_image, stylized_image)
    return blend(frame_image, stylized_image, strength)


def blend(frame_image: Image, stylized_image: Image, strength: float) -> Image:
    """Return (1 - strength) * frame + strength * painting.

    At 0 and at 1 that is one of the two arrays itself: the common case costs nothing.

    Raises:
        OptionError: if strength is outside [0, 1].
        ValueError: if the pictures differ in size.
    """
    check_strength(strength)
    _check_same_shape(frame_image, stylized_image)
    if strength == 0:
        return frame_image
    if strength == 1:
        return stylized_image
    return cast(Image, cv2.addWeighted(frame_image, 1 - strength, stylized_image, strength, 0))


def with_original_colors(frame_image: Image, stylized_image: Image) -> Image:
    """Return the painting's luminance with the frame's chroma, in YCrCb (ITU-R BT.601).

    Raises:
        ValueError: if the pictures differ in size.
    """
    _check_same_shape(frame_image, stylized_image)
    luminance = cv2.cvtColor(stylized_image, cv2.COLOR_BGR2GRAY)  # the Y of YCrCb, at a third of the work
    mixed = cv2.cvtColor(frame_image, cv2.COLOR_BGR2YCrCb)
    cv2.insertChannel(luminance, mixed, 0)
    return cast(Image, cv2.cvtColor(mixed, cv2.COLOR_YCrCb2BGR))


def join_masked(rear_image: Image, front_image: Image, alpha: Image) -> Image:
    """Return the front where alpha is 255, the rear where it is 0, and their mean by alpha between.

    Args:
        alpha: (H, W) uint8, of the pictures' size.
    Raises:
        ValueError: if the pictures and alpha differ in size.
    """
    _check_same_shape(rear_image, front_image)
    if alpha.shape != front_image.shape[:2]:
        raise ValueError(f"alpha must be {front_image.shape[:2]}, got {alpha.shape}")
    share = cv2.merge((alpha, alpha, alpha))
    front = cv2.multiply(front_image, share, scale=1 / 255)
    return cast(Image, cv2.add(front, cv2.multiply(rear_image, cv2.bitwise_not(share), scale=1 / 255)))


def split_view(frame_image: Image, stylized_image: Image, position: float = 0.5) -> Image:
    """Return the frame on the left of a thin line and the painting on its right.

    The line is at `position`, a share of the width.

    Raises:
        ValueError: if the pictures differ in size.
    """
    _check_same_shape(frame_image, stylized_image)
    width = frame_image.shape[1]
    column = min(max(round(width * position), 0), width)
    halves = np.concatenate([frame_image[:, :column], stylized_image[:, column:]], axis=1)
    line = max(1, width // 640)
    halves[:, max(0, column - line) : column + line] = 255
    return halves


def check_strength(strength: float) -> None:
    """Raise OptionError unless strength is in [0, 1]; NaN is not."""
    if not 0 <= strength <= 1:
        raise OptionError(f"strength must be from 0 (the original) to 1 (the painting), got {strength}")


def _check_same_shape(frame_image: Image, stylized_image: Image) -> None:
    if frame_image.shape != stylized_image.shape:
        raise ValueError(f"pictures must have one size, got {frame_image.shape} and {stylized_image.shape}")
