"""Brushes for the demo scene: soft shapes, noise, and layers that are laid over each other.

While a layer is painted it is float32 RGB in [0, 1]; finished it is uint8 BGR, multiplied by its
alpha, so that laying it over a frame costs one multiplication and one addition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Image = NDArray[np.uint8]
Points = Sequence[tuple[float, float]]

_SHIFT = 4  # binary digits after the point in OpenCV's drawing coordinates


def rgb(colour: str) -> Array:
    """Return "#rrggbb" as (3,) RGB in [0, 1]."""
    return np.asarray(np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255, np.float32)


def mix(a: Array, b: Array, t: Array | float) -> Array:
    """Return a where t is 0, b where t is 1."""
    result = np.asarray(b - a, np.float32)
    if result.ndim < np.ndim(t):  # two plain colours, mixed by a map
        return np.asarray(a + result * t, np.float32)
    result *= t  # in place: painting is mostly waiting for new memory
    result += a
    return result


def ramp(x: Array, low: float, high: float) -> Array:
    """Return 0 below `low`, 1 above `high`, smooth between; falls if low > high."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def grid(width: int, height: int) -> tuple[Array, Array]:
    """Return x and y of every pixel as shares of width and height, (H, W) each."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.asarray(columns / width, np.float32), np.asarray(rows / height, np.float32)


def noise(
    size_wh: tuple[int, int], cells: float, seed: int, *, octaves: int = 5, stretch: float = 1.0
) -> Array:
    """Return fractal noise, (H, W) float32, about [0, 1]; its right edge continues at its left.

    Args:
        size_wh: width and height.
        cells: bumps of the coarsest octave across the width.
        seed: another seed, another noise.
        octaves: each has half the size and half the weight of the one before.
        stretch: how many times wider than high the bumps are.
    """
    width, height = size_wh
    generator = np.random.default_rng(seed)
    total = np.zeros((height, width), np.float32)
    weight = 0.0
    for octave in range(octaves):
        columns = max(2, round(cells * 2**octave))
        rows = max(2, round(columns * height / width * stretch))
        if octave and columns > width:
            break
        grid = generator.random((rows + 3, columns), dtype=np.float32)
        grid = np.concatenate([grid[:, -2:], grid, grid[:, :2]], axis=1)
        margin = round(2 * width / columns)
        bumps = cv2.resize(grid, (width + 2 * margin, height), interpolation=cv2.INTER_CUBIC)
        total += np.asarray(bumps[:, margin : margin + width], np.float32) * 0.5**octave
        weight += 0.5**octave
    return np.asarray(np.clip((total / weight - 0.5) * 1.6 + 0.5, 0, 1), np.float32)


def spline(points: Points, *, closed: bool = True, steps: int = 12) -> NDArray[np.float64]:
    """Return a smooth curve through the points, (N, 2): Catmull-Rom."""
    p = np.asarray(points, np.float64)
    p = np.concatenate([p[-1:], p, p[:2]]) if closed else np.concatenate([p[:1], p, p[-1:]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    parts = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return np.concatenate(parts if closed else [*parts, p[-1:]])


def polygon(image: Image, points: NDArray[np.float64], colour: Sequence[float]) -> None:
    """Fill a polygon of (N, 2) pixel coordinates, with smooth edges."""
    fixed = np.round(points * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(image, [fixed], tuple(colour), cv2.LINE_AA, _SHIFT)


def disc(
    image: Image, x: float, y: float, rx: float, ry: float, colour: Sequence[float], turn: float = 0.0
) -> None:
    """Fill an ellipse, turned by degrees, in pixel coordinates, with smooth edges."""
    one = 1 << _SHIFT
    centre, axes = (round(x * one), round(y * one)), (round(rx * one), round(ry * one))
    cv2.ellipse(image, centre, axes, turn, 0, 360, tuple(colour), -1, cv2.LINE_AA, _SHIFT)


def stroke(image: Image, points: NDArray[np.float64], colour: Sequence[float], width: int) -> None:
    """Draw a line through (N, 2) pixel coordinates, with smooth edges."""
    fixed = np.round(points * (1 << _SHIFT)).astype(np.int32)
    cv2.polylines(image, [fixed], False, tuple(colour), max(1, width), cv2.LINE_AA, _SHIFT)


def soft(mask: Array | Image, radius: float) -> Array:
    """Return the mask blurred by a Gaussian of that radius in pixels; uint8 becomes [0, 1]."""
    values = mask.astype(np.float32) / 255 if mask.dtype == np.uint8 else mask
    return np.asarray(cv2.GaussianBlur(values, (0, 0), max(radius, 0.3)), np.float32)


def cover(colour: Array, alpha: Array, paint: Array, mask: Array) -> None:
    """Lay paint, (3,) or (H, W, 3), over colour (H, W, 3) and alpha (H, W), in place, where the mask is.

    The colour is not multiplied by alpha, so that soft edges keep it instead of turning dark.
    """
    total = mask + alpha * (1 - mask)
    share = np.asarray(mask / np.maximum(total, 1e-6), np.float32)
    colour[:] = mix(colour, paint, share[:, :, None])
    alpha[:] = total


@dataclass(frozen=True)
class Layer:
    """A finished layer and where it lies: `over` puts it on a frame.

    Args:
        bgr: (h, w, 3) uint8, multiplied by alpha.
        keep: (h, w, 3) uint8, 255 - alpha: how much of what lies below stays.
        x, y: its upper left corner in the frame, which holds all of it.
    """

    bgr: Image
    keep: Image
    x: int = 0
    y: int = 0

    def over(self, frame: Image) -> None:
        """Lay it over the frame, in place."""
        height, width = self.bgr.shape[:2]
        below = frame[self.y : self.y + height, self.x : self.x + width]
        cv2.multiply(below, self.keep, below, 1 / 255)
        cv2.add(below, self.bgr, below)


def finish(colour: Array, alpha: Array, x: int = 0, y: int = 0) -> Layer:
    """Return float RGB (h, w, 3) and alpha (h, w), both in [0, 1], as a layer."""
    kept = alpha[:, :, None]
    bgr = np.clip(colour[:, :, ::-1], 0, 1) * kept * 255 + 0.5
    keep = np.repeat(255 - np.round(kept * 255), 3, axis=2)
    return Layer(np.ascontiguousarray(bgr, np.uint8), np.ascontiguousarray(keep, np.uint8), x, y)


def as_layer(bgra: Image, x: int = 0, y: int = 0) -> Layer:
    """Return (h, w, 4) uint8 BGRA, already multiplied by alpha, as a layer.

    OpenCV's smooth drawing with an opaque colour on such a canvas is exactly laying it over.
    """
    keep = cv2.cvtColor(255 - bgra[:, :, 3], cv2.COLOR_GRAY2BGR)
    return Layer(np.ascontiguousarray(bgra[:, :, :3]), np.asarray(keep, np.uint8), x, y)


def as_bgra(layer: Layer) -> Image:
    """Return a layer as (h, w, 4) uint8 BGRA, multiplied by alpha: a canvas to draw on."""
    return np.ascontiguousarray(np.dstack([layer.bgr, 255 - layer.keep[:, :, :1]]))


def palette(colours: Sequence[str], steps: int = 64) -> list[tuple[float, float, float, float]]:
    """Return opaque BGRA drawing colours from the first to the last, evenly mixed between them."""
    stops = np.array([[*rgb(colour)[::-1], 1.0] for colour in colours]) * 255
    places = np.linspace(0, len(stops) - 1, steps)
    mixed = np.stack([np.interp(places, range(len(stops)), stops[:, channel]) for channel in range(4)], 1)
    return [(float(b), float(g), float(r), float(a)) for b, g, r, a in mixed]


def crop(layer: Layer, frame_wh: tuple[int, int]) -> Layer:
    """Return what of a layer lies inside a frame of that size."""
    height, width = layer.bgr.shape[:2]
    left, top = max(0, -layer.x), max(0, -layer.y)
    right, bottom = min(width, frame_wh[0] - layer.x), min(height, frame_wh[1] - layer.y)
    part = np.s_[top : max(top, bottom), left : max(left, right)]
    return Layer(
        np.ascontiguousarray(layer.bgr[part]),
        np.ascontiguousarray(layer.keep[part]),
        layer.x + left,
        layer.y + top,
    )
