"""What the demo scene's person wears: a coat and a scarf, which hide where the head ends."""

from __future__ import annotations

import numpy as np

from realtime.demo.canvas import Box, Canvas, line_mask
from realtime.demo.paint import (
    Points,
    mix,
    noise,
    ramp,
    rgb,
    soft,
)

BODY_BOX: Box = (-1.30, 0.36, 1.30, 1.90)
_COAT: Points = (
    (-0.20, 0.70), (-0.42, 0.70), (-0.70, 0.79), (-0.90, 0.98), (-1.00, 1.35), (-1.08, 2.1), (1.08, 2.1),
    (1.00, 1.35), (0.90, 0.98), (0.70, 0.79), (0.42, 0.70), (0.20, 0.70),
)  # fmt: skip
_SCARF: Points = (
    (-0.33, 0.44), (-0.17, 0.55), (0.0, 0.585), (0.17, 0.55), (0.33, 0.44), (0.47, 0.53), (0.50, 0.68),
    (0.34, 0.83), (0.10, 0.92), (-0.12, 0.91), (-0.36, 0.82), (-0.51, 0.67), (-0.46, 0.52),
)  # fmt: skip
_SCARF_END: Points = (
    (0.02, 0.84), (0.25, 0.82), (0.30, 1.10), (0.36, 1.45), (0.37, 1.62), (0.12, 1.66), (0.06, 1.40),
    (0.04, 1.10),
)  # fmt: skip


def paint_body(unit: float) -> Canvas:
    """Coat and scarf; they hide where the head ends."""
    canvas = Canvas(BODY_BOX, unit, fine=False)
    size = (canvas.x.shape[1], canvas.x.shape[0])
    weave = noise(size, 90, 6, octaves=3)
    folds = noise(size, 9, 7, octaves=3, stretch=0.35)
    coat = canvas.shape(_COAT)
    light = ramp(np.asarray(canvas.x + 0.35 * (folds - 0.5) + 0.25 * (canvas.y - 1), np.float32), 0.75, -0.95)
    cloth = mix(rgb("#0f2a3d"), rgb("#2f7f93"), light[:, :, None])
    canvas.paint(coat, np.asarray(cloth * (0.86 + 0.28 * weave[:, :, None]), np.float32))
    rim = np.asarray(
        ramp(soft(coat, canvas.unit * 0.025), 0.98, 0.55) * ramp(canvas.x, -0.35, -0.8), np.float32
    )
    canvas.tint(rim, rgb("#ffcf8a"), 0.75)
    for side in (-1, 1):
        lapel = canvas.shape(
            ((side * 0.10, 0.92), (side * 0.40, 0.70), (side * 0.56, 0.88), (side * 0.40, 1.10),
             (side * 0.42, 1.2), (side * 0.04, 1.86)), closed_curve=False,
        )  # fmt: skip
        canvas.tint(soft(lapel, canvas.unit * 0.03), rgb("#071722"), 0.5)
        canvas.tint(lapel, mix(cloth, rgb("#4fa3b0"), 0.30 if side < 0 else 0.10))
    canvas.tint(line_mask(canvas, ((0.0, 1.0), (0.0, 1.4), (0.0, 1.9)), 0.012), rgb("#071722"), 0.7)
    _paint_scarf(canvas, size)
    return canvas


def _paint_scarf(canvas: Canvas, size: tuple[int, int]) -> None:
    rows = noise(size, 9, 8, octaves=3)
    knit = 0.5 + 0.5 * np.sin(canvas.x * 130) * np.sin(canvas.y * 95)
    for points, looped in ((_SCARF_END, False), (_SCARF, True)):
        shape = canvas.shape(points)
        canvas.tint(soft(shape, canvas.unit * 0.04), rgb("#06121a"), 0.55)
        # Folds follow the neck in the loop, and hang straight in the end.
        along = (canvas.y + 0.62 * canvas.x**2) * 26 if looped else canvas.x * 36 + canvas.y * 3
        folds = np.asarray(0.5 + 0.5 * np.sin(along + 2.2 * rows), np.float32)
        light = np.asarray(ramp(canvas.x, 0.60, -0.50) * 0.60 + 0.30 * folds + 0.10 * knit, np.float32)
        wool = mix(rgb("#7d210f"), rgb("#ee9a2c"), ramp(light, 0.05, 0.80)[:, :, None])
        canvas.paint(shape, mix(wool, rgb("#ffdc84"), 0.8 * ramp(light, 0.70, 1.0)[:, :, None]))
        if looped:
            under = ramp(soft(shape, canvas.unit * 0.05), 0.95, 0.5) * ramp(canvas.y, 0.6, 0.9)
            canvas.tint(np.asarray(under * soft(shape, 0.5), np.float32), rgb("#5e1a0c"), 0.6)
