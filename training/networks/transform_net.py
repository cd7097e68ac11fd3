"""Johnson et al. 2016: one feed-forward network paints one style."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.networks.layers import (
    ConvNormReLU,
    ImageConvs,
    ReflectConv,
    ResidualBlock,
    UpsampleConv,
    first_and_last_conv,
    pad_to_multiple,
)
from training.networks.recurrent_net import RecurrentNet
from training.networks.turbo_net import TurboNet


class TransformNet(nn.Module):
    """RGB in [0, 1] -> RGB in [0, 1], same height and width, any from 64 to 4096.

    Johnson et al. 2016, arXiv:1603.08155, with instance norm (Ulyanov et al. 2016) and
    upsample-then-convolve. C is `width`.
    """

    def __init__(self, width: int = 32, blocks: int = 5) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            ConvNormReLU(3, width, kernel_size=9),  # (N, C, H, W)
            ConvNormReLU(width, 2 * width, stride=2),  # (N, 2C, H/2, W/2)
            ConvNormReLU(2 * width, 4 * width, stride=2),  # (N, 4C, H/4, W/4)
        )
        self.blocks = nn.Sequential(*(ResidualBlock(4 * width) for _ in range(blocks)))
        self.decoder = nn.Sequential(
            UpsampleConv(4 * width, 2 * width),  # (N, 2C, H/2, W/2)
            UpsampleConv(2 * width, width),  # (N, C, H, W)
            ReflectConv(width, 3, 9),
        )

    def forward(self, content_image: Tensor) -> Tensor:
        height, width = content_image.shape[-2:]
        return self.paint_whole(pad_to_multiple(content_image, 4))[..., :height, :width]  # (N, 3, H, W)

    def paint_whole(self, content_image: Tensor) -> Tensor:
        """Paint a picture whose sides are multiples of 4: the same, with nothing to pad and to cut."""
        features = self.blocks(self.encoder(content_image))  # (N, 4C, H/4, W/4)
        stylized_image: Tensor = self.decoder(features).sigmoid()
        return stylized_image

    def image_convs(self) -> ImageConvs:
        """Return the first convolution and the last."""
        return first_and_last_conv(self)


class PaperBlock(nn.Module):
    """Johnson's residual block: no padding, and the identity cropped by 2 on each side to match."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3),
            nn.BatchNorm2d(channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        residual: Tensor = self.body(features)
        return features[..., 2:-2, 2:-2] + residual


class PaperTransformNet(nn.Module):
    """Johnson et al. 2016, supplementary table 1, as published. RGB in [0, 1] in and out, same size.

    Reflection padding of 40 at the input, five residual blocks without padding that eat it again,
    fractionally strided upsampling, batch norm, a scaled tanh.
    """

    MARGIN = 40

    def __init__(self, width: int = 32, blocks: int = 5) -> None:
        super().__init__()
        if 8 * 2 * blocks != 2 * self.MARGIN:
            raise ValueError(f"the padding of {self.MARGIN} fits 5 blocks, instead got {blocks}")
        self.encoder = nn.Sequential(
            *_paper_layer(nn.Conv2d(3, width, 9, padding=4), width),
            *_paper_layer(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), 2 * width),
            *_paper_layer(nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1), 4 * width),
        )  # (N, 4C, H/4 + 20, W/4 + 20)
        self.blocks = nn.Sequential(*(PaperBlock(4 * width) for _ in range(blocks)))  # (N, 4C, H/4, W/4)
        self.decoder = nn.Sequential(
            *_paper_layer(_fractional(4 * width, 2 * width), 2 * width),
            *_paper_layer(_fractional(2 * width, width), width),
            nn.Conv2d(width, 3, 9, padding=4),
        )

    def forward(self, content_image: Tensor) -> Tensor:
        height, width = content_image.shape[-2:]
        padded = pad_to_multiple(content_image, 4, margin=self.MARGIN)
        stylized_image = self.decoder(self.blocks(self.encoder(padded)))
        # The paper scales tanh to [0, 255]; here to [0, 1].
        stylized_image = 0.5 + 0.5 * functional.tanh(stylized_image)
        return stylized_image[..., :height, :width]

    def image_convs(self) -> ImageConvs:
        """Return the first convolution and the last."""
        return first_and_last_conv(self)


def _paper_layer(convolution: nn.Module, channels: int) -> tuple[nn.Module, nn.Module, nn.Module]:
    return convolution, nn.BatchNorm2d(channels), nn.ReLU(inplace=True)


def _fractional(in_channels: int, out_channels: int) -> nn.ConvTranspose2d:
    """A convolution of stride 1/2: twice the height and width."""
    return nn.ConvTranspose2d(in_channels, out_channels, 3, stride=2, padding=1, output_padding=1)


@dataclass(frozen=True)
class Preset:
    """One size of transform network. `build` makes a fresh one."""

    summary: str
    build: Callable[[], nn.Module]


PRESETS: dict[str, Preset] = {
    "turbo": Preset("16-32 channels, no layer at full size: for live use", TurboNet),
    "recurrent": Preset("turbo that is also shown its last painting, for steady strokes", RecurrentNet),
    "fast": Preset(
        "8-16-32 channels: the shape of the paper, small enough to be live", lambda: TransformNet(width=8)
    ),
    "full": Preset("32-64-128 channels, for films and GPUs", lambda: TransformNet(width=32)),
    "paper": Preset("Johnson et al. 2016 as published", lambda: PaperTransformNet(width=32)),
}


def build_transform_net(preset: str) -> nn.Module:
    """Build a transform network with fresh weights.

    Raises:
        ValueError: if the preset is unknown.
    """
    if preset not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}, instead got {preset!r}")
    return PRESETS[preset].build()


def count_flop(network: nn.Module, *, height: int, width: int) -> int:
    """Count the floating-point operations of the convolutions for one picture, a multiply-add as two."""
    from torch.utils.flop_counter import FlopCounterMode

    image = torch.zeros(1, 3, height, width, device=next(network.parameters()).device)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(image)
    return int(counter.get_total_flops())
