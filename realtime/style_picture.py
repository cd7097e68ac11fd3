"""A style's picture from a file that anyone may have made: looked at before it is decoded."""

from __future__ import annotations

import logging
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.errors import StylePictureError
from realtime.media import orient
from realtime.picture_header import PictureHeader, check_header

# EXIF's orientations as `realtime.media.orient` takes them.
_TURNS = {
    2: (-1, 0, 0, 1),
    3: (-1, 0, 0, -1),
    4: (1, 0, 0, -1),
    5: (0, 1, 1, 0),
    6: (0, 1, -1, 0),
    7: (0, -1, -1, 0),
    8: (0, -1, 1, 0),
}
# JPEG can be decoded at a fraction of its size, in a fraction of the time.
_REDUCED = {
    8: cv2.IMREAD_REDUCED_COLOR_8,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    2: cv2.IMREAD_REDUCED_COLOR_2,
}
_log = logging.getLogger(__name__)


def decode_style_picture(data: bytes, name: str, *, short_side: int = 256) -> NDArray[np.uint8]:
    """Return the picture in a file's bytes, upright, transparency over white: (H, W, 3) uint8 BGR.

    Of an animation the first picture, which is said through `logging`; grey becomes three equal colours, 16
    bits become 8.

    Args:
        data: the whole file.
        name: of the file, for messages.
        short_side: a large JPEG may come out smaller, but not below twice this.
    Raises:
        StylePictureError: it is no picture, damaged, too small or too large.
    """
    header = check_header(data, name)
    if header.moves:
        _log.warning("%s is an animation: its first picture is the style", name)
    image = _decode(data, header, short_side)
    if image is None or image.size == 0:
        raise StylePictureError(
            f"{name} cannot be used as a style: it is a damaged {header.kind}, or a rare one"
        )
    return orient(_to_bgr(image, name), _TURNS.get(header.orientation))


def _decode(data: bytes, header: PictureHeader, short_side: int) -> NDArray[Any] | None:
    flags = cv2.IMREAD_UNCHANGED  # with transparency, and not turned: the header says how
    if header.kind == "JPEG":
        fitting = [by for by in _REDUCED if min(header.size_wh) >= 2 * short_side * by]
        flags = _REDUCED[fitting[0]] if fitting else cv2.IMREAD_COLOR
        flags |= cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None
    return None if image is None else np.asarray(image)


def _to_bgr(image: NDArray[Any], name: str) -> NDArray[np.uint8]:
    """(H, W) or (H, W, 1 to 4) of whole numbers -> (H, W, 3) uint8."""
    if image.dtype == np.uint16:
        image = (image // 257).astype(np.uint8)
    if image.dtype != np.uint8:
        raise StylePictureError(f"{name} holds {image.dtype} pixels; save it with 8 or 16 bits")
    pixels = image.reshape(*image.shape[:2], -1)
    colours, alpha = pixels[..., :3], None
    if pixels.shape[2] in (2, 4):
        colours, alpha = pixels[..., :-1], pixels[..., -1:].astype(np.uint16)
    if alpha is not None and alpha.min() < 255:
        over_white = colours.astype(np.uint16) * alpha + 255 * (255 - alpha)
        colours = ((over_white + 127) // 255).astype(np.uint8)
    if colours.shape[2] == 1:
        colours = np.repeat(colours, 3, axis=2)
    return np.ascontiguousarray(colours)
