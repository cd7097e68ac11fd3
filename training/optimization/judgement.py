"""The frozen networks that pictures are compared by, and the layers of them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from training.config_optimize import OptimizeConfig
from training.devices import Placement
from training.optimization.layers import WeightedLayers, default_layers, parse_weighted_layers
from training.perception import LayerRef, Perception

Features = dict[LayerRef, Tensor]


@dataclass(frozen=True)
class Judgement:
    """The frozen networks and the layers that pictures are compared in; the same at every size."""

    perception: Perception
    content_layers: WeightedLayers
    style_layers: WeightedLayers
    autocast: Callable[[], AbstractContextManager[Any]]

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of each network's weights: figures compare under the same ones only."""
        return {name: network.sha256 for name, network in self.perception.loaded.items()}

    def features(self, image: Tensor) -> Features:
        """(1, 3, H, W) in [0, 1] -> the activations of all layers."""
        refs = (*self.content_layers.refs, *self.style_layers.refs)
        with self.autocast():
            found: Features = self.perception(image.contiguous(memory_format=torch.channels_last), refs)
        return found


def build_judgement(config: OptimizeConfig, place: Placement) -> Judgement:
    """Load the networks of a configuration, and pick the layers that it leaves open.

    Raises:
        WeightsError: if there are no weights, or they lack a layer.
        OptionError: if a layer does not parse.
    """
    content, style = _layers(config)
    perception = Perception((*content.refs, *style.refs), config.weights)
    perception.to(place.device).to(memory_format=torch.channels_last)
    return Judgement(perception, content, style, place.autocast)


def _layers(config: OptimizeConfig) -> tuple[WeightedLayers, WeightedLayers]:
    content = _given(config.content_layers, config, "--content-layers")
    style = _given(config.style_layers, config, "--style-layers")
    if content is not None and style is not None:
        return content, style
    default_content, default_style = default_layers(config.features, config.weights)
    return content or default_content, style or default_style


def _given(texts: tuple[str, ...] | None, config: OptimizeConfig, option: str) -> WeightedLayers | None:
    return None if texts is None else parse_weighted_layers(texts, config.features, option)
