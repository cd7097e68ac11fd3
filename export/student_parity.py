"""Does the file of a student, in the engines that people run, paint what torch paints?"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from export.errors import ParityError
from export.frames import checked_frames
from export.small_runtimes import open_file
from export.to_student import StudentGraph
from realtime.contract import INPUT_NAME
from realtime.student import MASKS_NAME, PICTURE_MASKS_NAME, PICTURE_NAME, STYLE_NAME
from training.networks.student_net import MULTIPLE, StudentNet
from training.networks.style_encoder import STYLE_MULTIPLE

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
        for inputs in _inputs(stored.numbers):
            with torch.no_grad():
                # What the file says of the style picture is what it has to paint in: both count.
                _, vectors = graph(*(torch.from_numpy(one) for one in inputs.values()))
                inputs[STYLE_NAME] = vectors.numpy()
                expected = graph(*(torch.from_numpy(one) for one in inputs.values()))[0].numpy()
            inputs[STYLE_NAME] = run(inputs)[1]
            painted = run(inputs)[0]
            apart.append(np.abs(painted.astype(np.int16) - expected).ravel())
        every = np.concatenate(apart)
        if every.max() > _LIMIT:
            raise ParityError(
                f"{file.name} in {name}: paintings differ by {every.max()} levels, at most {_LIMIT} "
                "are allowed"
            )
        yield name, int(every.max()), float(every.mean())


def _inputs(numbers: int) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield frames, and the frame before as a style picture, in the graph's order; two regions in both."""
    before: NDArray[np.uint8] | None = None
    for _, picture in checked_frames():
        if before is not None:
            frame, masks = _halves(picture, MULTIPLE)
            style, style_masks = _halves(before, STYLE_MULTIPLE)
            yield {
                INPUT_NAME: frame,
                MASKS_NAME: masks,
                STYLE_NAME: np.zeros((1, 2, numbers), np.float32),
                PICTURE_NAME: style,
                PICTURE_MASKS_NAME: style_masks,
            }
        before = picture


def _halves(picture: NDArray[np.uint8], multiple: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a picture cut to such sides, (1, H, W, 3), and a left and a right region, (1, 2, H, W)."""
    height, width = (side // multiple * multiple for side in picture.shape[:2])
    left = np.linspace(-1, 2, width).clip(0, 1)[None].repeat(height, axis=0)
    first = np.round(255 * left).astype(np.uint8)
    return np.ascontiguousarray(picture[None, :height, :width]), np.stack([first, 255 - first])[None]
