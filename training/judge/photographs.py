"""Which photographs a network is judged on, and in which order."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from training.images import read_rgb, resize_short_side, to_tensor

_GOLDEN = (5**0.5 - 1) / 2


def spread(files: Sequence[Path], count: int) -> list[Path]:
    """Return `count` files from all over the row; the first ones stay the same when `count` grows.

    Steps of the golden ratio: a reference computed for three photographs serves for five too.
    """
    order: list[Path] = []
    position = 0.5
    while len(order) < min(count, len(files)):
        file = files[int(position * len(files))]
        if file not in order:
            order.append(file)
        position = (position + _GOLDEN) % 1
    return order


def load_photograph(file: Path, short_side: int) -> Tensor:
    """Read a photograph in the size to judge it at, (1, 3, H, W) in [0, 1].

    Raises:
        DataError: if it cannot be read.
    """
    return to_tensor(resize_short_side(read_rgb(file), short_side))[None]
