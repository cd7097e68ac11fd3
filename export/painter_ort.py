"""ONNX Runtime's own files in its Python runtime."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from export.targets import ExportOptions
from realtime.contract import INPUT_NAME


class OrtPainter:
    """NAME.ort; see `export.painters.Painter`."""

    runtime = "onnxruntime"
    only_wh = None

    def __init__(self, file: Path, precision: str) -> None:
        options = ort.SessionOptions()
        options.log_severity_level = 4
        self._session: Any = ort.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        self.precision = "int8" if precision == "int8" else "fp32"

    def paint(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Paint one picture; see `Painter.paint`."""
        painted: NDArray[np.uint8] = self._session.run(None, {INPUT_NAME: image[None]})[0][0]
        return painted

    def close(self) -> None:
        """Free the session."""
        self._session = None


def open_painters(file: Path, options: ExportOptions) -> Iterator[OrtPainter]:
    """Open the file."""
    yield OrtPainter(file, options.precision)
