"""A transform network for speed: no layer of it works at the picture's full size.

A photograph goes in as cells of 2x2 pixels (pixel-unshuffle) and comes out of cells of 2x2 (pixel-shuffle,
Shi et al. 2016, arXiv:1609.05158), so that 16 and 32 channels, which fill a processor's vectors, meet a
quarter and a sixteenth of the pixels. The shapes of the photograph also go past the strokes, at half size.

            ┌────────── (N, C, H/2, W/2) ──────────┐
    cells ── stem                                   + ── shapes ── cells
            └── down ── blocks ── up ──────────────┘
                 (N, 2C, H/4, W/4)
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.networks.layers import (
    ConvNormReLU,
    ImageConvs,
    ReflectConv,
    ResidualBlock,
    first_and_last_conv,
    pad_to_multiple,
)


def start_equal(conv: nn.Conv2d, ratio: int) -> nn.Conv2d:
    """Let the ratio*ratio outputs that will be laid out as one channel's pixels start with equal weights.

    Then the shuffle begins as nearest upsampling, which has no pattern of dots (Aitken et al. 2017,
    arXiv:1707.02937). Returns the convolution.
    """
    with torch.no_grad():
        for values in (conv.weight, conv.bias):
            assert values is not None
            values.copy_(values[:: ratio**2].repeat_interleave(ratio**2, dim=0))
    return conv


class CellNet(nn.Module):
    """RGB in [0, 1] -> RGB in [0, 1], same height and width, any from 64 to 4096, worked on as cells.

    Subclasses say what happens between cells of `in_cell` and cells of `out_cell` pixels.
    """

    in_cell, out_cell, multiple = 4, 2, 4

    def forward(self, content_image: Tensor) -> Tensor:
        height, width = content_image.shape[-2:]
        padded = pad_to_multiple(content_image, self.multiple)
        return self.paint_whole(padded)[..., :height, :width]  # (N, 3, H, W)

    def paint_whole(self, content_image: Tensor) -> Tensor:
        """Paint a picture whose sides are multiples of `multiple`: the same, with nothing to pad or cut."""
        cells = functional.pixel_unshuffle(content_image, self.in_cell)
        return functional.pixel_shuffle(self.paint_cells(cells), self.out_cell)

    def paint_cells(self, cells: Tensor) -> Tensor:
        """Paint a picture whose pixels are laid into channels; for engines that lay them out themselves.

        (N, 3 * in_cell^2, H / in_cell, W / in_cell) -> (N, 3 * out_cell^2, H / out_cell, W / out_cell), H
        and W multiples of `multiple`, in [0, 1]. Channels are in the order of
        `torch.nn.functional.pixel_unshuffle`: colour, row, column.
        """
        raise NotImplementedError

    def image_convs(self) -> ImageConvs:
        """Return the first convolution, which reads in_cell^2 pixels of each colour, and the last."""
        return first_and_last_conv(self, 3 * self.in_cell**2)


class TurboNet(CellNet):
    """The network drawn above.

    Args:
        width: channels at half of the size, C; twice as many at a quarter.
        blocks: residual blocks at a quarter.
    """

    in_cell = 2

    def __init__(self, width: int = 16, blocks: int = 3) -> None:
        super().__init__()
        self.stem = ConvNormReLU(3 * self.in_cell**2, width)
        self.down = ConvNormReLU(width, 2 * width, stride=2)
        self.blocks = nn.Sequential(*(ResidualBlock(2 * width) for _ in range(blocks)))
        # Four times the channels by a 1x1 convolution: by the 3x3 one itself it is the dearest layer of all.
        self.up = nn.Sequential(
            ReflectConv(2 * width, 2 * width, 3),
            nn.ReLU(inplace=True),
            start_equal(nn.Conv2d(2 * width, 4 * width, 1), 2),
            nn.PixelShuffle(2),
        )
        # Its variance in a picture is 5 to 25. In a frame of one flat colour all that differs is the places
        # of a cell, and dividing by so little would make dots of them.
        norm = nn.InstanceNorm2d(width, eps=0.5, affine=True)
        self.shapes = nn.Sequential(norm, nn.ReLU(inplace=True))
        self.to_cells = start_equal(ReflectConv(width, 3 * self.out_cell**2, 3), self.out_cell)

    def paint_cells(self, cells: Tensor) -> Tensor:
        painted: Tensor = self.to_cells(self.draw(self.stem(cells))).sigmoid()
        return painted

    def draw(self, features: Tensor) -> Tensor:
        """(N, C, H/2, W/2), what the stem sees -> the same, shapes and strokes together."""
        strokes = self.up(self.blocks(self.down(features)))  # (N, C, H/2, W/2), worked on at a quarter
        drawn: Tensor = self.shapes(features + strokes)
        return drawn
