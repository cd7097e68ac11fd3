"""What grows in front in the demo scene: grass, poppies, a birch."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from realtime.demo.paint import (
    Image,
    Layer,
    as_bgra,
    as_layer,
    disc,
    finish,
    grid,
    mix,
    noise,
    palette,
    polygon,
    ramp,
    rgb,
    stroke,
)


def _bank(x: float) -> float:
    """Return where the near bank begins, as a share of the height."""
    return 0.865 - 0.045 * x + 0.012 * math.sin(9 * x) + 0.006 * math.sin(23 * x + 1)


def paint_meadow(width: int, height: int) -> Layer:
    """The near bank: grass blade by blade, and poppies."""
    top = round(height * 0.74)
    x, y = grid(width, height)
    x, y = x[top:], y[top:]
    line = np.array([_bank(place) for place in x[0]], np.float32)
    texture = noise((width, height), 40, 61, octaves=5, stretch=2.0)[top:]
    light = np.asarray(0.55 * texture + 0.9 * (0.93 - y) * 2 + 0.25 * (0.5 - x), np.float32)
    ground = mix(rgb("#14300f"), rgb("#7d9a35"), ramp(light, 0.1, 0.85)[:, :, None])
    canvas = as_bgra(finish(ground, ramp(y - line, -0.003, 0.006)))
    generator = np.random.default_rng(62)
    greens = palette(("#1d3d14", "#35601f", "#55802a", "#86a038", "#e0c864"))
    for near in np.sort(generator.random(round(900 * width / height))):  # far blades first
        place, tone = generator.random(), int(63 * generator.random() ** 1.4)
        foot = _bank(place) + (1.03 - _bank(place)) * near + 0.01
        tall = (0.018 + 0.055 * near) * height
        lean = generator.normal(0.15, 0.35) * tall
        at = np.array([place * width, foot * height - top])
        blade = np.array([[0, 0], [lean * 0.25, -tall * 0.55], [lean, -tall]])
        stroke(canvas, at + blade, greens[tone], round(tall * 0.05))
    for near in np.sort(generator.random(round(34 * width / height))):
        place = generator.random()
        at = np.array([place * width, (_bank(place) + 0.15 * near) * height - top])
        _poppy(canvas, at, (0.0045 + 0.008 * near) * height, float(generator.random()))
    return as_layer(canvas, 0, top)


def _poppy(canvas: Image, at: NDArray[np.float64], size: float, kind: float) -> None:
    colour = (
        "#d8301c" if kind < 0.45 else "#f0562c" if kind < 0.70 else "#f7f0dc" if kind < 0.88 else "#e9b23a"
    )
    shades = palette(("#301008", colour), 8)
    disc(canvas, at[0], at[1], size, size * 0.85, shades[5])
    disc(canvas, at[0] - size * 0.25, at[1] - size * 0.28, size * 0.62, size * 0.5, shades[7])


_CROWN = ((0.06, 0.12, 0.17), (0.20, 0.07, 0.14), (0.32, 0.12, 0.10), (0.03, 0.27, 0.09), (0.30, 0.25, 0.07),
          (0.14, 0.19, 0.12), (0.25, 0.42, 0.045), (0.37, 0.17, 0.05))  # fmt: skip
_BRANCHES = (
    ((0.12, 0.42), (0.22, 0.30), (0.33, 0.26)),
    ((0.13, 0.32), (0.05, 0.20), (0.0, 0.16)),
    ((0.14, 0.24), (0.24, 0.14), (0.36, 0.12)),
    ((0.115, 0.55), (0.19, 0.46), (0.26, 0.43)),
)
_TRUNK = ((0.080, 1.0), (0.092, 0.75), (0.103, 0.50), (0.123, 0.28), (0.150, 0.10), (0.163, 0.10),
          (0.150, 0.29), (0.143, 0.50), (0.145, 0.75), (0.158, 1.0))  # fmt: skip


def paint_tree(width: int, height: int) -> Layer:
    """A birch at the left edge whose crown reaches into the picture."""
    wide, high = min(width, round(height * 0.46)), height
    x, _ = grid(wide, high)
    x *= wide / height
    mask = np.zeros((high, wide), np.uint8)
    polygon(mask, np.array(_TRUNK) * height, [255])
    for branch in _BRANCHES:
        stroke(mask, np.array(branch) * height, [255], round(height * 0.010))
    bark = mix(rgb("#fff0d4"), rgb("#84706e"), ramp(x, 0.092, 0.150)[:, :, None])
    streaks = noise((wide, high), 12, 73, octaves=4, stretch=5.0)
    bark = mix(bark, rgb("#2b211f"), ramp(streaks, 0.60, 0.70)[:, :, None])
    canvas = as_bgra(finish(bark, np.asarray(mask / 255, np.float32)))
    generator = np.random.default_rng(71)
    greens = palette(("#16301a", "#2f5a26", "#4f8030", "#93a03a", "#e6c84e"))
    weights = np.array([radius**2 for _, _, radius in _CROWN])
    for order in np.linspace(0, 1, 180):
        centre = _CROWN[int(generator.choice(len(_CROWN), p=weights / weights.sum()))]
        _foliage(canvas, centre, float(order), height, greens, generator)
    return as_layer(canvas)


def _foliage(
    canvas: Image,
    crown: tuple[float, float, float],
    order: float,
    height: int,
    greens: list[tuple[float, float, float, float]],
    generator: np.random.Generator,
) -> None:
    """One bunch of leaves: dark ones first and deep in the crown, lit ones last and towards the sun."""
    cx, cy, radius = crown
    angle, reach = generator.random() * 2 * math.pi, math.sqrt(generator.random())
    x, y = cx + reach * radius * math.cos(angle), cy + reach * radius * math.sin(angle)
    sunny = 0.55 * order + 0.15 * (1 - reach * math.sin(angle)) + 0.12 * (1 + reach * math.cos(angle))
    leaves = generator.normal((x, y, sunny), (0.016, 0.014, 0.13), (15, 3))
    for px, py, tone in leaves:
        shade = greens[int(np.clip(tone, 0, 1) * 63)]
        long = generator.uniform(0.0045, 0.0085)
        disc(
            canvas, px * height, py * height, long * height, 0.0040 * height, shade, generator.uniform(0, 180)
        )
