"""ONNX Runtime's own files in its Python runtime."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from export.targets import ExportOptions
from realtime.contract import INPUT_NAME, read_contract


class OrtPainter:
    """NAME.ort, or a graph that is computed in its own types; see `export.painters.Painter`.

    Args:
        file: of ONNX Runtime's own format, or ONNX.
        precision: of the weights.
        of_file: everything is computed in it.
    """

    runtime = "onnxruntime"

    def __init__(self, file: Path, precision: str, *, of_file: bool = False) -> None:
        options = ort.SessionOptions()
        options.log_severity_level = 4
        self._session: Any = ort.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        self.only_wh = read_contract(file).only_wh if of_file else None
        # A style file's halves are widened when they are loaded; a typed graph says what is computed.
        self.precision = precision if of_file or precision == "int8" else "fp32"

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
