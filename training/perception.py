"""What the frozen networks see in a picture, and how far two pictures are apart in their eyes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from training.errors import OptionError, WeightsError
from training.feature_weights import NETWORKS, LoadedFeatureNet, load_feature_net
from training.losses import gram_matrix, relative_content_loss, relative_style_loss


@dataclass(frozen=True, order=True)
class LayerRef:
    """One layer of one network, such as small:relu4_1."""

    network: str
    layer: str

    def __str__(self) -> str:
        """Return the text that `parse_layers` reads."""
        return f"{self.network}:{self.layer}"


def parse_layers(texts: Sequence[str], default_network: str) -> tuple[LayerRef, ...]:
    """Read layer names such as relu3_3 or small:relu4_1.

    Raises:
        OptionError: if the network is unknown.
    """
    refs = []
    for text in texts:
        network, _, layer = text.strip().rpartition(":")
        network = network or default_network
        if network not in NETWORKS:
            raise OptionError(f"layer {text!r}: the network must be one of {', '.join(NETWORKS)}")
        refs.append(LayerRef(network, layer))
    return tuple(refs)


class Perception(nn.Module):
    """Runs each frozen network once for all the layers wanted of it."""

    def __init__(self, refs: Sequence[LayerRef], weights: Path | None = None) -> None:
        super().__init__()
        self.loaded: dict[str, LoadedFeatureNet] = {}
        for name in sorted({ref.network for ref in refs}):
            self.loaded[name] = load_feature_net(name, weights)
            self.add_module(name, self.loaded[name].network)
        for ref in refs:
            there = self.loaded[ref.network].network.available_layers()
            if ref.layer not in there:
                source = self.loaded[ref.network].source
                raise WeightsError(f"{ref} is not in {source}: it has {', '.join(there)}")

    def forward(self, image: Tensor, refs: Sequence[LayerRef]) -> dict[LayerRef, Tensor]:
        """(N, 3, H, W) RGB in [0, 1] -> the activations of each layer asked for."""
        found: dict[LayerRef, Tensor] = {}
        for name, loaded in self.loaded.items():
            layers = tuple(ref.layer for ref in refs if ref.network == name)
            if layers:
                features = loaded.network(image, layers)
                found.update({LayerRef(name, layer): features[layer] for layer in layers})
        return found


def style_grams(
    perception: Perception, style_images: Sequence[Tensor], refs: Sequence[LayerRef]
) -> dict[LayerRef, Tensor]:
    """Return each layer's Gram matrix, (C, C) float32, averaged over pictures of the style.

    The average is the minimum of the summed squared distances to each: one style at several sizes costs
    a training no more than one size.

    Args:
        style_images: (1, 3, H, W) each, RGB in [0, 1], of any sizes.
    Raises:
        OptionError: if a picture is too small for the deepest layer.
    """
    total: dict[LayerRef, Tensor] = {}
    for image in style_images:
        with torch.no_grad():
            try:
                features = perception(image, refs)
            except RuntimeError as error:
                height, width = image.shape[-2:]
                raise OptionError(f"a style of {width}x{height} is too small for {refs[-1]}") from error
        for ref in refs:
            share = gram_matrix(features[ref].float())[0] / len(style_images)
            total[ref] = total[ref] + share if ref in total else share
    return total


def content_distance(features: Mapping[LayerRef, Tensor], target: Mapping[LayerRef, Tensor]) -> Tensor:
    """Return the relative content loss, averaged over the target's layers."""
    return torch.stack([relative_content_loss(features[ref], target[ref]) for ref in target]).mean()


def style_distance(features: Mapping[LayerRef, Tensor], grams: Mapping[LayerRef, Tensor]) -> Tensor:
    """Return the relative style loss, averaged over the style's layers."""
    return torch.stack([relative_style_loss(features[ref], grams[ref]) for ref in grams]).mean()
