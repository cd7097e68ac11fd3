"""The loss of a student: each region of each picture of a batch beside a style of its own."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from training.losses import at_least_float32

# A region of less than this share of the positions has no style that could be compared.
_LEAST_SHARE = 0.02
# Second moments of 512 channels cost more than the networks. Those along other axes in every step pull the
# same way on average.
SKETCH = 32


@dataclass(frozen=True)
class RegionMoments:
    """Of a layer, by region: means (N, K, C), deviations (N, K, C), sketched second moments (N, K, S, S)."""

    mean: Tensor
    deviation: Tensor
    moments: Tensor

    @classmethod
    def of(cls, features: Tensor, masks: Tensor, axes: Tensor) -> "RegionMoments":
        """Measure features, (N, C, h, w), over masks, (N, K, H, W), and along axes, (S, C)."""
        with torch.autocast(features.device.type, enabled=False):
            # A row a position, as channels-last activations lie in memory.
            rows = at_least_float32(features.permute(0, 2, 3, 1).flatten(1, 2))  # (N, P, C)
            size = (features.shape[-2], features.shape[-1])
            shares = functional.adaptive_avg_pool2d(masks, size).flatten(2)  # (N, K, P)
            shares = shares / shares.sum(dim=2, keepdim=True).clamp_min(1e-6)
            mean = shares @ rows
            square = shares @ rows.square()
            deviation = (square - mean.square()).clamp_min(1e-6).sqrt()
            few = rows @ axes.T  # (N, P, S)
            moments = torch.stack([(few * one[..., None]).mT @ few for one in shares.unbind(1)], 1)
        return cls(mean, deviation, moments)

    def pick(self, of_style: Tensor, region: int) -> "RegionMoments":
        """Return the moments of the styles numbered (N, K), from one of their regions."""
        mean, deviation = self.mean[:, region][of_style], self.deviation[:, region][of_style]
        return RegionMoments(mean, deviation, self.moments[:, region][of_style])

    def distance(self, goal: "RegionMoments") -> Tensor:
        """Return how far each region is from its goal, (N, K): 0 for the same, about 2 for nothing."""
        apart = (self.mean - goal.mean).square() + (self.deviation - goal.deviation).square()
        usual = (goal.mean.square() + goal.deviation.square()).sum(dim=2).clamp_min(1e-12)
        distance = apart.sum(dim=2) / usual
        apart = (self.moments - goal.moments).square().sum(dim=(2, 3))
        norm = goal.moments.square().sum(dim=(2, 3)).clamp_min(1e-12)
        total: Tensor = distance + apart / norm
        return total


def draw_axes(channels: int, chance: torch.Generator) -> Tensor:
    """Return up to `SKETCH` orthogonal axes of unit length in the space of the channels, (S, C)."""
    if channels <= SKETCH:
        return torch.eye(channels)
    basis: Tensor = torch.linalg.qr(torch.randn(channels, SKETCH, generator=chance))[0]  # (C, S)
    return basis.T.contiguous()


def by_area(distances: Tensor, masks: Tensor) -> Tensor:
    """Return the mean of distances, (N, K), by the areas of masks, (N, K, H, W); (N,)."""
    areas = masks.mean(dim=(2, 3))
    areas = areas * (areas >= _LEAST_SHARE)
    return (distances * areas).sum(dim=1) / areas.sum(dim=1).clamp_min(1e-6)
