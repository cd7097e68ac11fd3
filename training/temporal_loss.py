"""Steadiness that is trained in: the painting of a second frame against the first one's, moved onto it.

    L = sum_p M(p) |O_2(p) - warp(O_1)(p)|^2 / (3 sum_p M(p))

as in Ruder et al. 2016 (arXiv:1604.08610), eq. 7, but between two frames that are made: the second is the
first one shifted, turned and zoomed a little, in another light, with a camera's noise on it, so that the flow
is known to the fraction of a pixel. M leaves out what came in at the edges.
"""

import math

import torch
from torch import Tensor

from training.flow import warp, warping_error

# The most of each; drawn evenly between it and its opposite.
SHIFT_PX, TURN_DEG, ZOOM = 4.0, 1.5, 0.02
GAIN, NOISE = 0.03, 0.02
STILL_SHARE = 0.5  # of the pairs: nothing but light and noise differs in them
_EDGE_PX = 8  # a network paints edges as edges, wherever the motion has them


def second_frame(content_image: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return a second frame of every photograph, and the flow from it to the first.

    Args:
        content_image: (N, 3, H, W), in [0, 1].
        generator: of the CPU; what it draws is all that is by chance.
    Returns:
        (N, 3, H, W) in [0, 1], and (N, 2, H, W) in pixels, x before y.
    """
    count, _, height, width = content_image.shape
    flow = draw_flow(count, height, width, generator).to(content_image.device)
    gain = 1 + GAIN * _draw((count, 1, 1, 1), generator)
    noise = NOISE * torch.rand((count, 1, 1, 1), generator=generator)
    grain = noise * torch.randn(content_image.shape, generator=generator)
    moved = warp(content_image, flow)
    return (moved * gain.to(moved) + grain.to(moved)).clamp(0, 1), flow


def draw_flow(count: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    """Return the flows of so many small motions of a whole picture, (N, 2, H, W); of some of them 0."""
    moves = (torch.rand((count, 1), generator=generator) >= STILL_SHARE).float()
    limits = torch.tensor([SHIFT_PX, SHIFT_PX, math.radians(TURN_DEG), ZOOM])
    shift_x, shift_y, turn, zoom = (_draw((count, 4), generator) * limits * moves).unbind(dim=1)
    return rigid_flow(height, width, shift_x, shift_y, turn, zoom)


def rigid_flow(
    height: int, width: int, shift_x: Tensor, shift_y: Tensor, turn: Tensor, zoom: Tensor
) -> Tensor:
    """Return the flow of a picture that is turned and zoomed around its middle, and shifted.

    Args:
        height, width: of the picture.
        shift_x, shift_y: pixels, (N,).
        turn: radians, (N,).
        zoom: 0 for none, 0.01 for one percent, (N,).
    Returns:
        (N, 2, H, W), x before y.
    """
    y, x = torch.meshgrid(
        torch.arange(height) - (height - 1) / 2, torch.arange(width) - (width - 1) / 2, indexing="ij"
    )
    along, across = ((1 + zoom) * part - one for part, one in ((turn.cos(), 1), (turn.sin(), 0)))
    along, across = along.view(-1, 1, 1), across.view(-1, 1, 1)
    flow_x = along * x - across * y + shift_x.view(-1, 1, 1)
    flow_y = across * x + along * y + shift_y.view(-1, 1, 1)
    return torch.stack((flow_x, flow_y), dim=1)


def valid_pixels(flow: Tensor, edge_px: int = _EDGE_PX) -> Tensor:
    """Tell which pixels were in both frames, away from their edges, (N, 1, H, W) bool."""
    height, width = flow.shape[-2:]
    rows = torch.arange(height, device=flow.device).view(-1, 1)
    columns = torch.arange(width, device=flow.device)
    x, y = columns + flow[:, :1], rows + flow[:, 1:]
    inside = (x >= edge_px) & (x <= width - 1 - edge_px) & (y >= edge_px) & (y <= height - 1 - edge_px)
    here = (columns >= edge_px) & (columns <= width - 1 - edge_px)
    return inside & here & (rows >= edge_px) & (rows <= height - 1 - edge_px)


def temporal_loss(second: Tensor, first: Tensor, flow: Tensor) -> Tensor:
    """Return how far the second frame's painting is from the first one's, moved onto it; the mean over N.

    Args:
        second, first: paintings, (N, 3, H, W), RGB in [0, 1].
        flow: from the second frame to the first, (N, 2, H, W), pixels.
    """
    return warping_error(second.float(), first.float(), flow, valid_pixels(flow)).mean()


def _draw(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return 2 * torch.rand(shape, generator=generator) - 1
