"""Which layers a picture is compared in: as the user names them, or as deep as the weights at hand go."""

import math
from dataclasses import dataclass
from pathlib import Path

from training.errors import OptionError, WeightsError
from training.feature_weights import available_layers
from training.perception import LayerRef, parse_layers

# Li et al. 2017, section 4, as Gatys et al. 2016.
_CONTENT_LAYER = "relu4_2"
_STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


@dataclass(frozen=True)
class WeightedLayers:
    """Layers and how much each counts beside the others."""

    weights: dict[LayerRef, float]

    @property
    def refs(self) -> tuple[LayerRef, ...]:
        """The layers, in the order they were named."""
        return tuple(self.weights)

    def __str__(self) -> str:
        """Return the text that `parse_weighted_layers` reads."""
        return ", ".join(
            str(ref) if weight == 1 else f"{ref}={weight:g}" for ref, weight in self.weights.items()
        )


def parse_weighted_layers(texts: tuple[str, ...], default_network: str, option: str) -> WeightedLayers:
    """Read layers such as relu1_1=0.5 or small:relu4_1=2; without a weight a layer counts 1.

    Raises:
        OptionError: if a network is unknown, a weight is no positive number, or a layer comes twice.
    """
    weights: dict[LayerRef, float] = {}
    for text in texts:
        name, equals, number = text.partition("=")
        (ref,) = parse_layers([name], default_network)
        weight = _number(number) if equals else 1.0
        if weight is None:
            raise OptionError(f"{option} {text!r}: the weight must be a number above 0, as in relu1_1=0.5")
        if ref in weights:
            raise OptionError(f"{option} names {ref} twice")
        weights[ref] = weight
    if not weights:
        raise OptionError(f"{option} is empty: name a layer, such as relu3_1")
    return WeightedLayers(weights)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def default_layers(network: str, weights: Path | None = None) -> tuple[WeightedLayers, WeightedLayers]:
    """Return the content's and the style's layers: those of the paper, or the nearest that are at hand.

    Where a file ends before relu4_1, the small copy of VGG-19 stands in for the deeper layers; where that is
    missing too, the deepest layer of the file is the content's, and the style does without the others.

    Raises:
        WeightsError: if the weights hold no layer at all.
    """
    there = available_layers(network, weights)
    if not there:
        raise WeightsError(f"the weights at hand hold no layer of {network}: name others with --weights")
    stand_in = () if network == "small" else available_layers("small", weights)
    style = {}
    for layer in _STYLE_LAYERS:
        if layer in there:
            style[LayerRef(network, layer)] = 1.0
        elif layer in stand_in:
            style[LayerRef("small", layer)] = 1.0
    return WeightedLayers({_content_layer(network, there, stand_in): 1.0}), WeightedLayers(style)


def _content_layer(network: str, there: tuple[str, ...], stand_in: tuple[str, ...]) -> LayerRef:
    if _CONTENT_LAYER in there:
        return LayerRef(network, _CONTENT_LAYER)
    # Names sort by depth: relu3_4 < relu4_1 < relu4_2.
    no_deeper = [layer for layer in there if layer < _CONTENT_LAYER]
    if no_deeper[-1] < "relu4_1" and "relu4_1" in stand_in:
        return LayerRef("small", "relu4_1")
    return LayerRef(network, no_deeper[-1])
