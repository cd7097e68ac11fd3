"""The person of the demo scene: painted once, then only moved; eyes and mouth are exchanged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.demo.canvas import Canvas
from realtime.demo.clothes import paint_body
from realtime.demo.face import EYES, EYES_BOX, MOUTH_BOX, MOUTHS, paint_eyes, paint_mouth
from realtime.demo.head import HEAD_BOX, paint_head
from realtime.demo.paint import (
    Image,
    Layer,
    as_layer,
    crop,
)


@dataclass(frozen=True)
class Figure:
    """The figure at one size: `draw` puts it on a frame.

    Args:
        head: (h, w, 4) uint8 BGRA, multiplied by alpha.
        eyes, mouths: its moving parts, in the order of `EYES` and `MOUTHS`.
        body: coat and scarf.
        x, y: upper left corner of the head at rest, in the frame.
        pivot: of the head's turning, pixels in the head.
    """

    head: Image
    eyes: tuple[_Patch, ...]
    mouths: tuple[_Patch, ...]
    body: Layer
    x: int
    y: int
    unit: float

    def draw(self, frame: Image, time_s: float) -> None:
        """Draw the figure as it is at that moment, in place."""
        head = self.head.copy()
        for patch in (self.eyes[eyes_at(time_s)], self.mouths[mouth_at(time_s)]):
            height, width = patch.bgra.shape[:2]
            head[patch.y : patch.y + height, patch.x : patch.x + width] = patch.bgra
        turned = cv2.warpAffine(head, self._motion(time_s), (head.shape[1], head.shape[0]))
        layer = as_layer(np.asarray(turned, np.uint8), self.x, self.y)
        crop(layer, (frame.shape[1], frame.shape[0])).over(frame)
        self.body.over(frame)

    def _motion(self, time_s: float) -> NDArray[np.float64]:
        angle = 2.0 * math.sin(time_s * 1.1) + 0.9 * math.sin(time_s * 2.3 + 1)
        pivot = (-HEAD_BOX[0] * self.unit, (0.55 - HEAD_BOX[1]) * self.unit)  # at the base of the neck
        matrix = np.asarray(cv2.getRotationMatrix2D(pivot, angle, 1.0), np.float64)
        matrix[0, 2] += 0.012 * self.unit * math.sin(time_s * 0.8)
        matrix[1, 2] += 0.010 * self.unit * math.sin(time_s * 1.9)
        return matrix


@dataclass(frozen=True)
class _Patch:
    """An opaque piece of the head, (h, w, 4) premultiplied BGRA, and where it lies in it."""

    bgra: Image
    x: int
    y: int


@lru_cache(maxsize=2)
def paint_figure(frame_wh: tuple[int, int], x: float, y: float, unit: float) -> Figure:
    """Paint the figure with the middle of its eyes at (x, y) and a head `unit` pixels high."""
    bare = paint_head(unit)
    eyes, mouths = [], []
    for state, gaze in EYES:
        piece = bare.part(EYES_BOX)
        paint_eyes(piece, state, gaze)
        eyes.append(_patch(piece, bare))
    for opening in MOUTHS:
        piece = bare.part(MOUTH_BOX)
        paint_mouth(piece, opening)
        mouths.append(_patch(piece, bare))
    body = paint_body(unit)
    lower = as_layer(body.finished(), round(x + body.left * unit), round(y + body.top * unit))
    return Figure(
        head=bare.finished(),
        eyes=tuple(eyes),
        mouths=tuple(mouths),
        body=crop(lower, frame_wh),
        x=round(x + bare.left * unit),
        y=round(y + bare.top * unit),
        unit=unit,
    )


def _patch(piece: Canvas, whole: Canvas) -> _Patch:
    scale = whole.unit / whole.oversample
    return _Patch(
        piece.finished(), round((piece.left - whole.left) * scale), round((piece.top - whole.top) * scale)
    )


def eyes_at(time_s: float) -> int:
    """Return which of `EYES` is seen: a blink every 3.1 s, a glance aside now and then."""
    since = (time_s + 1.3) % 3.1
    if since < 0.20:
        return 4 if 0.06 <= since < 0.14 else 3
    return {3: 1, 6: 2}.get(int(time_s) % 8, 0)


def mouth_at(time_s: float) -> int:
    """Return which of `MOUTHS` is seen: two seconds of speech, two of smiling."""
    if time_s % 4.0 > 2.2:
        return 0
    opening = abs(math.sin(time_s * 9.0)) * (0.55 + 0.45 * math.sin(time_s * 5.3))
    return min(range(len(MOUTHS)), key=lambda index: abs(MOUTHS[index] - opening))
