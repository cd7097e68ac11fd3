"""What LiteRT gets of a network: levels with the colours last, and norms of layers that it has.

Its own conversion of an instance norm turns the picture from channels last to channels first and back,
fifteen times in a network. Written out as means over rows and columns, nothing is turned.
"""

import copy

import torch
from torch import Tensor, nn

from export.fused_person import PersonLevels
from export.mobile import MobileGraph
from training.networks.person_net import PersonNet


class MeansNorm(nn.Module):
    """An instance norm written out. (N, C, H, W) -> the same."""

    def __init__(self, norm: nn.InstanceNorm2d) -> None:
        super().__init__()
        shape = (1, norm.num_features, 1, 1)
        weight = norm.weight if norm.affine else torch.ones(norm.num_features)
        bias = norm.bias if norm.affine else torch.zeros(norm.num_features)
        self.weight = nn.Parameter(weight.detach().view(shape).clone())
        self.bias = nn.Parameter(bias.detach().view(shape).clone())
        self.eps = norm.eps

    def forward(self, features: Tensor) -> Tensor:
        centred = features - features.mean((2, 3), keepdim=True)
        # Again: of a flat picture the mean's rounding is left, which would be divided by almost nothing.
        centred = centred - centred.mean((2, 3), keepdim=True)
        variance = (centred * centred).mean((2, 3), keepdim=True)
        return centred * (torch.rsqrt(variance + self.eps) * self.weight) + self.bias


class LitertGraph(nn.Module):
    """RGB levels, float (1, H, W, 3) from 0 to 255 -> the same; H and W are multiples of 4.

    As a bitmap lies in a phone's memory. Works on a copy of the network.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        network = copy.deepcopy(network)
        for parent in list(network.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, nn.InstanceNorm2d):
                    setattr(parent, name, MeansNorm(child))
        self.planes = MobileGraph(network)

    def forward(self, image: Tensor) -> Tensor:
        painted: Tensor = self.planes(image.permute(0, 3, 1, 2))
        return painted.permute(0, 2, 3, 1)


class LitertMask(nn.Module):
    """RGB levels, float (1, H, W, 3) -> alpha, (1, H, W, 1), in [0, 1]; H and W are multiples of 16."""

    def __init__(self, network: PersonNet) -> None:
        super().__init__()
        self.planes = PersonLevels(network)

    def forward(self, image: Tensor) -> Tensor:
        alpha: Tensor = self.planes(image.permute(0, 3, 1, 2))
        return alpha.permute(0, 2, 3, 1)
