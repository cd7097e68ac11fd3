"""A recurrent network as a graph of bytes: a frame, its last painting and the trust in, a painting out.

Everything is laid out as in `export.cells`: row, column, colour of a cell. What is kept of the painting before
is mixed in whole levels, which 16 bits hold exactly.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.byte_graph import FLOATS, Levels
from export.cells import by_place, to_cells, to_image
from training.networks.recurrent_net import RecurrentNet

_COLOURS = 3
_MIDDLE = 127.5


class RecurrentGraph(nn.Module):
    """uint8 image and before, (1, H, W, 3) BGR, and trust, (1, H, W, 1) -> uint8 (1, H, W, 3) BGR.

    Args:
        network: a copy that is the graph's own, and takes and gives BGR where it meets the picture; see
            `export.colour_order.in_bgr`.
        levels: what the network takes for bytes.
    """

    def __init__(self, network: RecurrentNet, levels: Levels = FLOATS) -> None:
        super().__init__()
        self.network, self.levels = network, levels
        side = network.in_cell
        stem, writer, guide = network.stem[0], network.to_cells, network.guide
        stem.weight.data = by_place(stem.weight.data, side, dim=1)
        writer.weight.data = by_place(writer.weight.data, network.out_cell, dim=0)
        assert writer.bias is not None
        writer.bias.data = by_place(writer.bias.data, network.out_cell, dim=0)
        picture = guide.weight.data[:, : _COLOURS * side**2]
        swapped = torch.cat(picture.chunk(_COLOURS, dim=1)[::-1], dim=1)  # RGB -> BGR
        guide.weight.data[:, : _COLOURS * side**2] = by_place(swapped, side, dim=1)

    def forward(self, image: Tensor, before: Tensor, trust: Tensor) -> Tensor:
        paints = self.network
        height, width = image.shape[1:3]
        cells, last, trusted = (self._cells(picture) for picture in (image, before, trust))
        last, share = last.float(), trusted.float() / 255
        about_grey = (last / _MIDDLE - 1) * _of_each_colour(share)
        conv, norm, relu = paints.stem
        seen = conv(self.levels.to_numbers(cells)) + paints.guide(torch.cat([about_grey, share], dim=1))
        drawn = paints._draw(relu(norm(seen)))
        painted = paints.to_cells(drawn).sigmoid() * 255
        kept = _of_each_colour(paints.gate(drawn).sigmoid() * share)
        guided = (painted + kept * (last - painted)).round().to(torch.uint8)
        return to_image(guided, paints.out_cell)[:, :height, :width]

    def _cells(self, picture: Tensor) -> Tensor:
        """(1, H, W, C) -> (1, C * side^2, h, w), bytes, padded to whole cells."""
        height, width, multiple = *picture.shape[1:3], self.network.multiple
        bottom, right = -height % multiple, -width % multiple
        padded = functional.pad(picture[None], (0, 0, 0, right, 0, bottom), mode="reflect")[0]
        return to_cells(padded, self.network.in_cell)


def _of_each_colour(places: Tensor) -> Tensor:
    """(1, P, h, w) -> (1, P * colours, h, w), place by place."""
    return places.repeat_interleave(_COLOURS, dim=1)
