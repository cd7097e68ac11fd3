"""ncnn's files in its Python runtime, as `run_camera.py --engine ncnn` paints with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.targets import ExportOptions
from realtime.engine import default_threads
from realtime.engine_ncnn import load


class NcnnPainter:
    """NAME.ncnn.param and NAME.ncnn.bin; see `export.painters.Painter`."""

    runtime = "ncnn"

    def __init__(self, file: Path, options: ExportOptions) -> None:
        self.precision, self.only_wh = options.precision, options.size_wh
        self._paint = load(file, default_threads())

    def paint(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Paint one picture; see `Painter.paint`."""
        return self._paint(image)

    def close(self) -> None:
        """Free the network."""
        del self._paint


def open_painters(file: Path, options: ExportOptions) -> Iterator[NcnnPainter]:
    """Open the file."""
    yield NcnnPainter(file, options)
