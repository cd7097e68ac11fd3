"""Frames whose motion is known: textures that slide, and a square that moves over one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def texture(size_wh: tuple[int, int], seed: int = 0, *, grain_px: float = 2.0) -> Image:
    """Return smooth random colours, (H, W, 3) uint8, in which every place is told from the next."""
    noise = np.random.default_rng(seed).normal(size=(size_wh[1], size_wh[0], 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), grain_px)
    return np.clip(128 + 45 * smooth / smooth.std(), 0, 255).round().astype(np.uint8)


def sliding_texture(
    count: int, size_wh: tuple[int, int] = (96, 80), *, step_xy: tuple[int, int] = (2, 1), seed: int = 0
) -> list[Image]:
    """Return frames of a texture that moves by `step_xy` whole pixels (to the right, down) a frame."""
    margin = count * max(map(abs, step_xy))
    whole = texture((size_wh[0] + 2 * margin, size_wh[1] + 2 * margin), seed)
    frames = []
    for number in range(count):
        left, top = margin - number * step_xy[0], margin - number * step_xy[1]
        frames.append(np.ascontiguousarray(whole[top : top + size_wh[1], left : left + size_wh[0]]))
    return frames


@dataclass(frozen=True, eq=False)
class SquareMove:
    """A textured square over another texture, in two frames, with all that is true of its motion.

    `flow` and `reverse_flow`, (1, 2, H, W), lead from the second frame to the first and back; `hidden` and
    `reverse_hidden`, (H, W) bool, are the pixels of the second frame that the square hid in the first, and
    those of the first that it hides in the second.
    """

    previous: Image
    image: Image
    flow: torch.Tensor
    reverse_flow: torch.Tensor
    hidden: NDArray[np.bool_]
    reverse_hidden: NDArray[np.bool_]


def moving_square(size_wh: tuple[int, int] = (128, 96), side: int = 40, step: int = 8) -> SquareMove:
    """Move a square to the right over a ground that stands still."""
    ground, cloth = texture(size_wh, 1), texture((side, side), 2)
    top, left = (size_wh[1] - side) // 2, (size_wh[0] - side - step) // 2
    frames, squares = [], []
    for moved in (0, step):
        frame, square = ground.copy(), np.zeros(size_wh[::-1], dtype=bool)
        frame[top : top + side, left + moved : left + moved + side] = cloth
        square[top : top + side, left + moved : left + moved + side] = True
        frames.append(frame)
        squares.append(square)
    before, after = squares

    def flow(square: NDArray[np.bool_], x: int) -> torch.Tensor:
        return torch.from_numpy(np.stack([x * square, 0 * square]).astype(np.float32))[None]

    return SquareMove(
        frames[0], frames[1], flow(after, -step), flow(before, step), before & ~after, after & ~before
    )


def write_frames(folder: Path, frames: list[Image]) -> Path:
    """Write frames as 0.png, 1.png, ... and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(frames):
        data = cv2.imencode(".png", frame[..., ::-1])[1]
        (folder / f"{number}.png").write_bytes(data.tobytes())
    return folder
