"""Frames of a clip made of a photograph, whose motion is known to the fraction of a pixel.

A recurrent network learns from its own paintings of some frames before. They are made: a camera pans, turns
and zooms over the photograph at a steady speed, or stands still; every frame has a light and a noise of its
own. What the network is shown of its last painting is spoiled as optical flow spoils it at a show: moved a
little wrong, and in places not trusted at all.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from training.flow import warp
from training.temporal_loss import valid_pixels

# Pixels of a photograph's edge that no frame shows, so that the camera has where to go.
MARGIN_PX = 32
# A frame: the most of each.
SPEED_PX, TURN_DEG, ZOOM = 4.0, 1.2, 0.015
LIGHT, NOISE = 0.02, 0.02
STILL_SHARE = 0.35
# Frames that a network has painted before it learns, up to so many: what it makes of its own paintings in the
# end shows where nothing moves. With 6 there too, walls that stood still were soon woven like a basket.
MOST_BEFORE, MOST_BEFORE_STILL = 6, 24
# How far wrong the motion is, in pixels, and of which share of the sequences.
_WOBBLE_PX, _WOBBLE_SHARE = 0.5, 0.6
_WOBBLE_PLACES, _DOUBT_PLACES = 8, 6
# Of the sequences: where all is trusted; where little is in doubt; the rest has much of it.
_SURE_SHARE, _LITTLE_SHARE = 0.4, 0.4


@dataclass(frozen=True, eq=False)
class MovingFrames:
    """A made clip.

    Args:
        clean: of every frame, (N, 3, h, w) in [0, 1], what the camera is pointed at.
        seen: the same in each frame's light, with the camera's noise.
        flow: from each frame to the one before, (N, 2, h, w), pixels; the same for all.
        wobble_px: how far wrong the flow that a network is given may be.
    """

    clean: Sequence[Tensor]
    seen: Sequence[Tensor]
    flow: Tensor
    wobble_px: float

    @classmethod
    def make(
        cls, content_image: Tensor, count: int, step: Tensor, generator: torch.Generator
    ) -> "MovingFrames":
        """Make frames of photographs, which all move alike.

        Args:
            content_image: (N, 3, H, W), in [0, 1]; frames are `MARGIN_PX` smaller on every side.
            count: of the frames.
            step: from frame to frame, as `draw_motion` returns it.
            generator: of the CPU; what it draws is all that is by chance.
        """
        middle = count // 2
        size_hw = content_image.shape[-2] - 2 * MARGIN_PX, content_image.shape[-1] - 2 * MARGIN_PX
        powers = [torch.linalg.matrix_power(step, number - middle) for number in range(count)]
        clean = [_look_at(content_image, power, size_hw) for power in powers]
        light = LIGHT * float(_chance(generator) < 0.5)
        noise = NOISE * _chance(generator)
        seen = [_lit(frame, light, noise, generator) for frame in clean]
        flow = _flow_of(step, size_hw)[None].expand(len(content_image), -1, -1, -1).to(content_image)
        wobbles = not is_still(step) and _chance(generator) < _WOBBLE_SHARE
        wobble = _WOBBLE_PX * _chance(generator) * float(wobbles)
        return cls(clean, seen, flow.contiguous(), wobble)

    def guide(self, painting: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return what a network is shown of its last painting: moved onto the next frame, and the trust.

        Args:
            painting: of the frame before, (N, 3, h, w).
        Returns:
            (N, 3, h, w), and (N, 1, h, w) in [0, 1].
        """
        flow = self.flow
        if self.wobble_px:
            coarse = torch.randn((1, 2, _WOBBLE_PLACES, _WOBBLE_PLACES), generator=generator)
            flow = flow + self.wobble_px * _enlarged(coarse, flow.shape[-2:]).to(flow)
        trust = valid_pixels(self.flow, edge_px=0).float() * _doubt(flow.shape[-2:], generator).to(flow)
        return warp(painting.float(), flow), trust


def draw_motion(generator: torch.Generator) -> Tensor:
    """Return a frame's motion about the middle, (3, 3): from its places to those in the frame before."""
    if _chance(generator) < STILL_SHARE:
        return torch.eye(3, dtype=torch.float64)
    speed, way = SPEED_PX * _chance(generator) ** 1.5, 2 * math.pi * _chance(generator)
    turn = math.radians(TURN_DEG) * _either_way(generator) * float(_chance(generator) < 0.5)
    zoom = 1 + ZOOM * _either_way(generator) * float(_chance(generator) < 0.5)
    along, across = zoom * math.cos(turn), zoom * math.sin(turn)
    return torch.tensor(
        [[along, -across, speed * math.cos(way)], [across, along, speed * math.sin(way)], [0, 0, 1]],
        dtype=torch.float64,
    )


def is_still(step: Tensor) -> bool:
    """Tell whether nothing moves from frame to frame."""
    return torch.equal(step, torch.eye(3, dtype=step.dtype))


def _look_at(photograph: Tensor, motion: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """(N, 3, H, W) -> (N, 3, h, w): the middle, moved."""
    x, y = _moved_places(motion, size_hw)
    height, width = photograph.shape[-2:]
    grid = torch.stack((2 * x / (width - 1), 2 * y / (height - 1)), dim=-1).to(photograph)
    grid = grid[None].expand(len(photograph), -1, -1, -1)
    found = functional.grid_sample(
        photograph, grid, mode="bicubic", padding_mode="reflection", align_corners=True
    )
    return found.clamp(0, 1)


def _flow_of(motion: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """Return where each pixel was in the frame before, (2, h, w) float32, relative to its place."""
    still = _moved_places(torch.eye(3, dtype=motion.dtype), size_hw)
    moved = _moved_places(motion, size_hw)
    return torch.stack([there - here for there, here in zip(moved, still, strict=True)]).float()


def _moved_places(motion: Tensor, size_hw: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Return x and y of every pixel, moved, from the middle, (h, w) each."""
    height, width = size_hw
    rows = torch.arange(height, dtype=motion.dtype) - (height - 1) / 2
    columns = torch.arange(width, dtype=motion.dtype) - (width - 1) / 2
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    one, other = (motion[axis, 0] * x + motion[axis, 1] * y + motion[axis, 2] for axis in (0, 1))
    return one, other


def _lit(frame: Tensor, light: float, noise: float, generator: torch.Generator) -> Tensor:
    grain = torch.randn(frame.shape, generator=generator).to(frame)
    return (frame * (1 + light * _either_way(generator)) + noise * grain).clamp(0, 1)


def _doubt(size_hw: Sequence[int], generator: torch.Generator) -> Tensor:
    """Return a trust that is lost in places, (1, 1, h, w) in [0, 1]."""
    kind = _chance(generator)
    coarse = torch.randn((1, 1, _DOUBT_PLACES, _DOUBT_PLACES), generator=generator)
    half = float(_chance(generator) < 0.1)
    if kind < _SURE_SHARE:
        found = torch.ones(1, 1, *size_hw)
    else:
        lost_from = 1.0 if kind < _SURE_SHARE + _LITTLE_SHARE else 0.3  # deviations
        found = ((lost_from - _enlarged(coarse, size_hw)) * 4).clamp(0, 1)
    return found * (1 - 0.4 * half)


def _enlarged(coarse: Tensor, size_hw: Sequence[int]) -> Tensor:
    return functional.interpolate(coarse, size=tuple(size_hw), mode="bicubic")


def _chance(generator: torch.Generator) -> float:
    return float(torch.rand((), generator=generator))


def _either_way(generator: torch.Generator) -> float:
    return 2 * _chance(generator) - 1
