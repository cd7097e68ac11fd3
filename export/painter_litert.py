"""LiteRT's files in its Python runtime, as `run_camera.py --engine litert` paints with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.targets import ExportOptions
from realtime.engine import default_threads
from realtime.engine_litert import load


class LitertPainter:
    """NAME.tflite; see `export.painters.Painter`."""

    runtime = "litert"

    def __init__(self, file: Path, options: ExportOptions) -> None:
        # Weights that are halves are widened as the file is loaded.
        self.precision = "int8" if options.precision == "int8" else "fp32"
        self.only_wh = options.size_wh
        self._paint = load(file, default_threads())

    def paint(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Paint one picture; see `Painter.paint`."""
        return self._paint(image)

    def close(self) -> None:
        """Free the network."""
        del self._paint


def open_painters(file: Path, options: ExportOptions) -> Iterator[LitertPainter]:
    """Open the file."""
    yield LitertPainter(file, options)
