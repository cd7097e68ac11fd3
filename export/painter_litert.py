"""LiteRT's files in its Python runtime, with the kernels (XNNPACK) that a phone's processor runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from export.targets import ExportOptions
from realtime.engine import default_threads


class LitertPainter:
    """NAME.tflite; see `export.painters.Painter`."""

    runtime = "litert"

    def __init__(self, file: Path, precision: str) -> None:
        # Weights that are halves are widened as the file is loaded.
        self.precision = "int8" if precision == "int8" else "fp32"
        self._network: Any = Interpreter(model_path=str(file), num_threads=default_threads())
        self._network.allocate_tensors()
        (given,), (found,) = self._network.get_input_details(), self._network.get_output_details()
        self._given, self._found = given["index"], found["index"]
        _, height, width, _ = (int(side) for side in given["shape"])
        self.only_wh: tuple[int, int] | None = (width, height)

    def paint(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Paint one picture; see `Painter.paint`."""
        self._network.set_tensor(self._given, image[None, ..., ::-1].astype(np.float32))
        self._network.invoke()
        painted: NDArray[np.float32] = self._network.get_tensor(self._found)[0]  # (H, W, 3), RGB
        return np.ascontiguousarray(painted[..., ::-1])

    def close(self) -> None:
        """Free the network."""
        self._network = None


def open_painters(file: Path, options: ExportOptions) -> Iterator[LitertPainter]:
    """Open the file."""
    yield LitertPainter(file, options.precision)
