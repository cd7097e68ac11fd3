"""What the frozen networks see in a picture, and how far two pictures are apart in their eyes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.errors import OptionError, WeightsError
from training.feature_weights import NETWORKS, LoadedFeatureNet, load_feature_net
from training.losses import relative_content_loss
from training.style_loss import Statistics, StyleMethod


@dataclass(frozen=True, order=True)
class LayerRef:
    """One layer of one network, such as small:relu4_1."""

    network: str
    layer: str

    def __str__(self) -> str:
        """Return the text that `parse_layers` reads."""
        return f"{self.network}:{self.layer}"


# Five halvings leave something of a picture of this many pixels.
_ENOUGH = 64
# A style: what a method keeps of each layer.
StyleStatistics = dict[LayerRef, Statistics]


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


def style_statistics(
    perception: Perception,
    images: Sequence[Tensor],
    refs: Sequence[LayerRef],
    method: StyleMethod,
    shares: Sequence[float] | None = None,
    masks: Sequence[Tensor] | None = None,
) -> StyleStatistics:
    """Return what `method` keeps of each layer, of several pictures blended into one style.

    One style at several sizes so costs a training no more than at one size.

    Args:
        images: (1, 3, H, W) each, RGB in [0, 1], of any sizes.
        shares: how much of each picture, of any scale; None for all alike.
        masks: how much each pixel of each picture counts, (1, 1, H, W) in its picture's size, at least 0.
    Raises:
        OptionError: if a picture is too small for the deepest layer.
        ValueError: if a mask is 0 everywhere.
    """
    shares = [1.0] * len(images) if shares is None else shares
    all_of_it: Sequence[Tensor | None] = [None] * len(images)
    seen: list[StyleStatistics] = []
    for image, mask in zip(images, masks or all_of_it, strict=True):
        features = _style_features(perception, image, refs)
        seen.append({ref: method.statistics(features[ref], _at_layer(mask, features[ref])) for ref in refs})
    parts = [share / sum(shares) for share in shares]
    return {ref: method.blend([one[ref] for one in seen], parts) for ref in refs}


def region_statistics(
    perception: Perception,
    images: Sequence[Tensor],
    refs: Sequence[LayerRef],
    method: StyleMethod,
    masks: Sequence[Mapping[int, Tensor]],
    shares: Sequence[float] | None = None,
) -> dict[int, StyleStatistics]:
    """Return the style of each label, from the pictures that have it: Gatys et al. 2017, arXiv:1611.07865.

    Args:
        images, shares: as of `style_statistics`.
        masks: of each picture, by label, (1, 1, H, W) in its picture's size; a label may be missing or 0.
    """
    shares = [1.0] * len(images) if shares is None else shares
    found: dict[int, StyleStatistics] = {}
    for label in sorted({label for one in masks for label in one}):
        there = [
            n for n, one in enumerate(masks) if label in one and bool(one[label].any()) and shares[n] > 0
        ]
        if there:
            found[label] = style_statistics(
                perception,
                [images[n] for n in there],
                refs,
                method,
                [shares[n] for n in there],
                [masks[n][label] for n in there],
            )
    return found


def content_distance(features: Mapping[LayerRef, Tensor], target: Mapping[LayerRef, Tensor]) -> Tensor:
    """Return the relative content loss, averaged over the target's layers."""
    return torch.stack([relative_content_loss(features[ref], target[ref]) for ref in target]).mean()


def style_distance(
    features: Mapping[LayerRef, Tensor],
    statistics: StyleStatistics,
    method: StyleMethod,
    layer_weights: Mapping[LayerRef, float] | None = None,
    weights: Tensor | None = None,
    draw: int = 0,
) -> Tensor:
    """Return the relative style loss, averaged over the style's layers: a scalar.

    Args:
        features: of the pictures, (N, C, h, w) each.
        statistics: of the style, by the same method.
        layer_weights: how much each layer counts, of any scale; None for all alike.
        weights: how much each pixel counts, (N or 1, 1, H, W) in the pictures' size, at least 0.
        draw: which random sample, for methods that take one; the same number takes the same.
    """
    distances = []
    for ref, one in statistics.items():
        counted, shares = _where_it_counts(features[ref], _at_layer(weights, features[ref]))
        distances.append(method.distance(counted, one, shares, draw))
    if layer_weights is None:
        return torch.stack(distances).mean()
    counts = [layer_weights[ref] for ref in statistics]
    weighted = [count * distance for count, distance in zip(counts, distances, strict=True)]
    return torch.stack(weighted).sum() / sum(counts)


def region_distance(
    features: Mapping[LayerRef, Tensor],
    statistics: Mapping[int, StyleStatistics],
    method: StyleMethod,
    masks: Mapping[int, Tensor],
    layer_weights: Mapping[LayerRef, float] | None = None,
    draw: int = 0,
) -> Tensor:
    """Return the style distance of each label's region to that label's style, by their shares of the area.

    Gatys et al. 2017, arXiv:1611.07865: each region has its own statistics.

    Args:
        statistics: as `region_statistics` returns them.
        masks: of the picture, by label, (1, 1, H, W) in its size; labels whose mask is 0 do not count.
    Raises:
        ValueError: if a label of the picture has no style, or no pixel has a label.
    """
    areas = {label: float(mask.sum()) for label, mask in masks.items() if bool(mask.any())}
    missing = sorted(set(areas) - set(statistics))
    if missing or not areas:
        raise ValueError(f"labels without a style: {missing}" if missing else "no pixel has a label")
    distances = [
        area
        / sum(areas.values())
        * style_distance(features, statistics[label], method, layer_weights, masks[label], draw)
        for label, area in areas.items()
    ]
    return torch.stack(distances).sum()


def _style_features(
    perception: Perception, image: Tensor, refs: Sequence[LayerRef]
) -> dict[LayerRef, Tensor]:
    try:
        with torch.no_grad():
            features: dict[LayerRef, Tensor] = perception(image, refs)
    except RuntimeError as error:
        height, width = image.shape[-2:]
        if min(height, width) >= _ENOUGH:
            raise  # out of memory, or the like
        raise OptionError(f"a style of {width}x{height} is too small for {refs[-1]}") from error
    return features


def _at_layer(mask: Tensor | None, features: Tensor) -> Tensor | None:
    """Scale a mask by area: a position counts by how much of it the mask covers, however thin that is."""
    if mask is None:
        return None
    return functional.adaptive_avg_pool2d(mask.float(), (features.shape[-2], features.shape[-1]))


def _where_it_counts(features: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Leave out positions of weight 0: to a style places mean nothing, and small regions become cheap.

    (N, C, H, W) and (1, 1, H, W) -> (N, C, 1, P) and (1, 1, 1, P); as they were where no weight is 0.
    """
    if weights is None or len(weights) != 1:
        return features, weights
    positions = weights.flatten().nonzero().flatten()
    if len(positions) in (0, weights.numel()):
        return features, weights
    kept = features.flatten(start_dim=2).index_select(2, positions)
    return kept[:, :, None], weights.flatten()[positions].view(1, 1, 1, -1)
