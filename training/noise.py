"""Noise for texture networks: drawn anew for every step of a training, or fixed for a style file."""

import numpy as np
import torch
from torch import Tensor

from training.networks.texture_net import NOISE_CHANNELS

TILE_SIDE = 64


def make_generator(seed: int, draw: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Return the generator of draw number `draw` of a training: a killed run draws again what it had."""
    # A prime between two seeds, so that seed 1 is not seed 0 a step later.
    return torch.Generator(device).manual_seed(seed * 1_000_000_007 + draw)


def draw_noises(
    scales: int, count: int, size_hw: tuple[int, int], generator: torch.Generator
) -> list[Tensor]:
    """Return noise for pictures of one size, uniform in [0, 1], on the generator's device.

    Args:
        scales: of the network.
        count: N, pictures.
        size_hw: H and W, multiples of 2^(scales - 1).
        generator: is advanced.
    Returns:
        `scales` tensors, number k (N, 3, H/2^k, W/2^k).
    Raises:
        ValueError: if the size is no such multiple.
    """
    multiple = 2 ** (scales - 1)
    height, width = size_hw
    if height % multiple or width % multiple or min(size_hw) < multiple:
        raise ValueError(
            f"height and width must be multiples of {multiple}, instead got {height} and {width}"
        )
    return [
        torch.rand(
            count, NOISE_CHANNELS, height >> k, width >> k, generator=generator, device=generator.device
        )
        for k in range(scales)
    ]


def fixed_tiles(scales: int, side: int = TILE_SIDE, *, seed: int = 0) -> list[Tensor]:
    """Return a tile of noise a scale, (1, 3, side, side) uint8: those of every style file, with seed 0."""
    # RandomState and not default_rng: numpy has promised that its numbers never change.
    chance = np.random.RandomState(seed)
    shape = (1, NOISE_CHANNELS, side, side)
    return [torch.from_numpy(chance.randint(0, 256, shape, dtype=np.uint8)) for _ in range(scales)]
