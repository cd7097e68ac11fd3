"""The lake of the demo scene: a mirror with waves, tinted, and the sun's glitter on it."""

from __future__ import annotations

from dataclasses import dataclass

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
)
from realtime.demo.sky import HORIZON, SUN

SHORE = 0.90  # where it ends


@dataclass(frozen=True)
class Water:
    """What the lake needs for every frame: see `draw`."""

    top: int
    bottom: int
    map_x: Array  # (h, W) where the calm reflection is
    map_y: Array
    reach: Array  # (h, W) pixels that a wave moves it by
    rows: Array  # (h, 1) phase of the waves by depth
    columns: Array  # (1, W) phase by x
    tint: Layer  # the water's own colour
    glints: tuple[Image, Image]  # (h, 3W) noise; where both are high, the sun glitters
    glitter: Image  # (h, W, 3) its colour and strength

    def draw(self, frame: Image, time_s: float) -> None:
        """Mirror what is above the lake, moved by waves, in place."""
        waves = np.zeros_like(self.reach)
        for speed, rate, slant in ((2.1, 1.0, 1.0), (-1.4, 1.7, 2.3)):
            across = self.columns * slant + speed * time_s
            # sin(a + b) from vectors: a sine for every pixel would cost more than the whole rest
            waves += np.sin(self.rows * rate) * np.cos(across) + np.cos(self.rows * rate) * np.sin(across)
        waves *= self.reach
        below = frame[self.top : self.bottom]
        fixed = cv2.convertMaps(self.map_x + waves * 0.5, self.map_y + waves, cv2.CV_16SC2)  # faster in remap
        cv2.remap(frame[: self.top], *fixed, cv2.INTER_LINEAR, below, cv2.BORDER_REPLICATE)
        self.tint.over(frame)
        width = frame.shape[1]
        first, second = (int(time_s * rate * width) % width for rate in (0.031, 0.023))
        both = cv2.add(
            self.glints[0][:, first : first + width], self.glints[1][:, width - second : 2 * width - second]
        )
        sparks = cv2.threshold(both, 235, 255, cv2.THRESH_TOZERO)[1]
        cv2.add(
            below, cv2.multiply(cv2.cvtColor(sparks, cv2.COLOR_GRAY2BGR), self.glitter, None, 1 / 255), below
        )


def paint_water(width: int, height: int) -> Water:
    """Prepare the lake for frames of that size."""
    top, bottom = round(height * HORIZON), round(height * SHORE)
    deep = bottom - top
    x, _ = grid(width, deep)
    depth = np.linspace(0, 1, deep, dtype=np.float32)[:, None]
    pixels = np.arange(deep, dtype=np.float32)[:, None]
    reach = np.broadcast_to((0.003 + 0.022 * depth) * height, (deep, width))
    colour = np.empty((deep, width, 3), np.float32)
    colour[:] = mix(rgb("#5f8fae"), rgb("#123f57"), ramp(depth, 0.0, 0.9)[:, :, None])
    alpha = np.broadcast_to(0.20 + 0.42 * depth, (deep, width)).astype(np.float32)
    band = np.exp(-(((x - SUN[0]) / (0.045 + 0.10 * depth)) ** 2))
    shine = np.asarray((0.16 + 0.84 * band) * (0.35 + 0.65 * (1 - depth)), np.float32)
    glitter = np.ascontiguousarray(np.clip(shine[:, :, None] * rgb("#ffe6ac")[::-1] * 255, 0, 255), np.uint8)
    glints = []
    for seed in (81, 82):
        ripples = noise((width, deep), 30, seed, octaves=4, stretch=0.9 * 5)
        glints.append(np.tile(np.round(ripples * 190).astype(np.uint8), (1, 3)))
    return Water(
        top=top,
        bottom=bottom,
        map_x=np.tile(np.arange(width, dtype=np.float32), (deep, 1)),
        map_y=np.repeat(np.clip(top - 1 - 1.15 * pixels, 0, None), width, axis=1).astype(np.float32),
        reach=np.ascontiguousarray(reach, np.float32),
        rows=np.asarray(26 / (depth + 0.22), np.float32),
        columns=np.linspace(0, 14 * width / height, width, dtype=np.float32)[None, :],
        tint=finish(colour, alpha, 0, top),
        glints=(glints[0], glints[1]),
        glitter=glitter,
    )
