"""The student: semantic style transfer at a camera's pace, with an encoder and statistics of its own.

Lu et al. 2017 rebuild VGG's features region by region and decode them. VGG is too slow for a camera, and its
weights are not ours to ship: here a small encoder is taught together with its decoder to give features whose
regions' means and deviations carry a style. As in VGG nothing is normalised over the picture, so that what
one region is painted in cannot reach another but through the borders they share.

    cells ── stem ── halve ── deepen          statistics of the style, by region
               │        │         └─ rebuild ── strokes ──┐
               │        └─────────── rebuild ─────────────+── shapes ──┐
               └──────────────────── rebuild ──────────────────────────+── cells
            (C1, H/2)  (C2, H/4)  (C3, H/8)

To rebuild is to give each region's channels the style's mean and deviation (Huang and Belongie 2017,
arXiv:1703.06868). What the strokes are like, a region's statistics also say to the layers between (as in
Wang et al. 2022, MicroAST, arXiv:2211.15313).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.networks.layers import ReflectConv
from training.networks.turbo_net import start_equal

# Sides of the picture are multiples of this.
MULTIPLE = 8
# A region counts as if this share of the picture belonged to it besides, looking as the whole does: a region
# of a few pixels has no statistics of its own, and one that appears does not flash.
_PRIOR = 0.003
# A channel that hardly varies in a region is not amplified without bounds.
_LEAST_DEVIATION = 0.02


class StudentNet(nn.Module):
    """RGB in [0, 1], masks and styles -> RGB in [0, 1], of the same size, and the picture's own statistics.

    Args:
        widths: channels at half, a quarter and an eighth of the size.
        blocks: residual blocks at an eighth.
        hidden: numbers that a region's statistics are read into.
    """

    def __init__(
        self, widths: tuple[int, int, int] = (24, 48, 96), blocks: int = 2, hidden: int = 96
    ) -> None:
        super().__init__()
        first, second, third = self.widths = widths
        self.stem = ReflectConv(12, first, 3)
        self.halve = nn.Sequential(ReflectConv(first, second, 3, stride=2), nn.ReLU())
        self.deepen = nn.Sequential(
            ReflectConv(second, third, 3, stride=2), nn.ReLU(), ReflectConv(third, third, 3)
        )
        self.strokes = nn.ModuleList(GuidedBlock(third, hidden) for _ in range(blocks))
        self.widen = ReflectConv(third, second, 3)
        self.shapes = GuidedBlock(second, hidden)
        self.up = nn.Sequential(start_equal(nn.Conv2d(second, 4 * first, 1), 2), nn.PixelShuffle(2))
        self.to_cells = start_equal(ReflectConv(first, 12, 3), 2)
        self.read = nn.Sequential(
            nn.Linear(self.numbers, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()
        )

    @property
    def numbers(self) -> int:
        """How many numbers the statistics of a region are."""
        return 2 * sum(self.widths)

    def forward(self, image: Tensor, masks: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
        """Paint a picture, and say what the statistics of its own regions are.

        Args:
            image: (N, 3, H, W), sides multiples of `MULTIPLE`.
            masks: (N, K, H, W), at least 0, sums at most 1: how much of each place is of each region. Where
                no region is, the content's features stay.
            style: (N, K, `numbers`), the second output for the style's picture with its masks.
        """
        features, shares = self.encode(image), _shares(masks)
        own = [RegionStatistics.of(one, share) for one, share in zip(features, shares, strict=True)]
        wanted = torch.split(style, [2 * width for width in self.widths], dim=2)
        fine, middle, coarse = (
            rebuild(one, share, statistics, goal)
            for one, share, statistics, goal in zip(features, shares, own, wanted, strict=True)
        )
        guide = self.read(style)  # (N, K, hidden)
        for block in self.strokes:
            coarse = block(coarse, shares[2], guide)
        coarse = functional.interpolate(self.widen(coarse), scale_factor=2.0, mode="nearest")
        middle = self.shapes(middle + coarse, shares[1], guide)
        fine = (fine + self.up(middle)).relu()
        painting = functional.pixel_shuffle(self.to_cells(fine), 2) + 0.5
        return painting, torch.cat([one.numbers for one in own], dim=2)

    def statistics(self, image: Tensor, masks: Tensor) -> Tensor:
        """Return the second output of `forward` alone, (N, K, `numbers`)."""
        every = zip(self.encode(image), _shares(masks), strict=True)
        return torch.cat([RegionStatistics.of(one, share).numbers for one, share in every], dim=2)

    def encode(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the features at half, a quarter and an eighth of the size."""
        fine = self.stem(functional.pixel_unshuffle(image - 0.5, 2))
        middle = self.halve(fine.relu())
        return fine, middle, self.deepen(middle)


def _shares(masks: Tensor) -> list[Tensor]:
    return [functional.avg_pool2d(masks, 2**level) for level in (1, 2, 3)]


class RegionStatistics:
    """Mean and deviation of each channel over each region, (N, K, C) both."""

    def __init__(self, mean: Tensor, deviation: Tensor) -> None:
        self.mean, self.deviation = mean, deviation

    @property
    def numbers(self) -> Tensor:
        """Both in one row, (N, K, 2C)."""
        return torch.cat([self.mean, self.deviation], dim=2)

    @classmethod
    def of(cls, features: Tensor, shares: Tensor) -> "RegionStatistics":
        """Measure features, (N, C, h, w), over regions, (N, K, h, w); an empty one is as the whole."""
        middle = features.mean(dim=(2, 3), keepdim=True)
        centred = (features - middle).flatten(2).mT  # (N, P, C)
        squares = centred.square()
        area = shares.flatten(2)  # (N, K, P)
        prior = _PRIOR * area.shape[2]
        total = area.sum(dim=2, keepdim=True) + prior
        # Of the prior the mean is 0, for that of the whole picture is.
        mean = (area @ centred) / total  # (N, K, C)
        square = (area @ squares + prior * squares.mean(dim=1, keepdim=True)) / total
        variance = (square - mean.square()).clamp_min(0) + _LEAST_DEVIATION**2
        return cls(mean + middle.flatten(2).mT, variance.sqrt())


def rebuild(features: Tensor, shares: Tensor, own: RegionStatistics, goal: Tensor) -> Tensor:
    """Give each region of the features, (N, C, h, w), the mean and deviation of its goal, (N, K, 2C)."""
    mean, deviation = goal.chunk(2, dim=2)
    gain = deviation / own.deviation
    return _affine(features, shares, gain - 1, mean - own.mean * gain)


def _affine(features: Tensor, shares: Tensor, gain: Tensor, shift: Tensor) -> Tensor:
    """Return f (1 + gain) + shift, both by region, (N, K, C), and blended where regions meet."""
    (count, channels, height, width), regions = features.shape, shares.flatten(2)
    gains = (gain.mT @ regions).view(count, channels, height, width)
    shifts = (shift.mT @ regions).view(count, channels, height, width)
    return features * (1 + gains) + shifts


class GuidedBlock(nn.Module):
    """x + conv(relu(conv(x) * gain + shift)), both of which a region's style says."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.first, self.second = ReflectConv(channels, channels, 3), ReflectConv(channels, channels, 3)
        self.guide = nn.Linear(hidden, 2 * channels)
        nn.init.zeros_(self.guide.bias)
        with torch.no_grad():
            self.guide.weight.mul_(0.1)

    def forward(self, features: Tensor, shares: Tensor, guide: Tensor) -> Tensor:
        gain, shift = self.guide(guide).chunk(2, dim=2)
        inner = _affine(self.first(features), shares, gain, shift).relu()
        residual: Tensor = self.second(inner)
        return features + residual
