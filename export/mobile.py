"""What the targets for phones have in common: one graph of floats, which their converters know all of.

A phone's runtime wants numbers that it can lay out itself, in planes or in groups of channels, and brings
its own conversion of a camera's picture. So here no bytes go in, as they do in style files, and no pixels are
laid into blocks: levels of 0 to 255 as floats, RGB, on both ends. A network in half precision holds each of
them. Sides are multiples of 4, so that nothing is padded and cut.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from export.errors import ExportError
from export.style_contract import MAX_SIZE, MIN_SIZE

MULTIPLE = 4


@runtime_checkable
class PaintsWhole(Protocol):
    """A network that can leave padding out."""

    def paint_whole(self, content_image: Tensor) -> Tensor:
        """Paint a picture whose sides are multiples of 4."""


@runtime_checkable
class FixesSize(Protocol):
    """A network that can leave out what depends on the picture's size."""

    def for_size(self, height: int, width: int) -> nn.Module:
        """Return what paints the same at this size alone."""


def of_size(network: nn.Module, size_wh: tuple[int, int] | None) -> nn.Module:
    """Return a network as converters can take it that is to paint one width and height; None for any."""
    if size_wh is None or not isinstance(network, FixesSize):
        return network
    return network.for_size(size_wh[1], size_wh[0])


class MobileGraph(nn.Module):
    """RGB levels, float (1, 3, H, W) from 0 to 255 -> the same; H and W are multiples of 4."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        # A method each time: a module would be kept as a second child.
        whole = network.paint_whole if isinstance(network, PaintsWhole) else network.forward
        self._paint: Callable[[Tensor], Tensor] = whole

    def forward(self, image: Tensor) -> Tensor:
        painted: Tensor = self._paint(image / 255)
        return painted.clamp(0, 1) * 255


def example(size_wh: tuple[int, int]) -> Tensor:
    """Return a picture of this width and height to trace with, (1, 3, H, W).

    Raises:
        ExportError: if the networks are not made for the size.
    """
    for side in size_wh:
        if not MIN_SIZE <= side <= MAX_SIZE:
            raise ExportError(
                f"--size: the networks take sides from {MIN_SIZE} to {MAX_SIZE}, instead got {side}"
            )
    width, height = size_wh
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0)) * 255
