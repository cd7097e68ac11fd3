"""What a style makes of nothing: noise is painted, and its strokes and colours are all that is left."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.catalog import StyleEntry
from realtime.engine import Engine, EngineOptions, open_engine
from realtime.preprocess import network_size

Image = NDArray[np.uint8]

TEXTURE_WH = (512, 512)
# Sides of the noise's grains, in pixels, and how strong each is: shapes for a brush to follow, and specks.
_GRAINS = ((96, 1.0), (32, 0.7), (8, 0.35), (2, 0.2))
_CONTRAST, _MIDDLE = 52, 128


def draw_texture(
    style: StyleEntry,
    size_wh: tuple[int, int] = TEXTURE_WH,
    *,
    seed: int = 0,
    options: EngineOptions | None = None,
) -> Image:
    """Return a texture of a style, (H, W, 3) uint8 BGR.

    Raises:
        EngineError, ContractError: if the style cannot be painted.
    """
    engine = open_engine(style, options)
    try:
        return paint_noise(engine, size_wh, seed)
    finally:
        engine.close()


def paint_noise(engine: Engine, size_wh: tuple[int, int], seed: int = 0) -> Image:
    """Return what an open style makes of noise of this size, as nearly as the style allows."""
    return engine.infer(noise(network_size(size_wh, engine.contract), seed))


def noise(size_wh: tuple[int, int], seed: int = 0) -> Image:
    """Return coloured noise with grains of several sizes, (H, W, 3) uint8; the same for the same seed."""
    chance = np.random.default_rng(seed)
    levels = np.zeros((size_wh[1], size_wh[0], 3), np.float32)
    for grain, strength in _GRAINS:
        rows, columns = (side // grain + 3 for side in size_wh[::-1])
        coarse = chance.standard_normal((rows, columns, 3)).astype(np.float32)
        fine = cv2.resize(coarse, (columns * grain, rows * grain), interpolation=cv2.INTER_CUBIC)
        levels += strength * fine[grain : grain + size_wh[1], grain : grain + size_wh[0]]
    levels *= _CONTRAST / max(float(levels.std()), 1e-6)
    return cast(Image, np.clip(levels + _MIDDLE, 0, 255).astype(np.uint8))
