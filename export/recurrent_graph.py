"""A recurrent network as a graph of bytes: a frame, its last painting and the trust in, a painting out.

Both pictures are read in runs; see `export.runs`. What is kept of the last painting is mixed into the new one
row by row, where neither has to be laid out anew, and in whole levels, which 16 bits hold exactly.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.byte_graph import FLOATS, Levels
from export.cells import by_place, padded
from export.runs import read_runs, to_runs
from training.networks.layers import ReflectConv
from training.networks.recurrent_net import RecurrentNet

_COLOURS = 3


class RecurrentGraph(nn.Module):
    """uint8 image and before, (1, H, W, 3) BGR, and trust, (1, H, W, 1) -> uint8 (1, H, W, 3) BGR.

    Args:
        network: a copy that is the graph's own, and takes and gives BGR; see `export.colour_order.in_bgr`.
        levels: what the network takes for bytes.
    """

    def __init__(self, network: RecurrentNet, levels: Levels = FLOATS) -> None:
        super().__init__()
        self.network, self.levels = network, levels
        self.margin = network.guide.kernel_size[0] // 2
        self.gate = _by_channels(network.gate)
        stem, writer = network.stem_conv(), network.to_cells
        self.stem, self.guide = (read_runs(conv, network.in_cell) for conv in (stem, network.guide))
        writer.weight.data = by_place(writer.weight.data, network.out_cell, dim=0)
        assert writer.bias is not None
        writer.bias.data = by_place(writer.bias.data, network.out_cell, dim=0)

    def forward(self, image: Tensor, before: Tensor, trust: Tensor) -> Tensor:
        paints, side = self.network, self.network.out_cell
        height, width = image.shape[1:3]
        image, before, trust = (padded(picture, paints.multiple) for picture in (image, before, trust))
        share = functional.avg_pool2d(trust.permute(0, 3, 1, 2).float() / 255, paints.in_cell)  # (1, 1, h, w)
        runs, last = (
            self.levels.to_numbers(to_runs(picture, paints.in_cell, self.margin))
            for picture in (image, before)
        )
        _, norm, relu = paints.stem
        drawn = paints.draw(relu(norm(self.stem(runs) + share * self.guide(last))))
        painted = paints.to_cells(drawn).sigmoid() * 255
        kept = paints.kept(share, self.gate(drawn).sigmoid())
        rows, columns = kept.shape[2:]
        # In the order of the picture: (row of cells, row of a cell, cell, column of a cell and colour).
        painted = (
            painted.permute(0, 2, 3, 1).reshape(rows, columns, side, side * _COLOURS).permute(0, 2, 1, 3)
        )
        was = before.reshape(rows, side, columns, side * _COLOURS).float()
        mixed = painted + kept.reshape(rows, 1, columns, 1) * (was - painted)
        picture: Tensor = mixed.round().to(torch.uint8).reshape(1, rows * side, columns * side, _COLOURS)
        return picture[:, :height, :width]


def _by_channels(gate: ReflectConv) -> nn.Sequential:
    """Return the same in two steps, each channel by itself and their sum: engines pad one output to 16."""
    channels = gate.in_channels
    each = ReflectConv(channels, channels, gate.kernel_size[0], groups=channels)
    total = nn.Conv2d(channels, 1, 1)
    assert each.bias is not None and total.bias is not None and gate.bias is not None
    each.weight.data = gate.weight.data.transpose(0, 1).contiguous()
    each.bias.data.zero_()
    total.weight.data.fill_(1)
    total.bias.data = gate.bias.data.clone()
    return nn.Sequential(each, total)
