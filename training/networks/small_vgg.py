"""A small network that imitates VGG-19 to relu5_1 at a tenth of its cost."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.networks.vgg import CAFFE_SCALE, VggFeatures

# Channels inside, and of VGG-19's layer that each group's first convolution imitates.
_GROUPS = ((1, 2, 16, 64), (2, 2, 32, 128), (3, 4, 64, 256), (4, 4, 128, 512), (5, 1, 128, 512))


class SmallVgg(nn.Module):
    """RGB in [0, 1], (N, 3, H, W) -> `VggFeatures` with relu1_1, 2_1, 3_1, 4_1 and 5_1.

    Sixteen times fewer parameters, by Collaborative Distillation (Wang et al. 2020, arXiv:2003.08436):
    a 1x1 convolution maps the small network's channels to those of VGG-19, at a mean of about 1.
    """

    mean: Tensor
    name = "small"

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(CAFFE_SCALE.mean).view(1, 3, 1, 1), persistent=False)
        in_channels = 3
        for group, count, channels, vgg_channels in _GROUPS:
            for position in range(1, count + 1):
                self.add_module(f"conv{group}{position}", nn.Conv2d(in_channels, channels, 3))
                in_channels = channels
            self.add_module(f"conv{group}1_aux", nn.Conv2d(channels, vgg_channels, 1))

    def available_layers(self) -> tuple[str, ...]:
        """Return the names of the layers that this network has, shallow to deep."""
        return tuple(f"relu{group}_1" for group, *_ in _GROUPS)

    def forward(self, image: Tensor, layers: tuple[str, ...]) -> VggFeatures:
        """Compute the layers asked for, and nothing deeper.

        Raises:
            ValueError: if a layer is unknown; names those there are.
        """
        there = self.available_layers()
        for layer in layers:
            if layer not in there:
                raise ValueError(f"the small network has no {layer}; it has {', '.join(there)}")
        found: dict[str, Tensor] = {}
        activation = image * 255 - self.mean
        for group, count, _, _ in _GROUPS:
            for position in range(1, count + 1):
                if len(found) == len(set(layers)):
                    return VggFeatures(**found)
                padded = functional.pad(activation, (1, 1, 1, 1), mode="reflect")
                activation = self.get_submodule(f"conv{group}{position}")(padded).relu()
                if position == 1 and f"relu{group}_1" in layers:
                    found[f"relu{group}_1"] = self.get_submodule(f"conv{group}1_aux")(activation).relu()
            activation = functional.max_pool2d(activation, 2)
        return VggFeatures(**found)
