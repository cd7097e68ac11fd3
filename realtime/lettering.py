"""Anti-aliased text on a picture: OpenCV 5's own font where there is one, else OpenCV 4's letters.

OpenCV 4 draws ASCII only: accents are dropped there, and what has no ASCII form becomes "?".
"""

from __future__ import annotations

import functools
import unicodedata
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
_HERSHEY_PX = 30.0  # height of a line of Hershey letters at scale 1
_ASCII = {
    "\u00d7": "x", "\u2013": "-", "\u2014": "-", "\u2026": "...", "\u25cf": "*", "\u00b7": "-",
    "\u2190": "Left", "\u2191": "Up", "\u2192": "Right", "\u2193": "Down",
}  # fmt: skip


def draw_text(
    canvas: Image,
    text: str,
    baseline_xy: tuple[int, int],
    size_px: int,
    colour: Colour = WHITE,
    *,
    bold: bool = False,
) -> None:
    """Draw one line of text on the canvas, (H, W, 3) uint8 BGR.

    Args:
        baseline_xy: where the first letter's baseline begins, pixels.
        size_px: height of the letters' em, pixels.
        colour: BGR.
    """
    font: Any = _font()
    if font is None:
        scale, thickness = size_px / _HERSHEY_PX, 2 if bold else 1
        cv2.putText(canvas, to_ascii(text), baseline_xy, _HERSHEY, scale, colour, thickness, cv2.LINE_AA)
    else:
        _cv2.putText(canvas, text, baseline_xy, colour, font, size_px, 600 if bold else 400)


@functools.lru_cache(maxsize=512)
def text_width(text: str, size_px: int, *, bold: bool = True) -> int:
    """Return how wide `draw_text` draws this text, pixels; in bold, which is a little wider, unless told."""
    font: Any = _font()
    if font is None:
        return int(cv2.getTextSize(to_ascii(text), _HERSHEY, size_px / _HERSHEY_PX, 2 if bold else 1)[0][0])
    # Closed by a dot, because spaces at the end have no width of their own.
    dotted, dot = (
        _cv2.getTextSize((1, 1), t, (0, 0), font, size_px, 600 if bold else 400)[2] for t in (text + ".", ".")
    )
    return int(dotted - dot)


def to_ascii(text: str) -> str:
    """Return the text in ASCII, as readable as that can be."""
    replaced = "".join(_ASCII.get(letter, letter) for letter in text)
    without_accents = "".join(
        c for c in unicodedata.normalize("NFKD", replaced) if not unicodedata.combining(c)
    )
    return without_accents.encode("ascii", "replace").decode("ascii")


@functools.cache
def _font() -> Any:
    return _cv2.FontFace("sans") if hasattr(cv2, "FontFace") else None


_HERSHEY = cv2.FONT_HERSHEY_SIMPLEX
_cv2: Any = cv2  # OpenCV 5's FontFace functions, which the stubs of OpenCV 4 do not know
