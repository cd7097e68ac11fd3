"""A network that paints as one module of torch, bytes to bytes, in the precision that it is compiled in."""

from typing import Literal, cast

import torch
from torch import Tensor, nn

from export.block_convs import use_block_convs
from export.byte_graph import Levels, PixelGraph
from export.cells import CellGraph
from export.colour_order import TellsImageConvs, in_bgr
from export.half import DTYPES, take_whole_levels, to_precision
from training.networks.turbo_net import CellNet

Device = Literal["cpu", "cuda"]
Precision = Literal["fp32", "fp16", "bf16"]


def compiled_graph(
    network: nn.Module,
    precision: Precision,
    *,
    blocks: bool = True,
    wide_start: bool = False,
    device: Device = "cpu",
) -> nn.Module:
    """Return uint8 (1, H, W, 3) BGR -> the same around a copy of the network.

    Args:
        network: RGB in [0, 1] -> the same, on the processor.
        precision: of weights and activations; statistics of norms are always fp32.
        blocks: let 9x9 convolutions work on blocks of pixels, see `export.block_convs`.
        wide_start: leave the first convolution in fp32, see `export.wide_start`.
        device: where to.
    """
    dtype = DTYPES[precision]
    levels = Levels(dtype)
    paints = in_bgr(network)  # a copy
    if levels.are_whole:
        take_whole_levels(cast(TellsImageConvs, paints).image_convs())
    graph = CellGraph(paints, levels) if isinstance(paints, CellNet) else PixelGraph(paints, levels)
    if blocks:
        use_block_convs(graph)
    to_precision(graph, dtype, wide_start=wide_start)
    if device == "cuda":
        graph.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return _Packed(graph).eval().requires_grad_(False)


class _Packed(nn.Module):
    """Gives the picture's bytes one after the other, so that it is copied out of the card in one go."""

    def __init__(self, graph: nn.Module) -> None:
        super().__init__()
        self.painter = graph

    def forward(self, image: Tensor) -> Tensor:
        painted: Tensor = self.painter(image)
        return painted.contiguous()
