"""The building blocks that the generators share."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

# Before 2.15 torch.export fails where a side is halved after -side % multiple was added to it. The files that
# ship were traced with that, by 2.15.
_TRACES_NO_NEGATIVE = tuple(int(part) for part in torch.__version__.split(".")[:2]) < (2, 15)


@dataclass(frozen=True)
class ImageConvs:
    """The convolutions of a network that meet the picture, for whoever changes the order of its colours.

    Args:
        readers: their first `read_channels` inputs are the picture's: all of red, of green, of blue.
        writers: their outputs are the painting's, likewise.
        read_channels: a multiple of 3.
    """

    readers: Sequence[nn.Conv2d]
    writers: Sequence[nn.Conv2d]
    read_channels: int = 3


def first_and_last_conv(network: nn.Module, read_channels: int = 3) -> ImageConvs:
    """Return what meets the picture in a network that is one chain, in the order of its definition."""
    convs = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    return ImageConvs(convs[:1], convs[-1:], read_channels)


class ReflectConv(nn.Conv2d):
    """A convolution that mirrors the picture at its border, so that no frame is painted around it.

    (N, C_in, H, W) -> (N, C_out, ceil(H / stride), ceil(W / stride)).
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, *, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=kernel_size // 2,
            padding_mode="reflect",
            groups=groups,
        )


class ConvNormReLU(nn.Sequential):
    """Convolution, instance norm, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, *, stride: int = 1) -> None:
        super().__init__(
            ReflectConv(in_channels, out_channels, kernel_size, stride=stride),
            nn.InstanceNorm2d(out_channels, affine=True),
            nn.ReLU(inplace=True),
        )


class UpsampleConv(nn.Sequential):
    """Nearest upsampling by 2, then convolution, instance norm, ReLU: no checkerboard."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3) -> None:
        super().__init__(
            nn.Upsample(scale_factor=2, mode="nearest"),
            *ConvNormReLU(in_channels, out_channels, kernel_size),
        )


class ResidualBlock(nn.Module):
    """x + norm(conv(relu(norm(conv(x))))), without a ReLU after the sum (Johnson et al. 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            ConvNormReLU(channels, channels),
            ReflectConv(channels, channels, 3),
            nn.InstanceNorm2d(channels, affine=True),
        )

    def forward(self, features: Tensor) -> Tensor:
        residual: Tensor = self.body(features)
        return features + residual


def pad_to_multiple(image: Tensor, multiple: int, margin: int = 0) -> Tensor:
    """Mirror the picture by `margin` on every side, and at the right and the bottom to a multiple.

    (N, C, H, W) -> (N, C, H + 2*margin + (-H % multiple), W + 2*margin + (-W % multiple)).
    """
    height, width = image.shape[-2:]
    padding = (margin, margin + lacking(width, multiple), margin, margin + lacking(height, multiple))
    return functional.pad(image, padding, mode="reflect")


def lacking(side: int, multiple: int) -> int:
    """Return by how much a side is short of the next multiple; also of a side that torch traces."""
    if _TRACES_NO_NEGATIVE:
        return multiple * ((side + multiple - 1) // multiple) - side
    return -side % multiple
