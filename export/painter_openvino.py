"""OpenVINO's own files in its Python runtime."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from export.targets import ExportOptions

_HINTS = {"fp32": "f32", "fp16": "f32", "bf16": "bf16", "int8": ""}
_NAMES = {"f32": "fp32", "bf16": "bf16"}


class OpenVinoPainter:
    """NAME.xml, compiled for each size; see `export.painters.Painter`."""

    runtime = "openvino"
    only_wh = None

    def __init__(self, file: Path, precision: str) -> None:
        self._file = file
        hint = _HINTS[precision]
        # What is not in 8 bits is computed as the processor likes best.
        self._config = {"PERFORMANCE_HINT": "LATENCY", **({"INFERENCE_PRECISION_HINT": hint} if hint else {})}
        self.precision = _NAMES.get(hint, precision)
        self._compiled: dict[tuple[int, ...], Any] = {}

    def paint(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Paint one picture; see `Painter.paint`."""
        if image.shape not in self._compiled:
            model = _core().read_model(self._file)
            model.reshape(ov.PartialShape([1, *image.shape]))
            self._compiled[image.shape] = _core().compile_model(model, "CPU", self._config)
        painted: NDArray[np.uint8] = self._compiled[image.shape](image[None])[0][0]
        return painted

    def close(self) -> None:
        """Free the compiled networks."""
        self._compiled.clear()


def open_painters(file: Path, options: ExportOptions) -> Iterator[OpenVinoPainter]:
    """Open the file as it will be run."""
    yield OpenVinoPainter(file, options.precision)


@lru_cache(maxsize=1)
def _core() -> ov.Core:
    return ov.Core()
