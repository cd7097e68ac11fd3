"""Optical flow as tensors: warping along it, and where it cannot be trusted.

A flow (N, 2, H, W) belongs to the picture whose pixels it moves: pixel (x, y) of that picture lies at
(x + flow[:, 0], y + flow[:, 1]) in the other one. To bring a predecessor onto a frame, take the flow from
the frame to its predecessor: `warp(previous, flow)`. All functions are differentiable but the masks.
"""

import torch
from torch import Tensor
from torch.nn import functional

# Sundaram, Brox, Keutzer 2010, as given by Ruder, Dosovitskiy, Brox 2016 (arXiv:1604.08610).
_ROUND_TRIP_SHARE, _ROUND_TRIP_PX = 0.01, 0.5
_BOUNDARY_SHARE, _BOUNDARY_PX = 0.01, 0.002


def warp(image: Tensor, flow: Tensor) -> Tensor:
    """Return the picture whose pixel at p is `image` at p + flow(p), bilinear; the edge repeats outside.

    Args:
        image: (N, C, H, W), floating point.
        flow: (N, 2, H, W), pixels, x before y.
    Returns:
        (N, C, H, W), of the image's dtype.
    Raises:
        ValueError: if the shapes do not belong together.
    """
    _check_flow(flow)
    if image.ndim != 4 or image.shape[-2:] != flow.shape[-2:] or image.shape[0] != flow.shape[0]:
        raise ValueError(f"image {tuple(image.shape)} and flow {tuple(flow.shape)} differ in N, H or W")
    height, width = flow.shape[-2:]
    # In half precision a position beyond 2048 pixels is off by more than one.
    places = _places(flow.float())
    sides = torch.tensor([width - 1, height - 1], device=flow.device).clamp(min=1).view(1, 2, 1, 1)
    grid = (2 * places / sides - 1).permute(0, 2, 3, 1)  # (N, H, W, 2) in [-1, 1]
    warped = functional.grid_sample(
        image.float(), grid, mode="bilinear", padding_mode="border", align_corners=True
    )
    return warped.to(image.dtype)


def occlusion_mask(flow: Tensor, reverse_flow: Tensor) -> Tensor:
    """Tell where a pixel has no partner in the other picture: hidden there, outside of it, or lost.

    With w the flow and v the reverse flow at the pixel's partner, there is none where the way there and
    back does not end at its start, |w + v|^2 > 0.01 (|w|^2 + |v|^2) + 0.5 (Ruder et al. 2016).

    Args:
        flow: from this picture to the other, (N, 2, H, W), pixels.
        reverse_flow: from the other to this one, of the same shape.
    Returns:
        (N, 1, H, W) bool.
    Raises:
        ValueError: if the shapes differ, or are not of flows.
    """
    _check_flow(flow)
    if flow.shape != reverse_flow.shape:
        raise ValueError(f"flow {tuple(flow.shape)} and reverse flow {tuple(reverse_flow.shape)} differ")
    back = warp(reverse_flow, flow)
    round_trip = (flow + back).square().sum(dim=1, keepdim=True)
    length = flow.square().sum(dim=1, keepdim=True) + back.square().sum(dim=1, keepdim=True)
    return (round_trip > _ROUND_TRIP_SHARE * length + _ROUND_TRIP_PX) | _outside(flow)


def motion_boundaries(flow: Tensor) -> Tensor:
    """Tell where the motion changes abruptly: flow is least exact there.

    |grad u|^2 + |grad v|^2 > 0.01 |w|^2 + 0.002, with w = (u, v) the flow (Ruder et al. 2016).

    Args:
        flow: (N, 2, H, W), pixels; H and W at least 2.
    Returns:
        (N, 1, H, W) bool.
    Raises:
        ValueError: if it is no flow.
    """
    _check_flow(flow)
    down, right = torch.gradient(flow, dim=(2, 3))
    steepness = (down.square() + right.square()).sum(dim=1, keepdim=True)
    return steepness > _BOUNDARY_SHARE * flow.square().sum(dim=1, keepdim=True) + _BOUNDARY_PX


def warping_error(image: Tensor, previous: Tensor, flow: Tensor, counted: Tensor) -> Tensor:
    """Return how far a frame is from its predecessor moved onto it: E_warp of one pair.

    E = sum_p M(p) |O_t(p) - warp(O_t-1)(p)|^2 / (3 sum_p M(p)): the mean over counted pixels and channels
    of the squared difference. Lai et al. 2018 (arXiv:1808.00449) sum over the channels; theirs is
    three times this. The mean over all pairs of a clip is the clip's E_warp.

    Args:
        image: frame t, (N, 3, H, W), in [0, 1].
        previous: frame t - 1, of the same shape.
        flow: from frame t to frame t - 1, (N, 2, H, W), pixels.
        counted: M, (N, 1, H, W), 1 or True where a pixel counts.
    Returns:
        (N,), in [0, 1]; NaN where no pixel counts.
    """
    weights = counted.to(image.dtype)
    difference = (image - warp(previous, flow)).square() * weights
    return difference.mean(dim=1).sum(dim=(1, 2)) / weights.sum(dim=(1, 2, 3))


def _places(flow: Tensor) -> Tensor:
    """Where each pixel lies in the other picture, (N, 2, H, W), x before y."""
    height, width = flow.shape[-2:]
    rows = torch.arange(height, device=flow.device, dtype=flow.dtype)
    columns = torch.arange(width, device=flow.device, dtype=flow.dtype)
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    return torch.stack((x, y)) + flow


def _outside(flow: Tensor) -> Tensor:
    height, width = flow.shape[-2:]
    places = _places(flow.float())
    x, y = places[:, :1], places[:, 1:]  # (N, 1, H, W) each
    # A pixel reaches half a pixel beyond its middle: a still picture's edge must not leave it by a hair.
    return (x < -0.5) | (x > width - 0.5) | (y < -0.5) | (y > height - 0.5)


def _check_flow(flow: Tensor) -> None:
    if flow.ndim != 4 or flow.shape[1] != 2:
        raise ValueError(f"a flow must be (N, 2, H, W), got {tuple(flow.shape)}")
