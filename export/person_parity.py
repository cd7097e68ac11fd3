"""Does the file of a person network, in the engines that people run, find what torch finds?"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from export.errors import ParityError
from export.person_runtimes import open_person
from export.to_person import PersonGraph
from training.networks.person_net import PersonNet

# Grey levels of 255 that alpha may differ by anywhere.
_LIMIT = 2.0
# Wide, tall and small.
_SIZES_HW = ((112, 208), (208, 112), (64, 64))


def measure_person_parity(
    stored: PersonNet, file: Path, target: str = "onnx", only_wh: tuple[int, int] | None = None
) -> Iterator[tuple[str, float, float]]:
    """Yield an engine, and by how many grey levels its alpha differs at most, and in the mean.

    Args:
        stored: the network with the weights that the file holds.
        file: as exported.
        target: what it was exported to.
        only_wh: the one width and height that it takes; None for any.
    Raises:
        ParityError: if alpha differs by more than is allowed.
    """
    for name, find_people in open_person(file, target):
        levels = []
        for frame in _frames([only_wh[::-1]] if only_wh else _SIZES_HW):
            with torch.no_grad():
                expected = PersonGraph(stored)(torch.from_numpy(frame)).numpy()
            levels.append(255 * np.abs(find_people(frame) - expected).ravel())
        every = np.concatenate(levels)
        if not every.max() <= _LIMIT:
            raise ParityError(
                f"{file.name} in {name}: alpha differs by {every.max():.1f} grey levels, at most "
                f"{_LIMIT:g} are allowed"
            )
        yield name, float(every.max()), float(every.mean())


def _frames(sizes_hw: Iterable[tuple[int, int]]) -> Iterator[NDArray[np.uint8]]:
    """Yield frames of blotches, (1, H, W, 3), from nearly plain to busy."""
    rng = np.random.default_rng(0)
    for height, width in sizes_hw:
        blotches = rng.integers(0, 256, (height // 16, width // 16, 3), dtype=np.uint8)
        frame = blotches.repeat(16, axis=0).repeat(16, axis=1).astype(np.int16)
        frame += rng.integers(-20, 21, frame.shape, dtype=np.int16)
        yield np.clip(frame, 0, 255).astype(np.uint8)[None]
