"""Graphs for TensorRT: on a card, where there is one; and in onnxruntime, which keeps to their types too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from export.painter_engine import EnginePainter
from export.painter_ort import OrtPainter
from export.targets import ExportOptions
from realtime.engine import EngineOptions, is_installed
from realtime.engine_tensorrt import load_tensorrt
from realtime.errors import EngineError


def open_painters(file: Path, options: ExportOptions) -> Iterator[EnginePainter | OrtPainter]:
    """Open the file in TensorRT if it is here, which builds an engine, and in onnxruntime for comparison."""
    if _is_here():
        yield EnginePainter(file, EngineOptions("tensorrt", options.precision, "cuda"))
    if options.precision != "bf16" and is_installed("onnxruntime"):  # it has no convolution in bf16
        yield OrtPainter(file, options.precision, of_file=True)


def _is_here() -> bool:
    try:
        load_tensorrt()
    except EngineError:
        return False
    return True
