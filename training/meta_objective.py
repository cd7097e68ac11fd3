"""The loss of a meta network: every photograph of a batch beside the style that it was painted in."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from training.config_meta import MetaConfig
from training.losses import LossParts
from training.networks.style_encoder import channel_statistics
from training.objective import weigh
from training.perception import (
    LayerRef,
    Perception,
    StyleStatistics,
    content_distance,
    parse_layers,
    style_distance,
)
from training.style_loss import StyleMethod, parse_style_loss

Autocast = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True)
class StyleTargets:
    """What the frozen networks see in S style pictures.

    Args:
        images: (S, 3, H, W) RGB in [0, 1], as the encoder looks at them.
        vectors: the encoder's layers as mean and deviation of each channel, (S, numbers).
        statistics: of each, what the style loss keeps.
    """

    images: Tensor
    vectors: Tensor
    statistics: tuple[StyleStatistics, ...]


def as_encoded(style_images: Tensor, short_side: int) -> Tensor:
    """Return style pictures, (S, 3, H, W), with their shorter side at most `short_side`."""
    height, width = style_images.shape[-2:]
    if min(height, width) <= short_side:
        return style_images
    scale = short_side / min(height, width)
    size = [round(height * scale), round(width * scale)]
    return functional.interpolate(style_images, size, mode="bilinear", antialias=True)


@dataclass(frozen=True)
class MetaObjective:
    """Content of the photographs, statistics of the styles, smoothness; each style weighs alike."""

    config: MetaConfig
    perception: Perception
    method: StyleMethod
    content_refs: tuple[LayerRef, ...]
    style_refs: tuple[LayerRef, ...]
    encoder_refs: tuple[LayerRef, ...]

    @classmethod
    def build(cls, config: MetaConfig, device: torch.device) -> "MetaObjective":
        """Load the feature networks."""
        layers = (config.content_layers, config.style_layers, config.encoder_layers)
        content, style, encoder = (parse_layers(texts, config.features) for texts in layers)
        perception = Perception((*content, *style, *encoder), config.weights)
        perception.to(device).to(memory_format=torch.channels_last)
        return cls(config, perception, parse_style_loss(config.loss), content, style, encoder)

    def look_at(
        self, style_images: Tensor, autocast: Autocast = nullcontext, *, to_teach: bool = False
    ) -> StyleTargets:
        """Return what the networks see in style pictures, without gradient.

        The encoder looks at them at its own size, whatever size the loss compares with.

        Args:
            style_images: (S, 3, H, W) RGB in [0, 1].
            autocast: gives the context that the feature networks run in.
            to_teach: an encoder only: nothing is painted, and the statistics stay empty.
        """
        smaller = as_encoded(style_images, self.config.style_size)
        style_refs = () if to_teach else self.style_refs
        with torch.no_grad(), autocast():
            features = self.perception(style_images, (*style_refs, *self.encoder_refs))
            encoded = features
            if smaller is not style_images:
                encoded = self.perception(smaller, self.encoder_refs)
            vectors = channel_statistics([encoded[ref] for ref in self.encoder_refs])
            each = tuple(
                {ref: self.method.statistics(features[ref][n : n + 1]) for ref in style_refs}
                for n in range(len(style_images))
            )
        return StyleTargets(smaller, vectors, each)

    def __call__(
        self,
        image: Tensor,
        content_image: Tensor,
        statistics: Sequence[StyleStatistics],
        counts: Sequence[int],
        autocast: Autocast,
        draw: int = 0,
    ) -> tuple[Tensor, LossParts]:
        """Return the total loss and its parts, unweighted.

        Args:
            image: painted, (N, 3, H, W), RGB in [0, 1].
            content_image: what it was painted from.
            statistics: of each style.
            counts: how many of the pictures, in their order, each style painted.
            autocast: gives the context that the feature networks run in.
            draw: numbers the random sample of a style loss that takes one.
        """
        with autocast():
            features = self.perception(image, (*self.content_refs, *self.style_refs))
            with torch.no_grad():
                target = self.perception(content_image, self.content_refs)
        # Split in one go: a slice a style would fill a gradient of the whole batch's size for each of them.
        shares = {ref: torch.split(features[ref], list(counts)) for ref in self.style_refs}
        distances = []
        for number, (style, count) in enumerate(zip(statistics, counts, strict=True)):
            if count:
                own = {ref: shares[ref][number] for ref in self.style_refs}
                distances.append(count / len(image) * style_distance(own, style, self.method, draw=draw))
        parts = {"content": content_distance(features, target), "style": torch.stack(distances).sum()}
        return weigh(self.config, image, parts)

    def compare(
        self, content_image: Tensor, image: Tensor, statistics: StyleStatistics
    ) -> tuple[float, float, float]:
        """Return the content and the style loss of a painting, and the style loss of its photograph.

        Args:
            content_image, image: (1, 3, H, W) RGB in [0, 1] each.
            statistics: of the style.
        """
        refs = (*self.content_refs, *self.style_refs)
        with torch.no_grad():
            painted, before = self.perception(image, refs), self.perception(content_image, refs)
            content = content_distance(painted, {ref: before[ref] for ref in self.content_refs})
            style = style_distance(painted, statistics, self.method)
            untouched = style_distance(before, statistics, self.method)
        return content.item(), style.item(), untouched.item()
