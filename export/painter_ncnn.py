"""ncnn's files in its Python runtime, which has the library's own conversion of pixels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ncnn
import numpy as np
from numpy.typing import NDArray

from export.targets import ExportOptions
from realtime.engine import default_threads

INPUT, OUTPUT = "in0", "out0"


class NcnnPainter:
    """NAME.ncnn.param and NAME.ncnn.bin; see `export.painters.Painter`."""

    runtime = "ncnn"
    only_wh = None

    def __init__(self, file: Path, precision: str) -> None:
        self.precision = precision
        self._net: Any = ncnn.Net()
        self._net.opt.num_threads = default_threads()
        self._net.opt.use_vulkan_compute = False
        self._net.load_param(str(file))
        self._net.load_model(str(file.with_suffix(".bin")))

    def paint(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Paint one picture; see `Painter.paint`."""
        height, width = image.shape[:2]
        with self._net.create_extractor() as extractor:
            pixels = np.ascontiguousarray(image)
            extractor.input(
                INPUT, ncnn.Mat.from_pixels(pixels, ncnn.Mat.PixelType.PIXEL_BGR2RGB, width, height)
            )
            _, painted = extractor.extract(OUTPUT)
            planes: NDArray[np.float32] = np.array(painted, np.float32)  # (3, H, W), RGB
        return np.ascontiguousarray(planes.transpose(1, 2, 0)[..., ::-1])

    def close(self) -> None:
        """Free the network."""
        self._net.clear()


def open_painters(file: Path, options: ExportOptions) -> Iterator[NcnnPainter]:
    """Open the file."""
    yield NcnnPainter(file, options.precision)
