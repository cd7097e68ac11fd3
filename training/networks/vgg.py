"""VGG-16 and VGG-19 (Simonyan and Zisserman 2014) as feature networks, with torchvision's module names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn

# Convolutions of each of the five groups; a 2x2 max-pool stands between two groups.
GROUPS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
CHANNELS = (64, 128, 256, 512, 512)


@dataclass(frozen=True)
class VggFeatures:
    """Activations after each ReLU asked for, (N, C, H/2^(g-1), W/2^(g-1)) in group g; None for the others."""

    relu1_1: Tensor | None = None
    relu1_2: Tensor | None = None
    relu2_1: Tensor | None = None
    relu2_2: Tensor | None = None
    relu3_1: Tensor | None = None
    relu3_2: Tensor | None = None
    relu3_3: Tensor | None = None
    relu3_4: Tensor | None = None
    relu4_1: Tensor | None = None
    relu4_2: Tensor | None = None
    relu4_3: Tensor | None = None
    relu4_4: Tensor | None = None
    relu5_1: Tensor | None = None
    relu5_2: Tensor | None = None
    relu5_3: Tensor | None = None
    relu5_4: Tensor | None = None

    def __getitem__(self, layer: str) -> Tensor:
        """Return one layer's activations.

        Raises:
            KeyError: if that layer was not asked for.
        """
        features = getattr(self, layer, None)
        if not isinstance(features, Tensor):
            raise KeyError(f"{layer} was not computed; there are {', '.join(self.layers())}")
        return features

    def layers(self) -> tuple[str, ...]:
        """Return the names of the layers that were computed, shallow to deep."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) is not None)


@dataclass(frozen=True)
class InputScale:
    """What a network wants to see: (x * scale - mean) / std, for x RGB in [0, 1]."""

    scale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


# Oxford's own weights were trained on 0..255 less the mean; torchvision's on unit deviation.
CAFFE_SCALE = InputScale(255.0, (123.68, 116.779, 103.939), (1.0, 1.0, 1.0))
TORCHVISION_SCALE = InputScale(1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class Vgg(nn.Module):
    """RGB in [0, 1], (N, 3, H, W) -> `VggFeatures`. Holds the first `convolutions` of VGG-16 or VGG-19.

    Args:
        name: vgg16 or vgg19.
        convolutions: how many are built, from the first; None for all.
        input_scale: what the weights were trained on.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, name: str, convolutions: int | None = None, input_scale: InputScale = TORCHVISION_SCALE
    ):
        super().__init__()
        self.name = name
        self.scale = input_scale.scale
        self.register_buffer("mean", torch.tensor(input_scale.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(input_scale.std).view(1, 3, 1, 1), persistent=False)
        self.features = nn.Sequential()
        self.layer_names: dict[int, str] = {}  # index in features of a ReLU -> relu1_1 ...
        for index, module, layer in _plan(name, convolutions):
            self.features.add_module(str(index), module)
            if layer:
                self.layer_names[index] = layer

    def available_layers(self) -> tuple[str, ...]:
        """Return the names of the layers that this network has, shallow to deep."""
        return tuple(self.layer_names.values())

    def forward(self, image: Tensor, layers: tuple[str, ...]) -> VggFeatures:
        """Compute the layers asked for, and nothing deeper.

        Raises:
            ValueError: if a layer is unknown or deeper than the weights; names those there are.
        """
        for layer in layers:
            if layer not in self.layer_names.values():
                there = self.available_layers()
                raise ValueError(f"{self.name} has no {layer} here; it has {there[0]} to {there[-1]}")
        found: dict[str, Tensor] = {}
        activation = (image * self.scale - self.mean) / self.std
        for index, module in enumerate(self.features):
            if len(found) == len(set(layers)):
                break
            activation = module(activation)
            layer_name = self.layer_names.get(index)
            if layer_name in layers:
                found[str(layer_name)] = activation
        return VggFeatures(**found)


def count_convolutions(name: str, state: Mapping[str, Tensor]) -> int:
    """Count how many of the network's convolutions, from the first without a gap, the weights hold."""
    count = 0
    for index, module, _ in _plan(name, None):
        if isinstance(module, nn.Conv2d):
            if f"features.{index}.weight" not in state or f"features.{index}.bias" not in state:
                break
            count += 1
    return count


def _plan(name: str, convolutions: int | None) -> Iterator[tuple[int, nn.Module, str | None]]:
    """Yield each module with its index in torchvision's `features` and, for a ReLU, its layer's name."""
    index, built, in_channels = 0, 0, 3
    for group, (count, channels) in enumerate(zip(GROUPS[name], CHANNELS, strict=True), start=1):
        for position in range(1, count + 1):
            if convolutions is not None and built >= convolutions:
                return
            yield index, nn.Conv2d(in_channels, channels, 3, padding=1), None
            # In place: what is before it is no feature, and a convolution's gradient does without it.
            yield index + 1, nn.ReLU(inplace=True), f"relu{group}_{position}"
            index, built, in_channels = index + 2, built + 1, channels
        yield index, nn.MaxPool2d(2, 2), None
        index += 1
