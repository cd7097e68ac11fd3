"""What is solid in the demo scene and far away: two ranges of mountains, hills, a shore of spruces."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.demo.paint import (
    Array,
    Image,
    Layer,
    as_bgra,
    as_layer,
    cover,
    finish,
    grid,
    mix,
    noise,
    palette,
    polygon,
    ramp,
    rgb,
)
from realtime.demo.sky import HORIZON


def _ridge(x: NDArray[np.float64], peaks: list[tuple[float, float, float]], rough: float, seed: int) -> Array:
    """Return the height of a mountain range (share of the frame, from its top) at each x in [0, 1]."""
    line = np.full(x.shape, 9.0)
    for centre, top, slope in peaks:
        line = np.minimum(line, top + slope * np.abs(x - centre) ** 0.92)
    bumps = noise((x.size, 2), 14, seed, octaves=7)[0]
    return np.asarray(line + rough * (bumps - 0.5), np.float32)


def _paint_range(
    colour: Array,
    alpha: Array,
    line: Array,
    shades: tuple[str, str, str],
    *,
    snow: float,
    haze: float,
    seed: int,
) -> None:
    """Paint mountains below a ridge line: rock lit from the left, snow above, haze at their feet."""
    height, width = alpha.shape
    _, y = grid(width, height)
    depth = np.asarray(y - line[None, :], np.float32)
    rock = noise((width, height), 26, seed, octaves=6, stretch=1.6)
    # Facets hang from the ridge: each pixel takes the slope of a ridge point not far from above it.
    wander = noise((width, height), 13, seed + 1, octaves=5, stretch=0.6) - 0.5
    columns = np.clip(np.arange(width)[None, :] + 0.7 * wander * depth * height, 0, width - 1).astype(
        np.int64
    )
    slope = np.zeros(width)
    for share, weight in ((0.004, 0.20), (0.025, 0.28)):  # crags, and the whole flank
        smooth = cv2.GaussianBlur(line[None, :], (0, 0), max(0.8, height * share))[0]
        slope -= weight * np.gradient(smooth) * height  # > 0 faces the sun
    lit = np.asarray(np.clip(0.52 + slope[columns] + 0.9 * (rock - 0.5), 0, 1), np.float32)
    body = mix(mix(rgb(shades[0]), rgb(shades[1]), ramp(lit, 0.1, 0.6)[:, :, None]), rgb(shades[2]),
               ramp(lit, 0.55, 1.0)[:, :, None])  # fmt: skip
    if snow:
        limit = np.asarray(snow * (0.35 + 1.3 * rock) + 0.05 * (lit - 0.5), np.float32)
        white = mix(rgb("#7f93c4"), rgb("#fff3dc"), ramp(lit, 0.25, 0.70)[:, :, None])
        body = mix(body, white, ramp(np.asarray(limit - depth, np.float32), -0.004, 0.012)[:, :, None])
    body = mix(body, rgb("#e9c9a8"), np.asarray(haze * ramp(y, 0.34, HORIZON), np.float32)[:, :, None])
    cover(colour, alpha, body, ramp(depth, -0.6 / height, 0.6 / height))


def paint_land(width: int, height: int) -> Layer:
    """Everything solid above the lake: two ranges, hills, a shore of spruces."""
    rows = round(height * HORIZON) + 1
    colour = np.zeros((height, width, 3), np.float32)
    alpha = np.zeros((height, width), np.float32)
    x = np.linspace(0, 1, width)
    far = _ridge(
        x,
        [(-0.05, 0.36, 0.9), (0.13, 0.43, 0.8), (0.62, 0.34, 0.75), (0.80, 0.30, 0.8), (1.02, 0.36, 0.9)],
        0.05,
        21,
    )
    _paint_range(colour, alpha, far, ("#6f7fae", "#8d9cc2", "#d9c5bf"), snow=0.03, haze=0.65, seed=31)
    near = _ridge(
        x, [(0.455, 0.165, 1.05), (0.575, 0.27, 1.05), (0.33, 0.36, 0.9), (0.90, 0.42, 0.8)], 0.06, 22
    )
    _paint_range(colour, alpha, near, ("#2f3c63", "#5f6a92", "#d8a988"), snow=0.10, haze=0.55, seed=33)
    _paint_hills(colour, alpha, x)
    canvas = as_bgra(finish(colour[:rows], alpha[:rows]))
    _paint_spruces(canvas, height)
    return as_layer(canvas)


def _paint_hills(colour: Array, alpha: Array, x: NDArray[np.float64]) -> None:
    height, width = alpha.shape
    _, y = grid(width, height)
    woods = noise((width, height), 60, 41, octaves=4, stretch=1.5)
    fields = noise((width, height), 5, 42, octaves=3, stretch=3.5)
    lines = (
        (
            0.545 - 0.075 * np.exp(-(((x - 0.05) / 0.20) ** 2)) - 0.055 * np.exp(-(((x - 0.85) / 0.25) ** 2)),
            "#3f6a53",
            "#a8ad63",
        ),
        (
            0.580 - 0.045 * np.exp(-(((x - 0.30) / 0.16) ** 2)) - 0.035 * np.exp(-(((x - 0.98) / 0.20) ** 2)),
            "#2f5a33",
            "#c2b04c",
        ),
    )
    for line, dark, bright in lines:
        depth = np.asarray(y - line[None, :].astype(np.float32), np.float32)
        lit = np.asarray(0.35 + 0.9 * (fields - 0.4) + 0.5 * (woods - 0.5) - 2.0 * depth, np.float32)
        body = mix(rgb(dark), rgb(bright), ramp(lit, 0.1, 0.75)[:, :, None])
        trees = np.asarray(ramp(woods, 0.56, 0.66) * ramp(fields, 0.58, 0.45), np.float32)
        body = mix(body, rgb("#1f4530"), 0.75 * trees[:, :, None])
        cover(colour, alpha, body, ramp(depth, -0.6 / height, 0.6 / height))


def _paint_spruces(canvas: Image, height: int) -> None:
    """A row of conifers along the far shore, thinning out in the middle."""
    width = canvas.shape[1]
    generator = np.random.default_rng(51)
    dark, lit = palette(("#16301f", "#3f6b3a")), palette(("#3d4a2c", "#7d8a44"))
    for place in np.sort(generator.random(round(150 * width / height))):
        crowd = 0.35 + 0.65 * min(1.0, 2.6 * abs(place - 0.47))
        tall = generator.uniform(0.022, 0.060) * (0.55 + 0.6 * crowd) * height
        foot = (HORIZON + generator.uniform(-0.008, 0.002)) * height
        tone = int(generator.integers(64))
        if generator.random() < crowd:
            _spruce(canvas, (place * width, foot), tall, (dark[tone], lit[tone]))


def _spruce(
    canvas: Image, foot: tuple[float, float], tall: float, shades: tuple[Sequence[float], Sequence[float]]
) -> None:
    tiers = 5
    for tier in range(tiers):
        base = foot[1] - tall * tier / (tiers + 1)
        top = base - tall * 2.4 / (tiers + 1)
        half = tall * (0.24 - 0.20 * tier / tiers) * (1.1 - 0.2 * (tier % 2))
        for end, shade in ((half, shades[0]), (-half * 0.25, shades[1])):
            polygon(canvas, np.array([[foot[0] - half, base], [foot[0], top], [foot[0] + end, base]]), shade)
