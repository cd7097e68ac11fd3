"""Ulyanov et al. 2016: noise at several scales becomes a texture, or, beside a photograph, its painting."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.networks.layers import ImageConvs

Border = Literal["circular", "reflect"]
NOISE_CHANNELS = 3


# Ulyanov et al. 2016, section 4: five scales for textures, six for painting photographs.
TEXTURE_SCALES, STYLE_SCALES = 5, 6


class ConvBlock(nn.Sequential):
    """Three convolutions, 3x3, 3x3 and 1x1, each with instance norm and leaky ReLU; keeps the size."""

    def __init__(self, in_channels: int, out_channels: int, border: Border) -> None:
        layers: list[nn.Module] = []
        for kernel_size in (3, 3, 1):
            layers += [
                nn.Conv2d(
                    in_channels, out_channels, kernel_size, padding=kernel_size // 2, padding_mode=border
                ),
                nn.InstanceNorm2d(out_channels, affine=True),
                nn.LeakyReLU(0.01, inplace=True),
            ]
            in_channels = out_channels
        super().__init__(*layers)


class Join(nn.Module):
    """Doubles the coarse features by nearest neighbour and lays them beside the fine ones.

    Each is normalised before: the coarse ones have been through more layers, and would drown the others.
    (N, C, H/2, W/2) and (N, D, H, W) -> (N, C + D, H, W).
    """

    def __init__(self, coarse_channels: int, fine_channels: int) -> None:
        super().__init__()
        # Normalised and then doubled is doubled and then normalised, at a quarter of the work.
        self.coarse_norm = nn.InstanceNorm2d(coarse_channels, affine=True)
        self.fine_norm = nn.InstanceNorm2d(fine_channels, affine=True)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        doubled = functional.interpolate(self.coarse_norm(coarse), scale_factor=2.0, mode="nearest")
        return torch.cat((doubled, self.fine_norm(fine)), dim=1)


class TextureNet(nn.Module):
    """Noise at `scales` scales, finest first -> RGB in [0, 1]; beside it, if so built, a photograph.

    Ulyanov et al. 2016, arXiv:1603.03417, fig. 2, with instance norm (Ulyanov et al. 2016,
    arXiv:1607.08022). C is `width`, K is `scales`.

    From noise alone the borders are circular: a texture continues at its left where its right ends, and
    no layer can tell where in the picture it is. A picture that was the same for every noise would have
    to be of one colour. With a photograph they are mirrored, for its left does not continue its right.
    """

    def __init__(self, width: int = 8, scales: int = 5, *, with_content: bool = False) -> None:
        super().__init__()
        self.width, self.scales, self.with_content = width, scales, with_content
        border: Border = "reflect" if with_content else "circular"
        in_channels = NOISE_CHANNELS + (3 if with_content else 0)
        self.branches = nn.ModuleList(ConvBlock(in_channels, width, border) for _ in range(scales))
        # Place k joins what came from scale k + 1, (K - 1 - k) * C channels, and branch k.
        joined = [(scales - 1 - k) * width for k in range(scales - 1)]
        self.joins = nn.ModuleList(Join(coarse, width) for coarse in joined)
        self.blocks = nn.ModuleList(ConvBlock(c + width, c + width, border) for c in joined)
        self.to_rgb = nn.Conv2d(scales * width, 3, 1)

    @property
    def multiple(self) -> int:
        """What height and width must be multiples of: each scale halves the one before."""
        return int(2 ** (self.scales - 1))

    def forward(self, noises: Sequence[Tensor], content: Tensor | None = None) -> Tensor:
        """Paint.

        Args:
            noises: `scales` tensors, number k (N, 3, H/2^k, W/2^k), uniform in [0, 1].
            content: (N, 3, H, W), RGB in [0, 1]; for a network built with it.
        Raises:
            ValueError: if there are more or fewer noises than scales, or a content too much or missing.
        """
        if len(noises) != self.scales:
            raise ValueError(f"expected noise at {self.scales} scales, instead got {len(noises)}")
        if (content is not None) != self.with_content:
            raise ValueError(
                f"built with_content={self.with_content}, instead got content {content is not None}"
            )
        inputs = list(noises)  # number k (N, 3, H/2^k, W/2^k)
        if content is not None:
            inputs = [
                torch.cat(pair, dim=1) for pair in zip(_pyramid(content, self.scales), noises, strict=True)
            ]
        features: Tensor = self.branches[-1](inputs[-1])  # (N, C, H/2^(K-1), W/2^(K-1))
        for k in reversed(range(self.scales - 1)):
            features = self.joins[k](features, self.branches[k](inputs[k]))
            features = self.blocks[k](features)  # (N, (K-k)*C, H/2^k, W/2^k)
        image: Tensor = self.to_rgb(features).sigmoid()
        return image  # (N, 3, H, W)


class TextureStyle(nn.Module):
    """A texture network built with content, its noise fixed. RGB in [0, 1] -> the same, any size from 64.

    One tile of noise a scale, repeated over the picture: the same for every frame, so that a film does
    not flicker, and small enough for a style file. Levels of 255, so that bf16 holds every one of them.
    The finest noise returns every T pixels, each coarser one after twice as many.

    It is painted with a margin of mirrored photograph, which is cut off: at its very border a network
    paints paler, for what it was taught by sees nothing beyond.

    Args:
        network: `with_content`.
        tiles: `scales` tensors, (1, 3, T, T), uint8.
    Raises:
        ValueError: if the network is of another kind, or the tiles are not as many as its scales.
    """

    MARGIN = 8

    def __init__(self, network: TextureNet, tiles: Sequence[Tensor]) -> None:
        super().__init__()
        if not network.with_content or len(tiles) != network.scales:
            raise ValueError(
                f"expected a network with content and {network.scales} tiles, instead got {len(tiles)}"
            )
        self.network = network
        for k, tile in enumerate(tiles):
            self.register_buffer(f"tile{k}", tile)

    def forward(self, content_image: Tensor) -> Tensor:
        height, width = content_image.shape[-2:]
        margin, multiple = self.MARGIN, self.network.multiple
        # In whole blocks, not as a remainder: the exporter can see that every scale halves the one before.
        rows, columns = (_pieces(side + 2 * margin, multiple) for side in (height, width))
        bottom, right = rows * multiple - height - margin, columns * multiple - width - margin
        padded = functional.pad(content_image, (margin, right, margin, bottom), mode="reflect")
        stylized_image: Tensor = self.network(self.noises(rows, columns, len(content_image)), padded)
        return stylized_image[..., margin : margin + height, margin : margin + width]

    def noises(self, rows: int, columns: int, count: int) -> list[Tensor]:
        """Return what the network takes beside pictures of so many whole blocks, a tensor for each scale."""
        return [self._noise(k, rows, columns, count) for k in range(self.network.scales)]

    def for_size(self, height: int, width: int) -> "TextureOfSize":
        """Return the same style for pictures of one size, which converters can follow that know no other."""
        return TextureOfSize(self, height, width)

    def image_convs(self) -> ImageConvs:
        """Return the first convolution of every scale, which reads picture and noise, and the last."""
        readers = [cast(nn.Conv2d, cast(ConvBlock, branch)[0]) for branch in self.network.branches]
        return ImageConvs(readers, [self.network.to_rgb])

    def _noise(self, k: int, rows: int, columns: int, count: int) -> Tensor:
        tile: Tensor = self.get_buffer(f"tile{k}")
        side = tile.shape[-1]
        height, width = (blocks * (self.network.multiple >> k) for blocks in (rows, columns))
        noise = (tile.float() / 255).repeat(count, 1, _pieces(height, side), _pieces(width, side))
        return noise[..., :height, :width]  # (N, 3, H/2^k, W/2^k)


class TextureOfSize(nn.Module):
    """A texture style whose noise is laid out, and its margins counted, for one height and width.

    RGB in [0, 1], (1, 3, H, W) -> the same. What it paints is what the style paints at that size.
    """

    def __init__(self, style: TextureStyle, height: int, width: int) -> None:
        super().__init__()
        self.network = style.network
        margin, multiple = style.MARGIN, style.network.multiple
        rows, columns = (_pieces(side + 2 * margin, multiple) for side in (height, width))
        self._right, self._bottom = columns * multiple - width - margin, rows * multiple - height - margin
        for k, noise in enumerate(style.noises(rows, columns, 1)):
            self.register_buffer(f"noise{k}", noise)

    def forward(self, content_image: Tensor) -> Tensor:
        margin, right, bottom = TextureStyle.MARGIN, self._right, self._bottom
        padded = functional.pad(content_image, (margin, right, margin, bottom), mode="reflect")
        noises = [self.get_buffer(f"noise{k}") for k in range(self.network.scales)]
        stylized_image: Tensor = self.network(noises, padded)
        return stylized_image[..., margin:-bottom, margin:-right]


def _pieces(length: int, side: int) -> int:
    """Return how many pieces of `side` cover `length`."""
    return (length + side - 1) // side


def _pyramid(image: Tensor, scales: int) -> list[Tensor]:
    """Return the picture, and the mean of every 2x2, 4x4 ... of its pixels."""
    images = [image]
    for _ in range(scales - 1):
        images.append(functional.avg_pool2d(images[-1], 2))
    return images


@dataclass(frozen=True)
class TexturePreset:
    """One size of texture network."""

    summary: str
    width: int


TEXTURE_PRESETS = {
    "fast": TexturePreset("4 channels a scale, for live use on a CPU", 4),
    "paper": TexturePreset("8 channels a scale, Ulyanov et al. 2016", 8),
}


def count_scales(*, with_content: bool) -> int:
    """Return at how many scales a network takes its noise."""
    return STYLE_SCALES if with_content else TEXTURE_SCALES


def build_texture_net(preset: str, *, with_content: bool) -> TextureNet:
    """Build a texture network with fresh weights.

    Raises:
        ValueError: if the preset is unknown.
    """
    if preset not in TEXTURE_PRESETS:
        raise ValueError(f"preset must be one of {', '.join(TEXTURE_PRESETS)}, instead got {preset!r}")
    scales = count_scales(with_content=with_content)
    return TextureNet(TEXTURE_PRESETS[preset].width, scales, with_content=with_content)
