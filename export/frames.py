"""Pictures to calibrate and to check exported files with: real ones, and such as engines get wrong.

All are BGR, (H, W, 3) uint8, and none comes from outside: the demo scene, and scikit-image's photographs.
"""

from collections.abc import Iterator
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.demo import draw_demo_frame
from realtime.engine import is_installed
from realtime.errors import MissingExtraError

Image = NDArray[np.uint8]
# Another moment of the scene, and other photographs, than those that a network is calibrated on.
_CHECKED = ((500, 700), ("coffee", "chelsea"))
_CALIBRATED = ((0, 40, 80, 120), ("astronaut", "rocket", "hubble_deep_field"))
_REAL_WH = (320, 192)


def hard_frames() -> Iterator[tuple[str, Image]]:
    """Yield named frames on which engines are known to go wrong: flat, saturated, tiny, odd."""
    chance = np.random.default_rng(0)
    yield "black", np.zeros((96, 128, 3), np.uint8)
    yield "white", np.full((96, 128, 3), 255, np.uint8)
    yield "saturated noise", (chance.integers(0, 2, (120, 160, 3)) * 255).astype(np.uint8)
    board = np.indices((96, 96)).sum(axis=0) % 2 * 255
    yield "one-pixel checkerboard", np.repeat(board[..., None], 3, axis=2).astype(np.uint8)
    yield "smallest", chance.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    ramp = np.linspace(0, 255, 203)[None, :, None] * np.linspace(0.2, 1, 117)[:, None, None]
    yield "odd size", np.repeat(ramp, 3, axis=2).astype(np.uint8)


def real_frames() -> Iterator[tuple[str, Image]]:
    """Yield named frames as people show them: the demo scene, and photographs where scikit-image is."""
    moments, photographs = _CHECKED
    for moment in moments:
        yield f"demo scene, frame {moment}", _demo(moment)
    if is_installed("skimage"):
        for name in photographs:
            yield f"photograph, {name}", _photograph(name)


def checked_frames() -> Iterator[tuple[str, Image]]:
    """Yield what an exported file is checked on: real frames first, then hard ones."""
    return chain(real_frames(), hard_frames())


def calibration_frames() -> list[Image]:
    """Return frames that tell in which range a network's numbers lie.

    Real ones, none of which `real_frames` has; and the hard ones, for a range that leaves out white would
    clip every bright window.

    Raises:
        MissingExtraError: if scikit-image is not installed.
    """
    if not is_installed("skimage"):
        raise MissingExtraError("skimage", "int8")
    moments, photographs = _CALIBRATED
    real = [*map(_demo, moments), *map(_photograph, photographs)]
    return real + [frame for _, frame in hard_frames()]


def fit(frame: Image, only_wh: tuple[int, int] | None, multiple: int = 1) -> Image:
    """Repeat and cut a frame to the one size that an engine takes, else cut it to a multiple."""
    height, width = (side // multiple * multiple for side in frame.shape[:2])
    width, height = only_wh or (width, height)
    rows, columns = (-(-only // side) for only, side in zip((height, width), frame.shape, strict=False))
    return np.ascontiguousarray(np.tile(frame, (rows, columns, 1))[:height, :width])


def _demo(moment: int) -> Image:
    return draw_demo_frame(moment, _REAL_WH)


def _photograph(name: str) -> Image:
    from skimage import data

    rgb = getattr(data, name)()
    return np.ascontiguousarray(cv2.resize(rgb, _REAL_WH, interpolation=cv2.INTER_AREA)[..., ::-1])
