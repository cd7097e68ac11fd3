"""The landscape of the demo scene: a lake below mountains, late on a summer day, a tree in front.

Painted once for a size; `Landscape.draw` moves clouds, water, boat, birds and tree. Positions are
shares of width and height, sizes shares of the height. The sun is low on the left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from realtime.demo.land import paint_land
from realtime.demo.paint import (
    Image,
    Layer,
    as_bgra,
    as_layer,
    polygon,
    stroke,
)
from realtime.demo.plants import paint_meadow, paint_tree
from realtime.demo.sky import CLOUD_PHASES, HORIZON, paint_clouds, paint_sky, paint_sunlight
from realtime.demo.water import Water, paint_water


@dataclass(frozen=True)
class Landscape:
    """The landscape at one size."""

    sky: Image  # (H, W, 3) uint8 BGR
    clouds: tuple[Layer, ...]
    sunlight: Layer
    land: Layer
    water: Water
    meadow: Layer
    trunk: Layer
    crown: Image  # (h, w, 4) uint8 BGRA, multiplied by alpha, at the upper left corner

    def draw(self, time_s: float) -> Image:
        """Return a new frame, (H, W, 3) uint8 BGR, without the figure."""
        frame: Image = self.sky.copy()
        width = frame.shape[1]
        quarters = int(time_s * 0.012 * width * CLOUD_PHASES)
        strip = self.clouds[quarters % CLOUD_PHASES]
        start = quarters // CLOUD_PHASES % (strip.bgr.shape[1] - width)
        Layer(strip.bgr[:, start : start + width], strip.keep[:, start : start + width]).over(frame)
        self.sunlight.over(frame)
        _draw_birds(frame, time_s)
        self.land.over(frame)
        self.water.draw(frame, time_s)
        _draw_boat(frame, time_s)
        self.meadow.over(frame)
        self.trunk.over(frame)
        self._draw_crown(frame, time_s)
        return frame

    def _draw_crown(self, frame: Image, time_s: float) -> None:
        sway = 0.016 * math.sin(time_s * 1.3) + 0.006 * math.sin(time_s * 3.1)
        height, width = self.crown.shape[:2]
        shear = np.array([[1, -sway, sway * height], [0, 1, 0]])  # where it meets the trunk it stands still
        moved = cv2.warpAffine(self.crown, shear, (width, height), borderMode=cv2.BORDER_REPLICATE)
        as_layer(np.asarray(moved, np.uint8)).over(frame)


@lru_cache(maxsize=2)
def paint_landscape(width: int, height: int) -> Landscape:
    """Paint all layers for frames of that size."""
    sky = np.ascontiguousarray(np.clip(paint_sky(width, height)[:, :, ::-1] * 255 + 0.5, 0, 255), np.uint8)
    tree, fork = paint_tree(width, height), round(height * 0.56)
    return Landscape(
        sky=sky,
        clouds=tuple(paint_clouds(width, height)),
        sunlight=paint_sunlight(width, height),
        land=paint_land(width, height),
        water=paint_water(width, height),
        meadow=paint_meadow(width, height),
        trunk=Layer(tree.bgr[fork:], tree.keep[fork:], 0, fork),
        crown=as_bgra(Layer(tree.bgr[:fork], tree.keep[:fork])),
    )


def _draw_birds(frame: Image, time_s: float) -> None:
    height, width = frame.shape[:2]
    for bird in range(5):
        x = ((0.46 + 0.022 * time_s + 0.026 * bird + 0.010 * (bird % 2)) % 1.2 - 0.1) * width
        y = (0.13 + 0.018 * abs(bird - 1) + 0.010 * math.sin(time_s * 0.9 + bird)) * height
        span = 0.011 * height * (1 + 0.1 * (bird % 3))
        lift = span * (0.35 + 0.55 * math.sin(time_s * 7 + bird * 1.7))
        wings = np.array([[x - span, y - lift], [x - span * 0.4, y - lift * 0.3], [x, y],
                          [x + span * 0.4, y - lift * 0.3], [x + span, y - lift]])  # fmt: skip
        stroke(frame, wings, (58, 44, 40), round(height / 450))


def _draw_boat(frame: Image, time_s: float) -> None:
    """A small sailing boat that crosses the lake, and its reflection."""
    height, width = frame.shape[:2]
    size = 0.052 * height
    x = (0.30 + 0.010 * time_s) % 1.15 * width - 0.05 * width
    y = (HORIZON + 0.048 + 0.0015 * math.sin(time_s * 1.7)) * height
    heel = 0.06 * math.sin(time_s * 1.1)
    hull = np.array([[-0.62, -0.14], [0.66, -0.16], [0.46, 0.06], [-0.48, 0.06]])
    main = np.array([[0.02, -1.55], [0.06, -0.24], [-0.62, -0.24]])
    jib = np.array([[0.08, -1.40], [0.62, -0.22], [0.10, -0.22]])
    parts = ((main, (214, 236, 250)), (jib, (170, 205, 236)), (hull, (38, 48, 122)))
    left, right = max(0, round(x - size)), min(width, round(x + size) + 1)
    top, bottom = round(y), round(y + 1.3 * size)
    if right > left:
        mirror = frame[top:bottom, left:right].copy()
        for shape, colour in parts:
            turned = np.stack([shape[:, 0] + heel * shape[:, 1], -0.8 * shape[:, 1] + 0.05], axis=1)
            polygon(mirror, turned * size + [x - left, y - top], colour)
        region = frame[top:bottom, left:right]
        cv2.addWeighted(mirror, 0.45, region, 0.55, 0, region)
    for shape, colour in parts:
        turned = np.stack([shape[:, 0] - heel * shape[:, 1], shape[:, 1]], axis=1)
        polygon(frame, turned * size + [x, y], colour)
