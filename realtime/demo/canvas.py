"""A canvas in head units for the person of the demo scene, and shapes to paint on it.

The unit is the height of the head, the origin is between the eyes, y points down.
"""

from __future__ import annotations

import copy
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.demo.paint import (
    Array,
    Image,
    Points,
    as_bgra,
    cover,
    finish,
    mix,
    polygon,
    ramp,
    rgb,
    soft,
    spline,
    stroke,
)

Box = tuple[float, float, float, float]  # left, top, right, bottom


class Canvas:
    """Float RGB and alpha over a box of head units; shapes are painted on it one after another."""

    def __init__(self, box: Box, unit: float, *, fine: bool) -> None:
        # Small faces are painted at twice their size: OpenCV's smooth edges alone look coarse on them.
        self.oversample = 2 if fine and unit < 250 else 1
        self.unit = unit * self.oversample
        self.left, self.top = box[0], box[1]
        width, height = (math.ceil((box[i + 2] - box[i]) * unit) * self.oversample for i in (0, 1))
        self.colour = np.zeros((height, width, 3), np.float32)
        self.alpha = np.zeros((height, width), np.float32)
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        self.x = np.asarray(columns / self.unit + self.left, np.float32)
        self.y = np.asarray(rows / self.unit + self.top, np.float32)

    def part(self, box: Box) -> Canvas:
        """Return a copy of what lies in the box, whose corner is moved to a whole pixel."""
        piece = copy.copy(self)
        step = self.oversample
        left, top = (step * round((box[i] - (self.left, self.top)[i]) * self.unit / step) for i in (0, 1))
        right, bottom = (
            step * round((box[i + 2] - (self.left, self.top)[i]) * self.unit / step) for i in (0, 1)
        )
        inside = np.s_[top:bottom, left:right]
        piece.left, piece.top = self.left + left / self.unit, self.top + top / self.unit
        piece.colour, piece.alpha = self.colour[inside].copy(), self.alpha[inside].copy()
        piece.x, piece.y = self.x[inside], self.y[inside]
        return piece

    def pixels(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((points - [self.left, self.top]) * self.unit, np.float64)

    def shape(self, points: Points, *, closed_curve: bool = True) -> Image:
        mask = np.zeros(self.alpha.shape, np.uint8)
        curve = spline(points) if closed_curve else np.asarray(points, np.float64)
        polygon(mask, self.pixels(curve), [255])
        return mask

    def ellipse(self, x: float, y: float, rx: float, ry: float) -> Array:
        """A soft-edged disc: 1 inside, falling over the last fifth."""
        distance = np.hypot((self.x - x) / rx, (self.y - y) / ry)
        return ramp(np.asarray(distance, np.float32), 1.0, 0.8)

    def glow(self, x: float, y: float, rx: float, ry: float) -> Array:
        """A Gaussian spot."""
        return np.asarray(np.exp(-(((self.x - x) / rx) ** 2) - ((self.y - y) / ry) ** 2), np.float32)

    def paint(self, mask: Array | Image, colour: Array, strength: float = 1.0) -> None:
        """Lay a colour, (3,) or (H, W, 3), over everything where the mask is."""
        weight = soft(mask, 0.3) if mask.dtype == np.uint8 else mask
        cover(self.colour, self.alpha, colour, np.asarray(weight * strength, np.float32))

    def tint(self, mask: Array | Image, colour: Array, strength: float = 1.0) -> None:
        """Paint only where something is painted already."""
        weight = soft(mask, 0.3) if mask.dtype == np.uint8 else mask
        weight = np.asarray(weight * strength * (self.alpha > 0.02), np.float32)
        self.colour = mix(self.colour, colour, weight[:, :, None])

    def curves(self, curves: list[tuple[Points, str, float]], within: Image | None = None) -> None:
        """Draw smooth lines of (points, colour, width in head units), cut off outside a mask."""
        drawn = np.ascontiguousarray(np.clip(self.colour * 255, 0, 255), np.uint8)
        for points, colour, width in curves:
            shade = [float(value) * 255 for value in rgb(colour)]
            stroke(drawn, self.pixels(spline(points, closed=False)), shade, round(width * self.unit))
        lines = np.asarray(drawn / 255, np.float32)
        if within is not None:
            lines = mix(self.colour, lines, soft(within, 0.3)[:, :, None])
        self.colour = lines

    def finished(self) -> Image:
        """Return (h, w, 4) uint8 BGRA, multiplied by alpha, at the figure's true size."""
        bgra = as_bgra(finish(self.colour, self.alpha))
        size = (bgra.shape[1] // self.oversample, bgra.shape[0] // self.oversample)
        return np.asarray(cv2.resize(bgra, size, interpolation=cv2.INTER_AREA), np.uint8)


def line_mask(canvas: Canvas, points: Points, width: float) -> Array:
    """Return a soft mask of a smooth line, all in head units."""
    mask = np.zeros(canvas.alpha.shape, np.uint8)
    stroke(mask, canvas.pixels(spline(points, closed=False)), [255], round(width * canvas.unit))
    return soft(mask, 0.6)
