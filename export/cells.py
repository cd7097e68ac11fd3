"""Lets a network that works on cells of pixels take and give them as bytes, in the order of a picture.

Laying pixels into channels moves every number of the picture, twice. As bytes, in runs of one cell's row,
that costs a tenth of what it costs as floats, one by one: the order of the weights is changed instead. What
style files hold moves still less, see `export.runs`; torch's compiler, which this is for, would take minutes
to work out where that lies in a picture of any size.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.byte_graph import FLOATS, Levels
from training.networks.layers import lacking
from training.networks.turbo_net import CellNet


class CellGraph(nn.Module):
    """uint8 (1, H, W, 3) -> the same, around a network that paints cells; reorders its weights.

    Args:
        network: a copy that is the graph's own.
        levels: what the network takes for bytes.
    """

    def __init__(self, network: CellNet, levels: Levels = FLOATS) -> None:
        super().__init__()
        self.network = network
        self.levels = levels
        meets = network.image_convs()
        self._order_readers(meets.readers)
        for conv in meets.writers:
            conv.weight.data = by_place(conv.weight.data, network.out_cell, dim=0)
            if conv.bias is not None:
                conv.bias.data = by_place(conv.bias.data, network.out_cell, dim=0)

    def forward(self, image: Tensor) -> Tensor:
        paints = self.network
        height, width = image.shape[1:3]
        cells = self.levels.to_numbers(self._laid_for_readers(padded(image, paints.multiple)))
        painted = self.levels.to_levels(paints.paint_cells(cells))
        return self._laid_for_eyes(painted)[:, :height, :width]

    def _order_readers(self, readers: Sequence[nn.Conv2d]) -> None:
        for conv in readers:
            conv.weight.data = by_place(conv.weight.data, self.network.in_cell, dim=1)

    def _laid_for_readers(self, image: Tensor) -> Tensor:
        return _to_cells(image, self.network.in_cell)

    def _laid_for_eyes(self, cells: Tensor) -> Tensor:
        return _to_image(cells, self.network.out_cell)


def padded(image: Tensor, multiple: int) -> Tensor:
    """(1, H, W, C), bytes -> the same, mirrored at the right and the bottom to sides of a multiple."""
    height, width = image.shape[1:3]
    bottom, right = lacking(height, multiple), lacking(width, multiple)
    return functional.pad(image[None], (0, 0, 0, right, 0, bottom), mode="reflect")[0]


def _to_cells(image: Tensor, side: int) -> Tensor:
    """(1, H, W, 3) -> (1, side * side * 3, H / side, W / side); channels are row, column, colour.

    Row by row of a cell: cutting out every second row and turning pixels into planes are what runtimes do
    fast, a transposition of more axes is not.
    """
    _, height, width, _ = image.shape
    rows, columns = height // side, width // side
    lines = image.reshape(rows, side, columns, side * 3)
    planes = [lines[:, row].permute(2, 0, 1)[None] for row in range(side)]  # (1, side * 3, h, w) each
    return torch.cat(planes, dim=1)


def _to_image(cells: Tensor, side: int) -> Tensor:
    """(1, side * side * 3, h, w) -> (1, side * h, side * w, 3): the way back."""
    _, _, rows, columns = cells.shape
    run = side * 3
    planes = [cells[0, row * run : (row + 1) * run] for row in range(side)]  # (side * 3, h, w) each
    lines = [plane.permute(1, 2, 0).reshape(rows, 1, -1) for plane in planes]
    return torch.cat(lines, dim=1).reshape(1, rows * side, columns * side, 3)


def by_place(values: Tensor, side: int, dim: int) -> Tensor:
    """Bring channels of colour, row, column into the order row, column, colour."""
    places = torch.arange(3 * side * side).reshape(3, side, side).permute(1, 2, 0).flatten()
    return values.index_select(dim, places)
