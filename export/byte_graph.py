"""Bytes in, bytes out, around a network of numbers: what an exported graph does beside painting."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Levels:
    """How the 256 levels of a byte become a network's numbers, and its numbers bytes again.

    Halves take whole levels, 0 to 255, of a network whose first weights are divided by 255: they hold every
    whole number to 256, but not every n / 255, and what is lost a norm draws on smooth pictures (in fp16 a
    ramp came to 34 dB from fp32 in the place of 55). See `export.pixel_scale`.

    Args:
        dtype: of the network's numbers.
    """

    dtype: torch.dtype = torch.float32

    @property
    def are_whole(self) -> bool:
        """True for 0 to 255, False for 0 to 1."""
        return self.dtype != torch.float32

    def to_numbers(self, levels: Tensor) -> Tensor:
        """uint8 -> dtype, whole or from 0 to 1."""
        numbers = levels.to(self.dtype)
        return numbers if self.are_whole else numbers / 255

    def to_levels(self, painted: Tensor) -> Tensor:
        """Numbers in [0, 1] -> uint8, scaled and rounded in fp32."""
        if painted.dtype != torch.float32:
            painted = painted.float()
        return (painted * 255).round().to(torch.uint8)


FLOATS = Levels()


class PixelGraph(nn.Module):
    """uint8 (1, H, W, 3) -> the same, around a network of floats. Wraps it, never edits it."""

    def __init__(self, network: nn.Module, levels: Levels = FLOATS) -> None:
        super().__init__()
        self.network = network
        self.levels = levels

    def forward(self, image: Tensor) -> Tensor:
        content_image = self.levels.to_numbers(image.permute(0, 3, 1, 2))  # (1, 3, H, W)
        stylized_image = self.network(content_image).clamp(0, 1)
        return self.levels.to_levels(stylized_image).permute(0, 2, 3, 1)  # (1, H, W, 3)
