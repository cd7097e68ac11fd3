"""Lets a network that works on cells of pixels take and give them as bytes, in the order of a picture.

A cell of s x s pixels is s runs of 3 * s bytes, one in each row of the picture. So a picture is, with no byte
moved, 3 * s channels at every run, and its first convolution may read runs, s times as many rows of them, in
the place of cells: the same weights in another order. Laying runs into cells cost OpenVINO as much as the
convolution itself. (torch's compiler, which makes code of every step for any size, is better at cells: see
`export.cells`.)
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from export.cells import CellGraph


class RunGraph(CellGraph):
    """uint8 (1, H, W, 3) -> the same, around a network that paints cells; rewrites its first convolution.

    Args:
        network: a copy that is the graph's own. One convolution reads its cells, with a mirrored border.
        levels: what the network takes for bytes.
    """

    def _order_readers(self, readers: Sequence[nn.Conv2d]) -> None:
        (reader,) = readers
        self.margin = int(reader.padding[0])
        _replace(self.network, reader, read_runs(reader, self.network.in_cell))

    def _laid_for_readers(self, image: Tensor) -> Tensor:
        return to_runs(image, self.network.in_cell, self.margin)

    def _laid_for_eyes(self, cells: Tensor) -> Tensor:
        return _to_image(cells, self.network.out_cell)


def read_runs(reader: nn.Conv2d, side: int) -> nn.Conv2d:
    """Return a convolution that reads runs and computes what another one computes of cells.

    Args:
        reader: of (N, 3 * side^2, h, w), channels in the order colour, row, column.
        side: of a cell, pixels.
    Returns:
        Of (N, 3 * side, side * h, w), channels in the order column, colour; without the padding.
    """
    weight = run_weights(reader.weight.data, side)
    outputs, inputs, rows, columns = weight.shape
    stride = (reader.stride[0] * side, reader.stride[1])
    runs = nn.Conv2d(inputs, outputs, (rows, columns), stride=stride, bias=reader.bias is not None)
    runs.weight, runs.bias = nn.Parameter(weight, requires_grad=reader.weight.requires_grad), reader.bias
    return runs


def run_weights(weight: Tensor, side: int) -> Tensor:
    """(O, 3 * side^2, k, k), colour, row, column -> (O, 3 * side, side * k, k), column, colour."""
    outputs, _, *size = weight.shape
    places = weight.reshape(outputs, 3, side, side, *size)  # (O, colour, row, column, ky, kx)
    return places.permute(0, 3, 1, 4, 2, 5).reshape(outputs, 3 * side, side * size[0], size[1])


def to_runs(image: Tensor, side: int, margin: int) -> Tensor:
    """(1, H, W, 3) -> (1, 3 * side, H + 2 * side * margin, W / side + 2 * margin), mirrored by cells."""
    _, height, width, _ = image.shape
    columns = width // side
    runs = image.reshape(1, height, columns, side * 3)
    if margin:
        runs = functional.pad(runs, (0, 0, margin, margin), mode="reflect")
        columns += 2 * margin
        # Rows of cells, as one row of bytes each.
        cells = runs.reshape(1, 1, height // side, side * columns * side * 3)
        runs = functional.pad(cells, (0, 0, margin, margin), mode="reflect")
    # As engines hold what convolutions read: turning it costs them nothing.
    return runs.reshape(1, height + 2 * margin * side, columns, side * 3).permute(0, 3, 1, 2)


def _to_image(cells: Tensor, side: int) -> Tensor:
    """(1, side * side * 3, h, w), channels in the order row, column, colour -> (1, side * h, side * w, 3)."""
    _, _, rows, columns = cells.shape
    runs = cells.permute(0, 2, 3, 1).reshape(rows, columns, side, side * 3)
    return runs.permute(0, 2, 1, 3).reshape(1, rows * side, columns * side, 3)


def _replace(network: nn.Module, old: nn.Module, new: nn.Module) -> None:
    for parent in network.modules():
        for name, child in parent.named_children():
            if child is old:
                setattr(parent, name, new)
                return
    raise ValueError("the network does not hold the convolution")
