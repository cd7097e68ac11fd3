"""The head of the demo scene's person: hair and skin. The light comes from the left."""

from __future__ import annotations

import numpy as np

from realtime.demo.canvas import Box, Canvas
from realtime.demo.face import paint_features
from realtime.demo.paint import (
    Points,
    mix,
    noise,
    ramp,
    rgb,
    soft,
)

HEAD_BOX: Box = (-0.62, -0.74, 0.62, 0.86)  # what moves
_FACE: Points = (
    (0.0, -0.50), (0.21, -0.45), (0.33, -0.26), (0.345, -0.04), (0.315, 0.16), (0.235, 0.33),
    (0.11, 0.445), (0.0, 0.465), (-0.11, 0.445), (-0.235, 0.33), (-0.315, 0.16), (-0.345, -0.04),
    (-0.33, -0.26), (-0.21, -0.45),
)  # fmt: skip
_BACK_HAIR: Points = (
    (0.0, -0.655), (0.25, -0.595), (0.43, -0.38), (0.485, -0.08), (0.50, 0.22), (0.54, 0.48), (0.45, 0.66),
    (0.20, 0.62), (0.0, 0.58), (-0.20, 0.62), (-0.44, 0.66), (-0.53, 0.46), (-0.49, 0.22), (-0.48, -0.08),
    (-0.43, -0.38), (-0.25, -0.60),
)  # fmt: skip
_FRINGE_LEFT: Points = (
    (0.10, -0.60), (-0.08, -0.645), (-0.28, -0.555), (-0.43, -0.34), (-0.47, -0.02), (-0.45, 0.26),
    (-0.40, 0.40), (-0.355, 0.20), (-0.325, -0.02), (-0.285, -0.20), (-0.17, -0.33), (0.0, -0.42),
    (0.10, -0.50),
)  # fmt: skip
_FRINGE_RIGHT: Points = (
    (0.05, -0.61), (0.20, -0.605), (0.35, -0.47), (0.455, -0.20), (0.475, 0.10), (0.45, 0.38),
    (0.385, 0.44), (0.365, 0.16), (0.335, -0.08), (0.29, -0.26), (0.19, -0.42), (0.09, -0.50),
)  # fmt: skip


def paint_head(unit: float) -> Canvas:
    """Everything of the head but eyes and mouth."""
    canvas = Canvas(HEAD_BOX, unit, fine=True)
    hair_texture = noise((canvas.x.shape[1], canvas.x.shape[0]), 24, 5, stretch=0.15)
    back = canvas.shape(_BACK_HAIR)
    canvas.paint(back, mix(rgb("#3a1c14"), rgb("#6b3420"), hair_texture[:, :, None]))
    canvas.curves(
        strands((0.07, -0.57), -1, 90, 1, ("#5a2a1a", "#7a3d22", "#4a2016", "#8f4c28"))
        + strands((0.07, -0.57), 1, 90, 2, ("#3b1a12", "#55271a", "#2e130e", "#663320")),
        back,
    )
    neck = canvas.shape(
        ((-0.15, 0.25), (0.15, 0.25), (0.17, 0.60), (0.24, 0.85), (-0.24, 0.85), (-0.17, 0.60))
    )
    canvas.paint(neck, mix(rgb("#d99a74"), rgb("#9a5f48"), ramp(canvas.x, -0.16, 0.14)[:, :, None]))
    canvas.tint(canvas.glow(0.02, 0.42, 0.26, 0.13), rgb("#7d4433"), 0.75)

    face = canvas.shape(_FACE)
    side = np.asarray(canvas.x / 0.36, np.float32)
    depth = np.asarray(np.sqrt(np.clip(1 - side**2 - (canvas.y / 0.62) ** 2, 0, 1)), np.float32)
    light = np.asarray(-0.62 * side - 0.22 * canvas.y / 0.6 + 0.62 * depth, np.float32)
    skin = mix(rgb("#a9684f"), rgb("#eab48c"), ramp(light, -0.55, 0.62)[:, :, None])
    skin = mix(skin, rgb("#ffdcb6"), 0.85 * ramp(light, 0.45, 1.0)[:, :, None])
    canvas.paint(face, skin)
    paint_features(canvas)

    fringe = np.maximum(canvas.shape(_FRINGE_LEFT), canvas.shape(_FRINGE_RIGHT))
    canvas.tint(
        np.asarray(soft(fringe, canvas.unit * 0.025) * (soft(face, 1) > 0.2), np.float32), rgb("#6a3626"), 0.7
    )
    canvas.paint(fringe, mix(rgb("#4a2216"), rgb("#7f4126"), hair_texture[:, :, None]))
    canvas.curves(
        strands((0.08, -0.55), -1, 130, 3, ("#6d3520", "#8f4c2a", "#a9602f", "#54281a", "#c2783a"))
        + strands((0.08, -0.55), 1, 110, 4, ("#54271a", "#6d3520", "#3c1a12", "#7f4428")),
        fringe,
    )
    hair = np.asarray(np.maximum(soft(fringe, 1), soft(back, 1) * (1 - soft(face, 1))), np.float32)
    shine = canvas.glow(-0.24, -0.42, 0.17, 0.10) + 0.5 * canvas.glow(0.22, -0.42, 0.12, 0.06)
    canvas.tint(np.asarray(hair * shine * (0.5 + 0.8 * hair_texture), np.float32), rgb("#e9a860"), 0.55)
    rim = np.asarray(
        hair * ramp(soft(back, canvas.unit * 0.03), 0.85, 0.45) * ramp(canvas.x, 0.1, -0.35), np.float32
    )
    canvas.tint(rim, rgb("#ffcf86"), 0.8)
    return canvas


def strands(
    root: tuple[float, float], side: float, count: int, seed: int, colours: tuple[str, ...]
) -> list[tuple[Points, str, float]]:
    """Return locks that fall from the parting to one side (-1 left, 1 right)."""
    generator = np.random.default_rng(seed)
    result: list[tuple[Points, str, float]] = []
    for _ in range(count):
        t = float(generator.random())
        bulge = 0.30 + 0.20 * t
        wave = float(generator.normal(0, 0.012))
        start = (root[0] + side * 0.10 * t, root[1] - 0.03 + 0.05 * t)
        points = (
            start,
            (side * bulge * 0.66 + wave, -0.56 + 0.16 * (1 - t)),
            (side * bulge + wave, -0.28 + 0.10 * (1 - t)),
            (side * (bulge + 0.0) - wave, 0.05),
            (side * (bulge + 0.01) + 2 * wave, 0.32),
            (side * (bulge - 0.02) - wave, 0.64),
        )
        shade = colours[int(generator.integers(len(colours)))]
        result.append((points, shade, float(generator.uniform(0.004, 0.011))))
    return result
