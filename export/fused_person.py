"""The person network as its files hold it: norms taken into convolutions, weights as 8 bits hold them.

Of ours this imports networks and what needs no more than they do: the environment of litert-torch has torch
and numpy alone.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from training.levels import as_levels
from training.networks.person_net import PersonNet

# Smaller tensors are biases; they stay as they are.
WORTH_ROUNDING = 512


def as_stored(network: PersonNet) -> PersonNet:
    """Return the network with norms taken into convolutions, and weights as 8 bits hold them."""
    fused = copy.deepcopy(network).eval()
    for parent, conv, norm in list(convs_with_norms(fused)):
        layers: dict[str, Any] = dict(parent.named_children())
        setattr(parent, conv, fuse_conv_bn_eval(layers[conv], layers[norm]))
        setattr(parent, norm, nn.Identity())
    with torch.no_grad():
        for value in fused.parameters():
            if value.numel() >= WORTH_ROUNDING:
                levels, scale = as_levels(value.numpy())
                value.copy_(torch.from_numpy(levels.astype(np.float32) * scale))
    return fused


class PersonLevels(nn.Module):
    """RGB levels, float (1, 3, H, W) from 0 to 255 -> alpha, (1, 1, H, W), in [0, 1]. Multiples of 16."""

    def __init__(self, network: PersonNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        alpha: Tensor = self.network(image / 255).sigmoid()
        return alpha


def convs_with_norms(network: nn.Module) -> Iterator[tuple[nn.Module, str, str]]:
    """Yield every convolution that a batch norm follows: what holds both, and the names of both in it."""
    for parent in network.modules():
        before = ""
        for name, child in parent.named_children():
            if isinstance(child, nn.BatchNorm2d) and before:
                yield parent, before, name
            before = name if isinstance(child, nn.Conv2d) else ""
