"""Statistics of features region by region, and what gives each region others."""

from dataclasses import dataclass

import torch
from torch import Tensor

# A region counts as if this share of the picture belonged to it besides, looking as the whole does: a region
# of a few pixels has no statistics of its own, and one that appears does not flash.
_PRIOR = 0.003


@dataclass(frozen=True)
class RegionStatistics:
    """Mean and deviation of each channel over each region, (N, K, C) both."""

    mean: Tensor
    deviation: Tensor

    @classmethod
    def of(cls, features: Tensor, shares: Tensor, least: float = 1e-8) -> "RegionStatistics":
        """Measure features over regions; an empty one is as the whole.

        In float32, as E[x^2] - E[x]^2: exact where means are not far above deviations.

        Args:
            features: (N, C, h, w).
            shares: (N, K, h, w), at least 0: how much of each place is of each region.
            least: added to variances.
        """
        with torch.autocast(features.device.type, enabled=False):
            values = features.float().flatten(2)  # (N, C, P)
            squares = values.square()
            area = shares.float().flatten(2).mT  # (N, P, K)
            prior = _PRIOR * area.shape[1]
            total = area.sum(dim=1, keepdim=True) + prior  # (N, 1, K)
            mean = (values @ area + prior * values.mean(dim=2, keepdim=True)) / total  # (N, C, K)
            square = (squares @ area + prior * squares.mean(dim=2, keepdim=True)) / total
            variance = (square - mean.square()).clamp_min(0) + least
            return cls(mean.mT, variance.sqrt().mT)


def affine(features: Tensor, shares: Tensor, gain: Tensor, shift: Tensor) -> Tensor:
    """Return features * gain + shift, both by region, (N, K, C), and blended where regions meet."""
    (count, channels, height, width), regions = features.shape, shares.flatten(2)
    gains = (gain.mT @ regions).view(count, channels, height, width)
    shifts = (shift.mT @ regions).view(count, channels, height, width)
    return features * gains + shifts


def normalise(features: Tensor, shares: Tensor, said: Tensor, least: float = 1e-5) -> Tensor:
    """Return features with the mean and deviation that each region's style says.

    Conditional instance norm (Dumoulin et al. 2017, arXiv:1610.07629, eq. 5), by region.

    Args:
        features: (N, C, h, w).
        shares: (N, K, h, w), sums 1.
        said: (N, K, 2C), deviations, then means.
        least: added to variances.
    """
    # Their means may be far above their deviations; what counts is how they differ from place to place.
    centred = features - features.mean(dim=(2, 3), keepdim=True)
    own = RegionStatistics.of(centred, shares, least)
    deviation, mean = said.chunk(2, dim=2)
    gain = deviation / own.deviation
    return affine(centred, shares, gain, mean - own.mean * gain)
