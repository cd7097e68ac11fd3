"""The loss that judges every network, whatever it was trained with, so that figures compare over years.

    content = MSE at relu3_3 of VGG-19 / mean square of the photograph's own relu3_3
    style   = mean over relu1_1, relu2_1, relu3_1, relu3_4 of VGG-19 and relu4_1 of the small network of
              ||G - G_style||^2 / ||G_style||^2, the style picture's short side at 384 pixels
    total   = content + 8 style

Figures compare only under the same weights of the feature networks: `JudgeLoss.weights` names them. Where
VGG-19 is there to relu4_1 and deeper, that layer takes the place of the small network's.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from training.devices import Placement
from training.feature_weights import default_style_layers
from training.images import read_rgb, resize_short_side, to_tensor
from training.losses import LossParts
from training.optimization.descent import PictureLoss
from training.perception import (
    LayerRef,
    Perception,
    content_distance,
    parse_layers,
    style_distance,
    style_statistics,
)
from training.style_loss import parse_style_loss

CONTENT_LAYER = "relu3_3"
STYLE_SIZE = 384
STYLE_WEIGHT = 8.0
# Part of what names a cached reference: raise it when the loss or the descent changes.
VERSION = 1

# What the judge keeps of a photograph.
ContentTarget = dict[LayerRef, Tensor]


@dataclass(frozen=True)
class Score:
    """What the judge says of one picture. Lower is better."""

    content: float
    style: float

    @property
    def total(self) -> float:
        """The content and eight times the style."""
        return self.content + STYLE_WEIGHT * self.style


class JudgeLoss:
    """Scores pictures against one style picture.

    Args:
        style_image: the style picture's file.
        weights: of the feature networks; None looks where `load_feature_net` does.
        placement: the device, and the precision of the descent; scores are always taken in fp32.
    Raises:
        DataError: if the style picture cannot be read.
        WeightsError: if the weights are missing or too shallow.
    """

    def __init__(self, style_image: Path, weights: Path | None, placement: Placement) -> None:
        self.placement = placement
        self.content_refs = parse_layers((CONTENT_LAYER,), "vgg19")
        self.style_refs = parse_layers(default_style_layers(weights), "vgg19")
        self.perception = Perception((*self.content_refs, *self.style_refs), weights)
        self.perception.to(placement.device).to(memory_format=torch.channels_last)
        self.method = parse_style_loss("gram")
        # (1, 3, H, W) in [0, 1], on the CPU.
        self.style_picture = to_tensor(resize_short_side(read_rgb(style_image), STYLE_SIZE))[None]
        self.style = style_statistics(
            self.perception, [self._place(self.style_picture)], self.style_refs, self.method
        )

    @property
    def weights(self) -> dict[str, dict[str, str]]:
        """Which weights judged: by network, the file's name and the hash of its tensors."""
        loaded = self.perception.loaded
        return {name: {"source": net.source, "sha256": net.sha256} for name, net in loaded.items()}

    @property
    def style_layers(self) -> tuple[str, ...]:
        """The layers whose statistics are compared."""
        return tuple(str(ref) for ref in self.style_refs)

    def target(self, content_image: Tensor) -> ContentTarget:
        """Return what is kept of a photograph, (1, 3, H, W) in [0, 1]."""
        with torch.no_grad():
            features: ContentTarget = self.perception(self._place(content_image), self.content_refs)
        return features

    def score(self, image: Tensor, target: ContentTarget) -> Score:
        """Judge a picture, (1, 3, H, W) in [0, 1], of the size of the photograph behind `target`."""
        with torch.no_grad():
            content, style = self._distances(image, target)
        return Score(content.item(), style.item())

    def descent_loss(self, target: ContentTarget) -> PictureLoss:
        """Return the same loss for a picture to descend, in the placement's precision."""

        def loss(image: Tensor) -> tuple[Tensor, LossParts]:
            with self.placement.autocast():
                content, style = self._distances(image, target)
            total = content + STYLE_WEIGHT * style
            return total, {"total": total.item(), "content": content.item(), "style": style.item()}

        return loss

    def _distances(self, image: Tensor, target: ContentTarget) -> tuple[Tensor, Tensor]:
        refs = (*self.content_refs, *self.style_refs)
        features = self.perception(self._place(image), refs)
        return content_distance(features, target), style_distance(features, self.style, self.method)

    def _place(self, image: Tensor) -> Tensor:
        return image.to(self.placement.device).contiguous(memory_format=torch.channels_last)
