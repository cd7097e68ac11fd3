"""The loss that a network is trained by: one style, with or without photographs to keep."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from training.config import StyleTrainingConfig, TrainingConfig
from training.grid_loss import grid_loss
from training.images import read_rgb, resize_short_side, to_tensor
from training.losses import LossParts, total_variation_loss
from training.perception import (
    LayerRef,
    Perception,
    StyleStatistics,
    content_distance,
    parse_layers,
    style_distance,
    style_statistics,
)
from training.style_loss import StyleMethod, parse_style_loss


@dataclass(frozen=True)
class StyleObjective:
    """The loss of one style: content of the photograph, statistics of the style picture, smoothness."""

    config: StyleTrainingConfig
    perception: Perception
    method: StyleMethod
    content_refs: tuple[LayerRef, ...]
    statistics: StyleStatistics

    @classmethod
    def build(cls, config: StyleTrainingConfig, device: torch.device) -> "StyleObjective":
        """Load the feature networks and take the style's statistics at each of its sizes."""
        content_layers = config.content_layers if config.content is not None else ()
        content_refs = parse_layers(content_layers, config.features)
        style_refs = parse_layers(config.style_layers, config.features)
        perception = Perception((*content_refs, *style_refs), config.weights)
        perception.to(device).to(memory_format=torch.channels_last)
        picture = read_rgb(config.style_image)
        sizes = [to_tensor(resize_short_side(picture, size))[None].to(device) for size in config.style_sizes]
        method = parse_style_loss(config.loss)
        statistics = style_statistics(perception, sizes, style_refs, method)
        return cls(config, perception, method, content_refs, statistics)

    def __call__(
        self,
        image: Tensor,
        content_image: Tensor | None,
        autocast: Callable[[], Any],
        draw: int = 0,
    ) -> tuple[Tensor, LossParts]:
        """Return the total loss and its parts, unweighted.

        Args:
            image: painted, (N, 3, H, W), RGB in [0, 1].
            content_image: what it was painted from; None for a texture.
            autocast: gives the context that the feature networks run in.
            draw: numbers the random sample of a style loss that takes one.
        """
        config = self.config
        with autocast():
            features = self.perception(image, (*self.content_refs, *self.statistics))
            with torch.no_grad():
                target = {} if content_image is None else self.perception(content_image, self.content_refs)
        parts = {"content": content_distance(features, target)} if target else {}
        parts["style"] = style_distance(features, self.statistics, self.method, draw=draw)
        return weigh(config, image, parts)


def weigh(
    config: TrainingConfig,
    image: Tensor,
    parts: Mapping[str, Tensor],
    weights: Mapping[str, float] | None = None,
) -> tuple[Tensor, LossParts]:
    """Return the total of a loss's parts and of how the image itself is, and all of them, unweighted.

    Args:
        image: painted, (N, 3, H, W), RGB in [0, 1].
        parts: content and style, or one of them; or of any names.
        weights: of these; None for those of content and style.
    """
    tv_form: Any = config.tv_form
    parts = {**parts, "tv": total_variation_loss(image.float(), tv_form, config.tv_gamma)}
    usual = {"content": config.content_weight, "style": config.style_weight}
    weights = {**(weights or usual), "tv": config.tv_weight}
    if config.grid_weight:
        parts["grid"], weights["grid"] = grid_loss(image), config.grid_weight
    total = torch.stack([weights[name] * value for name, value in parts.items()]).sum()
    return total, {name: float(value.detach()) for name, value in {"total": total, **parts}.items()}
