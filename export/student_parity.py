"""Does the file of a student, in the engines that people run, paint what torch paints?"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from export.errors import ParityError
from export.frames import checked_frames
from export.small_runtimes import open_file
from export.to_student import StudentGraph
from realtime.contract import INPUT_NAME
from realtime.student import MASKS_NAME, STYLE_NAME
from training.networks.student_net import MULTIPLE, StudentNet

# Levels of 255 that a painting may differ by anywhere.
_LIMIT = 2


def measure_student_parity(
    stored: StudentNet, file: Path, target: str = "onnx"
) -> Iterator[tuple[str, int, float]]:
    """Yield an engine, and by how many levels its paintings differ at most, and in the mean.

    Args:
        stored: the network with the weights that the file holds.
        file: as exported.
        target: what it was exported to.
    Raises:
        ParityError: if a painting differs by more than is allowed.
    """
    graph = StudentGraph(stored).eval()
    for name, run in open_file(file, target):
        apart = []
        for frame, masks, style in _inputs(graph):
            with torch.no_grad():
                expected = graph(*(torch.from_numpy(one) for one in (frame, masks, style)))[0].numpy()
            painted = run({INPUT_NAME: frame, MASKS_NAME: masks, STYLE_NAME: style})[0]
            apart.append(np.abs(painted.astype(np.int16) - expected).ravel())
        every = np.concatenate(apart)
        if every.max() > _LIMIT:
            raise ParityError(
                f"{file.name} in {name}: paintings differ by {every.max()} levels, at most {_LIMIT} "
                "are allowed"
            )
        yield name, int(every.max()), float(every.mean())


def _inputs(
    graph: StudentGraph,
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]]:
    """Yield frames, two regions with a soft border each, and the styles of the frame before in both."""
    style: NDArray[np.float32] | None = None
    for _, picture in checked_frames():
        height, width = (side // MULTIPLE * MULTIPLE for side in picture.shape[:2])
        frame = np.ascontiguousarray(picture[None, :height, :width])
        left = np.linspace(-1, 2, width).clip(0, 1)[None].repeat(height, axis=0)
        masks = (255 * np.stack([left, 1 - left])[None]).astype(np.uint8)
        nothing = np.ones((1, 2, graph.network.numbers), np.float32)
        with torch.no_grad():
            own = graph(*(torch.from_numpy(one) for one in (frame, masks, nothing)))[1].numpy()
        if style is not None:
            yield frame, masks, style
        style = own[:, ::-1].copy()
