"""What one picture is measured by at one size: content, style and smoothness, and how much each counts."""

from typing import Any

import torch
from torch import Tensor

from training.config_optimize import DEFAULT_STYLE_WEIGHTS, OptimizeConfig
from training.errors import OptionError
from training.losses import LossParts, relative_content_loss, total_variation_loss
from training.optimization.colours import as_grey
from training.optimization.judgement import Features, Judgement
from training.optimization.masks import masks_at
from training.optimization.sources import Sources, content_at, noise_like, styles_at
from training.perception import (
    StyleStatistics,
    region_distance,
    region_statistics,
    style_distance,
    style_statistics,
)
from training.style_loss import FusedStyle, StyleMethod, balanced_weight, parse_style_loss

# A picture without masks is one region, which every pixel is of.
_EVERYWHERE = 0


class PictureObjective:
    """The loss of a picture of one size; `draw` numbers the random sample of a style loss that takes one.

    Args:
        config: what was asked for.
        judgement: the networks.
        sources: the pictures and masks.
        short_side: of the picture.
        finest: the short side that the pictures have in the end, for the style's size.
        device: where it is computed.
    Raises:
        OptionError: if a style picture is too small for the deepest layer, or nothing can be balanced.
    """

    def __init__(
        self,
        config: OptimizeConfig,
        judgement: Judgement,
        sources: Sources,
        short_side: int,
        finest: int,
        device: torch.device,
    ) -> None:
        self.config, self.judgement, self.draw = config, judgement, 0
        self.content_image = content_at(sources, short_side).to(device)  # (1, 3, H, W)
        self.content_target = self._take_content()
        self.method = parse_style_loss(config.loss)
        if config.balance is not None and not isinstance(self.method, FusedStyle):
            self.method = FusedStyle(((self.method, 1.0),))
        style_images = [image.to(device) for image in styles_at(sources, config, short_side, finest)]
        self._take_style(sources, style_images)
        if config.balance is not None:
            self.method, self.style_weight = self._balance(self.method, config.balance)
        elif config.style_weight is not None:
            self.style_weight = config.style_weight
        else:
            self.style_weight = DEFAULT_STYLE_WEIGHTS[config.init]

    def __call__(self, image: Tensor) -> tuple[Tensor, LossParts]:
        """Return the total loss and its parts, unweighted. The image is (1, 3, H, W) in [0, 1]."""
        features = self.judgement.features(self._seen(image))
        parts = {
            "content": self._content(features),
            "style": self._style(features, self.method),
            "tv": self._smoothness(image),
        }
        weights = {
            "content": self.config.content_weight,
            "style": self.style_weight,
            "tv": self.config.tv_weight,
        }
        total = torch.stack([weights[name] * value for name, value in parts.items()]).sum()
        return total, {"total": float(total.detach()), **{k: float(v.detach()) for k, v in parts.items()}}

    def _seen(self, image: Tensor) -> Tensor:
        return as_grey(image) if self.config.original_colors == "luminance" else image

    def _take_content(self) -> Features:
        height, width = _size_hw(self.content_image)
        try:
            with torch.no_grad():
                features = self.judgement.features(self._seen(self.content_image))
        except RuntimeError as error:
            if min(height, width) >= 64:  # five halvings leave enough: it is something else
                raise
            raise OptionError(
                f"a picture of {width}x{height} is too small for the layers: raise --size"
            ) from error
        # The style's layers are not kept.
        return {ref: features[ref] for ref in self.judgement.content_layers.refs}

    def _take_style(self, sources: Sources, images: list[Tensor]) -> None:
        judge, method, shares = self.judgement, self.method, self.config.shares()
        refs = judge.style_layers.refs
        self.masks: dict[int, Tensor] = {}
        self.statistics: dict[int, StyleStatistics]
        with judge.autocast():
            if sources.content_labels is None:
                one = style_statistics(judge.perception, images, refs, method, shares)
                self.statistics = {_EVERYWHERE: one}
                return
            wanted = sources.painted_labels
            style_masks = [
                _moved(masks_at(labels, wanted, _size_hw(image)), image.device)
                for labels, image in zip(sources.style_labels, images, strict=True)
            ]
            self.statistics = region_statistics(judge.perception, images, refs, method, style_masks, shares)
        size_hw = _size_hw(self.content_image)
        self.masks = _moved(masks_at(sources.content_labels, wanted, size_hw), self.content_image.device)

    def _content(self, features: Features) -> Tensor:
        weights = self.judgement.content_layers.weights
        losses = [
            weights[ref] * relative_content_loss(features[ref], target)
            for ref, target in self.content_target.items()
        ]
        return torch.stack(losses).sum() / sum(weights.values())

    def _style(self, features: Features, method: StyleMethod) -> Tensor:
        weights = self.judgement.style_layers.weights
        if not self.masks:
            return style_distance(features, self.statistics[_EVERYWHERE], method, weights, draw=self.draw)
        return region_distance(features, self.statistics, method, self.masks, weights, self.draw)

    def _smoothness(self, image: Tensor) -> Tensor:
        form: Any = self.config.tv_form
        return total_variation_loss(image, form, self.config.tv_gamma)

    def _balance(self, method: StyleMethod, factor: float) -> tuple[FusedStyle, float]:
        """Weigh each method so that it pulls on a picture of noise `factor` times as hard as the content.

        At the content itself the content does not pull at all. In a fusion each method is balanced before it
        takes its share, or the steeper would drown the others. Li et al. 2017, section 4.
        """
        assert isinstance(method, FusedStyle)
        noise = noise_like(self.content_image, self.config.seed).requires_grad_()
        with torch.enable_grad():
            features = self.judgement.features(self._seen(noise))
            pull = _gradient(self.config.content_weight * self._content(features), noise)
            weights = []
            for one, share in method.parts:
                push = _gradient(self._style(features, FusedStyle(((one, 1.0),))), noise)
                try:
                    weights.append(share * balanced_weight(pull, push, factor))
                except ValueError as error:
                    raise OptionError(
                        f"--balance finds nothing to balance: {error}; use --style-weight"
                    ) from error
        total = sum(weights)
        parts = tuple((one, w / total) for (one, _), w in zip(method.parts, weights, strict=True))
        return FusedStyle(parts), total


def _gradient(loss: Tensor, image: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(loss, image, retain_graph=True)
    return gradient


def _size_hw(image: Tensor) -> tuple[int, int]:
    return image.shape[-2], image.shape[-1]


def _moved(masks: dict[int, Tensor], device: torch.device) -> dict[int, Tensor]:
    return {label: mask.to(device) for label, mask in masks.items()}
