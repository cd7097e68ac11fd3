"""The pictures of a page: the sample that it paints first, a small painting for each style, and its icon.

All are of the demo scene, so that nothing comes from outside.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.demo import draw_demo_frame

Image = NDArray[np.uint8]
_MOMENT = 160  # of the demo scene
_SAMPLE_WH, _THUMB_WH = (960, 540), (240, 160)
ICON_SIDES = (192, 512)


def sample() -> bytes:
    """Return the picture that the page paints before there is a camera, JPEG."""
    return _encoded(draw_demo_frame(_MOMENT, _SAMPLE_WH), ".jpg", cv2.IMWRITE_JPEG_QUALITY, 88)


def thumb(paint: Callable[[Image], Image]) -> bytes:
    """Return a style's small painting, JPEG.

    Args:
        paint: (H, W, 3) uint8 BGR -> the same.
    """
    # Painted larger than it is shown: strokes are as fine beside the whole as they are in the page.
    width, height = _THUMB_WH
    painted = paint(draw_demo_frame(_MOMENT, (2 * width, 2 * height)))
    return _encoded(_shrunk(painted, _THUMB_WH), ".jpg", cv2.IMWRITE_JPEG_QUALITY, 82)


def icons(paint: Callable[[Image], Image]) -> dict[int, bytes]:
    """Return the icon by its side: a lens, in which there is a painting; PNG.

    What matters is in the middle 80%, for systems that cut icons round.
    """
    side = 1024
    scene = draw_demo_frame(_MOMENT, (640, 360))
    painted = paint(np.ascontiguousarray(scene[:, 260:620]))
    picture = cv2.resize(painted, (side, side), interpolation=cv2.INTER_CUBIC)
    icon: Image = np.full((side, side, 3), (18, 20, 22), np.uint8)  # the page's dark wall, BGR
    inside = np.zeros((side, side, 3), np.uint8)
    centre = (side // 2, side // 2)
    cv2.circle(inside, centre, 330, (255, 255, 255), -1, cv2.LINE_AA)
    alpha = inside.astype(np.float32) / 255
    icon = (icon * (1 - alpha) + picture * alpha).astype(np.uint8)
    cv2.circle(icon, centre, 372, (231, 239, 243), 26, cv2.LINE_AA)
    return {
        to: _encoded(_shrunk(icon, (to, to)), ".png", cv2.IMWRITE_PNG_COMPRESSION, 9) for to in ICON_SIDES
    }


def _shrunk(image: Image, size_wh: tuple[int, int]) -> Image:
    return np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)


def _encoded(image: Image, suffix: str, option: int, value: int) -> bytes:
    return bytes(cv2.imencode(suffix, image, [option, value])[1].tobytes())
