"""Lets a network paint BGR, which is what cameras and OpenCV have: by the order of its weights, for free."""

import copy
from typing import Protocol, cast

import torch
from torch import Tensor, nn

from training.networks.layers import ImageConvs


class TellsImageConvs(Protocol):
    """A network that tells which of its convolutions meet the picture, as every one here does."""

    def image_convs(self) -> ImageConvs:
        """Return them."""


def in_bgr(network: nn.Module) -> nn.Module:
    """Return a copy that takes BGR and gives BGR, of a network that does it in RGB; the same arithmetic."""
    swapped = copy.deepcopy(network)
    meets = cast(TellsImageConvs, swapped).image_convs()
    for conv in meets.readers:
        picture, rest = conv.weight.data[:, : meets.read_channels], conv.weight.data[:, meets.read_channels :]
        conv.weight.data = torch.cat([_swap(picture, dim=1), rest], dim=1)
    for conv in meets.writers:
        conv.weight.data = _swap(conv.weight.data, dim=0)
        if conv.bias is not None:
            conv.bias.data = _swap(conv.bias.data, dim=0)
    return swapped


def _swap(values: Tensor, dim: int) -> Tensor:
    red, green, blue = values.chunk(3, dim=dim)
    return torch.cat([blue, green, red], dim=dim)
