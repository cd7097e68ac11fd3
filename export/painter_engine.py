"""Style files and packages in the engines of `realtime`: what `run_camera.py` runs is what is checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.targets import ExportOptions
from realtime.engine import ENGINES, EngineOptions, engines_for, is_installed, open_engine
from realtime.onnx_metadata import ONNX_SUFFIX


class EnginePainter:
    """One file in one engine; see `export.painters.Painter`."""

    def __init__(self, file: Path, options: EngineOptions) -> None:
        self._engine = open_engine(file, options)
        self.runtime = self._engine.info.name
        self.precision = self._engine.info.precision
        self.only_wh = self._engine.contract.only_wh

    def paint(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Paint one picture; see `Painter.paint`."""
        return self._engine.infer(image)

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()


def open_painters(file: Path, options: ExportOptions) -> Iterator[EnginePainter]:
    """Open the file in every engine of the processor that opens such files and is installed."""
    for name in engines_for(file, at_once=True):
        if is_installed(ENGINES[name].package):
            if ENGINES[name].reads != ONNX_SUFFIX:
                yield EnginePainter(file, EngineOptions(engine=name))  # as it was compiled
                continue
            # An ONNX file's halves are its weights as stored; what is between layers is the engine's choice.
            precision = "int8" if options.precision == "int8" else "fp32"
            yield EnginePainter(file, EngineOptions(engine=name, precision=precision, device="cpu"))
