"""The face of the demo scene's person: features, eyes that open and shut, a mouth that speaks."""

from __future__ import annotations

import numpy as np

from realtime.demo.canvas import Box, Canvas, line_mask
from realtime.demo.paint import (
    Array,
    mix,
    ramp,
    rgb,
    soft,
)

EYES_BOX: Box = (-0.30, -0.17, 0.30, 0.13)
MOUTH_BOX: Box = (-0.17, 0.18, 0.17, 0.42)
EYES = (("open", 0.0), ("open", -1.0), ("open", 1.0), ("half", 0.0), ("shut", 0.0))
MOUTHS = (0.0, 0.25, 0.55, 0.9)


def paint_features(canvas: Canvas) -> None:
    """Cheeks, sockets, nose, brows."""
    canvas.tint(canvas.glow(-0.20, 0.14, 0.11, 0.08), rgb("#f0846a"), 0.42)
    canvas.tint(canvas.glow(0.20, 0.14, 0.10, 0.08), rgb("#c2563f"), 0.40)
    for x, dark in ((-0.15, "#b9775a"), (0.15, "#8a4c3a")):
        canvas.tint(canvas.glow(x, -0.055, 0.115, 0.06), rgb(dark), 0.55)
    nose_shadow = canvas.shape(((0.015, -0.10), (0.045, 0.02), (0.085, 0.115), (0.06, 0.15), (0.01, 0.14)))
    canvas.tint(soft(nose_shadow, canvas.unit * 0.012), rgb("#9a573f"), 0.55)
    canvas.tint(canvas.glow(0.0, 0.175, 0.10, 0.022), rgb("#8f4d39"), 0.45)
    canvas.tint(canvas.glow(-0.018, 0.02, 0.02, 0.13), rgb("#ffe6c8"), 0.55)
    canvas.tint(canvas.glow(-0.012, 0.115, 0.035, 0.030), rgb("#ffe9d0"), 0.75)
    for x in (-0.042, 0.046):
        canvas.tint(canvas.ellipse(x, 0.158, 0.020, 0.011), rgb("#5c2a20"), 0.75)
    canvas.tint(canvas.glow(0.0, 0.395, 0.09, 0.018), rgb("#8f4d39"), 0.35)
    canvas.tint(canvas.glow(-0.03, 0.43, 0.06, 0.03), rgb("#ffd9b4"), 0.40)
    for side in (-1, 1):
        brow = canvas.shape(
            (
                (side * 0.070, -0.142), (side * 0.14, -0.172), (side * 0.215, -0.160), (side * 0.255, -0.120),
                (side * 0.21, -0.144), (side * 0.14, -0.150), (side * 0.072, -0.122),
            )
        )  # fmt: skip
        canvas.tint(soft(brow, canvas.unit * 0.006), rgb("#4a2015"), 0.9)


def paint_eyes(canvas: Canvas, state: str, gaze: float) -> None:
    """Both eyes; `state` is open, half or shut, `gaze` -1 looks left, 1 right."""
    opening = {"open": 1.0, "half": 0.45, "shut": 0.0}[state]
    for side in (-1, 1):
        x, y, width = side * 0.148, -0.035, 0.076
        if opening:
            top, bottom = 0.043 * opening, 0.027 * (0.4 + 0.6 * opening)
            almond = canvas.shape(
                (
                    (x - width, y + 0.004), (x - width * 0.5, y - top * 0.80), (x, y - top),
                    (x + width * 0.55, y - top * 0.75), (x + width, y - 0.002),
                    (x + width * 0.5, y + bottom * 0.85), (x, y + bottom),
                    (x - width * 0.5, y + bottom * 0.85),
                )
            )  # fmt: skip
            _paint_eyeball(canvas, soft(almond, 0.5), x + 0.016 * gaze, y - 0.006, side)
            lid = ((x - width * 1.05, y + 0.006), (x - width * 0.5, y - top * 0.84), (x, y - top * 1.02),
                   (x + width * 0.55, y - top * 0.80), (x + width * 1.10, y - 0.008))  # fmt: skip
            canvas.curves([(lid, "#2b120d", 0.019)])
            fold = tuple((px, py - 0.026) for px, py in lid)
            canvas.tint(line_mask(canvas, fold, 0.010), rgb("#7a4030"), 0.6)
        else:
            canvas.tint(
                canvas.glow(x, y - 0.005, width * 0.9, 0.040), rgb("#dc9f7c" if side < 0 else "#a66a50"), 0.9
            )
            lash = ((x - width, y), (x - width * 0.5, y + 0.020), (x, y + 0.027),
                    (x + width * 0.5, y + 0.020), (x + width, y - 0.002))  # fmt: skip
            canvas.curves([(lash, "#2b120d", 0.018)])


def _paint_eyeball(canvas: Canvas, almond: Array, x: float, y: float, side: int) -> None:
    white = rgb("#fbf3ea") if side < 0 else rgb("#e2d2c6")
    canvas.tint(almond, mix(white, rgb("#b99c90"), ramp(canvas.y, y + 0.0, y - 0.045)[:, :, None]))
    iris = np.asarray(canvas.ellipse(x, y, 0.040, 0.040) * almond, np.float32)
    distance = np.asarray(np.hypot(canvas.x - x, canvas.y - y), np.float32)
    green = mix(rgb("#7fae7a"), rgb("#24473f"), ramp(distance, 0.012, 0.040)[:, :, None])
    canvas.tint(iris, mix(green, rgb("#183029"), 0.6 * ramp(canvas.y, y + 0.01, y - 0.04)[:, :, None]))
    canvas.tint(np.asarray(canvas.ellipse(x, y, 0.019, 0.019) * almond, np.float32), rgb("#0c0807"))
    canvas.tint(
        np.asarray(canvas.ellipse(x - 0.015, y - 0.014, 0.011, 0.011) * almond, np.float32), rgb("#ffffff")
    )


def paint_mouth(canvas: Canvas, opening: float) -> None:
    """A smiling mouth; `opening` 0 is shut, 1 wide."""
    drop = 0.070 * opening
    wide = 0.128 - 0.022 * opening
    y, corner = 0.278, 0.252  # the corners lie higher: a smile
    upper = canvas.shape(
        (
            (-wide, corner), (-0.060, y - 0.030), (-0.020, y - 0.036), (0.0, y - 0.030), (0.020, y - 0.036),
            (0.060, y - 0.030), (wide, corner), (0.062, y + 0.002), (0.0, y + 0.012), (-0.062, y + 0.002),
        )
    )  # fmt: skip
    lower = canvas.shape(
        (
            (-wide, corner), (-0.066, y + 0.004), (0.0, y + 0.012), (0.066, y + 0.004), (wide, corner),
            (0.092 - 0.02 * opening, y + 0.020 + 0.75 * drop), (0.045, y + 0.046 + drop),
            (0.0, y + 0.054 + drop), (-0.045, y + 0.046 + drop),
            (-0.092 + 0.02 * opening, y + 0.020 + 0.75 * drop),
        )
    )  # fmt: skip
    canvas.tint(upper, mix(rgb("#b5443c"), rgb("#7e2b2a"), ramp(canvas.x, -0.1, 0.1)[:, :, None]))
    canvas.tint(lower, mix(rgb("#d8604f"), rgb("#96372f"), ramp(canvas.x, -0.1, 0.1)[:, :, None]))
    shine = np.asarray(canvas.glow(-0.03, y + 0.040 + drop, 0.035, 0.010) * soft(lower, 0.5), np.float32)
    canvas.tint(shine, rgb("#ffc4b0"), 0.8)
    if opening:
        inside = canvas.shape(
            (
                (-wide * 0.86, corner + 0.010), (-0.05, y - 0.004), (0.0, y + 0.002), (0.05, y - 0.004),
                (wide * 0.86, corner + 0.010), (0.072 - 0.02 * opening, y + 0.006 + 0.8 * drop),
                (0.0, y + 0.022 + drop), (-0.072 + 0.02 * opening, y + 0.006 + 0.8 * drop),
            )
        )  # fmt: skip
        canvas.tint(inside, rgb("#4a1512"))
        teeth = np.asarray(soft(inside, 0.4) * ramp(canvas.y, y + 0.026, y + 0.016), np.float32)
        canvas.tint(teeth, rgb("#fff6ec"), 0.95)
        tongue = canvas.glow(0, y + 0.024 + drop, 0.05, 0.022) * soft(inside, 0.4)
        canvas.tint(np.asarray(tongue, np.float32), rgb("#c4544a"), min(0.8, 2 * opening))
    else:
        line = ((-wide * 1.08, corner - 0.008), (-0.065, y + 0.001), (0.0, y + 0.011), (0.065, y + 0.001),
                (wide * 1.08, corner - 0.008))  # fmt: skip
        canvas.curves([(line, "#5e1d1b", 0.011)])
    for side in (-1, 1):  # dimples
        canvas.tint(canvas.glow(side * (wide + 0.012), corner - 0.004, 0.012, 0.020), rgb("#8a4231"), 0.5)
