"""The sky of the demo scene: a summer evening, clouds that drift, the sun behind them."""

from __future__ import annotations

import itertools

import cv2
import numpy as np

from realtime.demo.paint import (
    Array,
    Image,
    Layer,
    finish,
    grid,
    mix,
    noise,
    ramp,
    rgb,
    soft,
)

HORIZON = 0.60  # where the lake begins
SUN = (0.235, 0.27)
_CLOUD_PERIODS = 2  # the sky is this many frames wide before the clouds come again
CLOUD_PHASES = 4  # clouds drift by quarters of a pixel, or they would jerk


def paint_sky(width: int, height: int) -> Array:
    """Return the sky without clouds, (H, W, 3) RGB in [0, 1]; it goes on below the horizon."""
    x, y = grid(width, height)
    stops = [(0.0, "#1d4e9e"), (0.22, "#4d86c9"), (0.42, "#9cc0dc"), (0.55, "#f6d9a6"), (0.64, "#ffc27a")]
    colour = np.empty((height, width, 3), np.float32)
    colour[:] = rgb(stops[0][1])
    for (start, _), (end, shade) in itertools.pairwise(stops):
        colour = mix(colour, rgb(shade), ramp(y, start, end)[:, :, None])
    distance = np.asarray(np.hypot((x - SUN[0]) * width / height, y - SUN[1]), np.float32)
    for radius, shade in ((0.60, "#7a4a2c"), (0.24, "#8a6a3a"), (0.10, "#c9b07a")):
        glow = np.exp(-((distance / radius) ** 2))[:, :, None] * rgb(shade)
        colour = np.asarray(1 - (1 - colour) * (1 - glow), np.float32)  # light adds to light
    return mix(colour, rgb("#fffdf0"), ramp(distance, 0.052, 0.046)[:, :, None])


def paint_sunlight(width: int, height: int) -> Layer:
    """What shines through the clouds before the sun: a layer that keeps all below and adds to it."""
    reach = 0.13
    box = [round(SUN[0] * width + side * reach * height) for side in (-1, 1)]
    left, right = max(0, box[0]), min(width, box[1])
    top, bottom = round((SUN[1] - reach) * height), round((SUN[1] + reach) * height)
    rows, columns = np.mgrid[top:bottom, left:right]
    distance = np.hypot(columns / height - SUN[0] * width / height, rows / height - SUN[1])
    disc_light = ramp(np.asarray(distance, np.float32), 0.052, 0.046) * 0.8
    glow = np.exp(-((distance / 0.045) ** 2)) * 0.45
    light = (disc_light + glow)[:, :, None] * rgb("#fff0c0")[::-1] * 255
    bgr = np.ascontiguousarray(np.clip(light, 0, 255), np.uint8)
    return Layer(bgr, np.full_like(bgr, 255), left, top)


def paint_clouds(width: int, height: int) -> list[Layer]:
    """Return the wide strip of clouds, shifted by 0, 1/4, 1/2 and 3/4 pixel to the left."""
    wide, high = width * _CLOUD_PERIODS, round(height * HORIZON)
    body = noise((wide, high), 7 * width / height, 11, octaves=6, stretch=2.1)
    veil = noise((wide, high), 3 * width / height, 12, octaves=6, stretch=5.0)
    _, y = grid(wide, high)
    y *= HORIZON
    dense = ramp(np.asarray(body - 0.12 * ramp(y, 0.35, 0.02), np.float32), 0.53, 0.72)
    dense = dense * ramp(y, 0.02, 0.10) * ramp(y, 0.50, 0.34)
    wisps = np.asarray(0.45 * ramp(veil, 0.55, 0.85) * ramp(y, 0.60, 0.45), np.float32)
    step = max(2, round(height * 0.02))
    lit = np.asarray(body - np.roll(body, (-step, -step), (0, 1)), np.float32)  # thinner towards the sun
    light = np.asarray(0.5 + 2.2 * soft(lit, height * 0.006) + 0.25 * (0.6 - body), np.float32)
    colour = mix(rgb("#8f93b8"), rgb("#fff6e6"), ramp(light, 0.15, 0.75)[:, :, None])
    colour = mix(colour, rgb("#ffcf96"), 0.55 * ramp(y, 0.20, 0.46)[:, :, None])
    alpha = np.asarray(np.clip(dense * 0.95 + wisps * (1 - dense), 0, 1), np.float32)
    layer = finish(colour, alpha)
    return [_shifted(layer, phase / CLOUD_PHASES, width) for phase in range(CLOUD_PHASES)]


def _shifted(layer: Layer, shift: float, frame_width: int) -> Layer:
    """Move a layer that repeats to the left by part of a pixel, and add a frame's width of it again."""

    def move(image: Image) -> Image:
        moved = cv2.addWeighted(image, 1 - shift, np.roll(image, -1, axis=1), shift, 0)
        return np.concatenate([moved, moved[:, :frame_width]], axis=1).astype(np.uint8)

    return Layer(move(layer.bgr), move(layer.keep))
