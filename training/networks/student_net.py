"""The student: semantic style transfer at a camera's pace, each region of a frame in a style of its own.

Lu et al. 2017 rebuild VGG's features region by region and decode them. VGG is too slow for a camera, and its
weights are not ours to ship. Here the regions of a small network's features are given new statistics in every
layer; a style's encoder and one table say which. What one region is painted in cannot reach another but
through the borders they share, for each is normalised by itself.

    style picture, its masks ── encoder ── a vector a region ── read ── write ──┐ means and deviations
                        ┌────────── (N, C, H/2, W/2) ──────────┐                v
    frame's cells ── stem                                       + ── shapes ── to_cells ── painting's cells
                        └── down ── blocks ── up ──────────────┘
                             (N, 2C, H/4, W/4)

The shape is that of `training.networks.turbo_net`, twice as wide; the norms are those of Dumoulin et al.
2017 (arXiv:1610.07629), whose numbers come from the style's picture as in Ghiasi et al. 2017
(arXiv:1705.06830).
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.networks.layers import ReflectConv
from training.networks.meta_net import ScaledLinear
from training.networks.region_statistics import affine, normalise
from training.networks.style_encoder import SmallStyleEncoder
from training.networks.turbo_net import start_equal

# Sides of the frame are multiples of this.
MULTIPLE = 4
_CELL = 2
# As in `training.networks.turbo_net`: a frame of one flat colour shall not become dots.
_LEAST_OF_SHAPES = 0.5


class StudentNet(nn.Module):
    """RGB in [0, 1], masks and style vectors -> RGB in [0, 1], of the same size.

    Args:
        width: channels at half of the size, C; twice as many at a quarter.
        blocks: residual blocks at a quarter.
        numbers: how long a style vector is.
        hidden: numbers that a style vector is read into.
    """

    def __init__(self, width: int = 32, blocks: int = 3, numbers: int = 256, hidden: int = 256) -> None:
        super().__init__()
        self.width, self.numbers, self.hidden = width, numbers, hidden
        wide, cells = 2 * width, 3 * _CELL**2
        self.encoder = SmallStyleEncoder(numbers)
        self.stem = ReflectConv(cells, width, 3)
        self.down = ReflectConv(width, wide, 3, stride=2)
        self.blocks = nn.ModuleList(RegionBlock(wide) for _ in range(blocks))
        self.up = nn.Sequential(
            ReflectConv(wide, wide, 3),
            nn.ReLU(),
            start_equal(nn.Conv2d(wide, 4 * width, 1), 2),
            nn.PixelShuffle(2),
        )
        self.to_cells = start_equal(ReflectConv(width, cells, 3), _CELL)
        # What a style says: a gain and a shift for every channel of every norm, and of what comes out.
        self.channels = [width, wide, *[wide] * (2 * blocks), width, cells]
        self.read = ScaledLinear(numbers, hidden)
        self.write = ScaledLinear(hidden, 2 * sum(self.channels))
        with torch.no_grad():
            self.write.weight.mul_(0.2)
            self.write.bias.copy_(
                torch.cat([torch.cat([torch.ones(n), torch.zeros(n)]) for n in self.channels])
            )

    def forward(self, image: Tensor, masks: Tensor, style: Tensor) -> Tensor:
        """Paint a picture.

        Args:
            image: (N, 3, H, W), sides multiples of `MULTIPLE`.
            masks: (N, K, H, W), at least 0, sums 1: how much of each place is of each region.
            style: (N, K, `numbers`), of `style_vectors`.
        """
        fine, coarse = (functional.avg_pool2d(masks, side) for side in (2, 4))
        said = self.say(style)
        seen = self.stem(functional.pixel_unshuffle(image, _CELL))
        seen = normalise(seen, fine, next(said)).relu()
        strokes = normalise(self.down(seen), coarse, next(said)).relu()
        for block in self.blocks:
            strokes = block(strokes, coarse, next(said), next(said))
        drawn = normalise(seen + self.up(strokes), fine, next(said), _LEAST_OF_SHAPES).relu()
        gain, shift = next(said).chunk(2, dim=2)
        cells = affine(self.to_cells(drawn), fine, gain, shift).sigmoid()
        return functional.pixel_shuffle(cells, _CELL)

    def say(self, style: Tensor) -> Iterator[Tensor]:
        """Yield what styles, (N, K, `numbers`), say to each norm and to what comes out, (N, K, 2C) each."""
        with torch.autocast(style.device.type, enabled=False):
            # The factor gives back the mean square that the ReLU takes.
            numbers = self.write(self.read(style.float()).relu() * 2**0.5)
        yield from torch.split(numbers, [2 * count for count in self.channels], dim=2)

    def style_vectors(self, style_image: Tensor, masks: Tensor) -> Tensor:
        """Return the vectors of the regions of style pictures: (N, K, `numbers`).

        Args:
            style_image: (N, 3, H, W) RGB in [0, 1], sides multiples of the encoder's `STYLE_MULTIPLE`.
            masks: (N, K, H, W), at least 0; an empty region is as the whole picture.
        """
        return self.encoder.by_region(style_image, masks)


class RegionBlock(nn.Module):
    """x + norm(conv(relu(norm(conv(x))))), normalised by region."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = ReflectConv(channels, channels, 3), ReflectConv(channels, channels, 3)

    def forward(self, features: Tensor, shares: Tensor, inside: Tensor, after: Tensor) -> Tensor:
        inner = normalise(self.first(features), shares, inside).relu()
        return features + normalise(self.second(inner), shares, after)
