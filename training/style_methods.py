"""What a style keeps of a layer, and how far a picture is from it: one class a method.

Every distance is relative: 0 for the style itself and 1 for an empty picture, whose features are all 0. So
layers, networks and methods are of comparable size. Li et al. 2017, Demystifying Neural Style Transfer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from training.losses import (
    at_least_float32,
    bn_statistics_loss,
    channel_means,
    float32_gram,
    mean_and_std,
    mmd_linear_loss,
    mmd_polynomial_loss,
    relative_style_loss,
    second_moments,
)
from training.mmd import distance_of_nothing, mmd_gaussian_loss, take_positions

# What a style keeps of one layer: plain tensors by name.
Statistics = dict[str, Tensor]


class StyleMethod(Protocol):
    """One way to say what a style is."""

    @property
    def name(self) -> str:
        """As `parse_style_loss` reads it."""

    def statistics(self, features: Tensor, weights: Tensor | None = None) -> Statistics:
        """Return what is kept of one layer of a style picture, without gradient.

        Args:
            features: (1, C, H, W).
            weights: how much each position counts, (1, 1, H, W), at least 0.
        """

    def distance(
        self, features: Tensor, statistics: Statistics, weights: Tensor | None = None, draw: int = 0
    ) -> Tensor:
        """Return how far one layer of pictures is from the style, a scalar.

        Args:
            features: (N, C, H, W).
            statistics: of the style.
            weights: how much each position of the features counts, (N or 1, 1, H, W), at least 0.
            draw: which random sample, where the method takes one; the same number takes the same.
        """

    def blend(self, statistics: Sequence[Statistics], shares: Sequence[float]) -> Statistics:
        """Return several pictures' statistics as those of one style.

        Args:
            statistics: of each picture.
            shares: how much of each; they sum to 1.
        """


class _MomentMethod:
    """Methods whose statistics are means over positions: several pictures blend by the mean of theirs."""

    def blend(self, statistics: Sequence[Statistics], shares: Sequence[float]) -> Statistics:
        blended: Statistics = {}
        for one, share in zip(statistics, shares, strict=True):
            for key, value in one.items():
                if share > 0:
                    # Not value * share: n equal pictures give x / n exactly, as shipped styles were trained.
                    part = value / (1 / share)
                    blended[key] = blended[key] + part if key in blended else part
        return blended


class GramStyle(_MomentMethod):
    """Gram matrices (Gatys et al. 2015); the MMD with the kernel (x.y)^2."""

    name = "gram"

    def statistics(self, features: Tensor, weights: Tensor | None = None) -> Statistics:
        with torch.no_grad():
            return {"gram": float32_gram(features, weights)[0]}  # (C, C)

    def distance(
        self, features: Tensor, statistics: Statistics, weights: Tensor | None = None, draw: int = 0
    ) -> Tensor:
        return relative_style_loss(features, statistics["gram"], weights)


class LinearStyle(_MomentMethod):
    """The MMD with the kernel x.y: mean features alone, the cheapest."""

    name = "linear"

    def statistics(self, features: Tensor, weights: Tensor | None = None) -> Statistics:
        with torch.no_grad():
            return {"mean": channel_means(features, weights)[0]}  # (C,)

    def distance(
        self, features: Tensor, statistics: Statistics, weights: Tensor | None = None, draw: int = 0
    ) -> Tensor:
        norm = statistics["mean"].square().sum().clamp_min(1e-12)
        return mmd_linear_loss(features, statistics["mean"], weights) / norm


@dataclass(frozen=True)
class PolynomialStyle(_MomentMethod):
    """The MMD with the kernel (x.y / s + c)^2, where s is the style's mean squared feature length.

    Li et al. 2017 write (x.y + c)^2. Activations are of the order of hundreds in one network and of one in
    another; dividing by s makes c = 1 mean the same everywhere: first and second order count about alike.
    c = 0 is `GramStyle`.
    """

    c: float = 1.0
    name = "poly"

    def statistics(self, features: Tensor, weights: Tensor | None = None) -> Statistics:
        with torch.no_grad():
            mean, moments = channel_means(features, weights)[0], second_moments(features, weights)[0]
            return {"mean": mean, "moments": moments}  # (C,), (C, C)

    def distance(
        self, features: Tensor, statistics: Statistics, weights: Tensor | None = None, draw: int = 0
    ) -> Tensor:
        mean, moments = statistics["mean"], statistics["moments"]
        c = self.c * float(moments.trace())
        norm = (moments.square().sum() + 2 * c * mean.square().sum()).clamp_min(1e-12)
        return mmd_polynomial_loss(features, mean, moments, c, weights) / norm


class BnStyle(_MomentMethod):
    """Means and standard deviations of the channels, as batch normalisation knows them."""

    name = "bn"

    def statistics(self, features: Tensor, weights: Tensor | None = None) -> Statistics:
        with torch.no_grad():
            mean, std = mean_and_std(features, weights)
            return {"mean": mean[0], "std": std[0]}  # (C,) each

    def distance(
        self, features: Tensor, statistics: Statistics, weights: Tensor | None = None, draw: int = 0
    ) -> Tensor:
        mean, std = statistics["mean"], statistics["std"]
        norm = (mean.square() + std.square()).mean().clamp_min(1e-12)
        return bn_statistics_loss(features, mean, std, weights) / norm


@dataclass(frozen=True)
class GaussianStyle:
    """The MMD with a Gaussian kernel, estimated over random pairs of positions.

    Args:
        kept: how many positions of the style are remembered, at most.
        least, most: how many positions one draw compares: as many as the picture has, within these.
    """

    kept: int = 4096
    least: int = 4096
    most: int = 65536
    name = "gaussian"

    def statistics(self, features: Tensor, weights: Tensor | None = None) -> Statistics:
        with torch.no_grad():
            count = min(self.kept, features[0, 0].numel())
            chance = torch.Generator().manual_seed(0)
            samples = take_positions(at_least_float32(features), count, chance, weights)[0]
            return {"samples": samples, "norm": distance_of_nothing(samples)}  # (K, C), ()

    def distance(
        self, features: Tensor, statistics: Statistics, weights: Tensor | None = None, draw: int = 0
    ) -> Tensor:
        style_samples = statistics["samples"]
        count = max(self.least, min(self.most, features[0, 0].numel()))
        chance = torch.Generator().manual_seed(draw)
        samples = take_positions(features, count, chance, weights)  # (N, count, C)
        again = take_positions(style_samples.mT[None, :, :, None], count, chance)  # (1, count, C)
        return mmd_gaussian_loss(samples, again) / statistics["norm"]

    def blend(self, statistics: Sequence[Statistics], shares: Sequence[float]) -> Statistics:
        """Take samples of each picture in proportion; they come in random order already."""
        if len(statistics) == 1:
            return statistics[0]
        total = min(self.kept, sum(len(one["samples"]) for one in statistics))
        taken, begin, upto = [], 0, 0.0
        for one, share in zip(statistics, shares, strict=True):
            upto += share
            end = round(total * upto)
            row = torch.arange(end - begin, device=one["samples"].device) % len(one["samples"])
            taken.append(one["samples"][row])
            begin = end
        samples = torch.cat(taken)
        return {"samples": samples, "norm": distance_of_nothing(samples)}
