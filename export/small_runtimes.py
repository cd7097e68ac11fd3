"""Files of graphs that paint nothing by themselves, in the runtimes that people run them in."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.engine import ENGINES, is_installed

# Arrays by the names of inputs in, every output out.
Run = Callable[[Mapping[str, NDArray[Any]]], list[NDArray[Any]]]


def open_file(file: Path, target: str) -> Iterator[tuple[str, Run]]:
    """Yield what runs a file of onnx, ort or openvino, by its runtime's name; nothing where none is here."""
    if target == "onnx":
        model = file.read_bytes()
        for name in ("onnxruntime", "openvino"):
            if is_installed(ENGINES[name].package):
                yield name, importlib.import_module(ENGINES[name].module).open_graph(model)
    elif target == "ort" and is_installed("onnxruntime"):
        yield "onnxruntime", _ort(file)
    elif target == "openvino" and is_installed("openvino"):
        yield "openvino", _openvino(file)


def _ort(file: Path) -> Run:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 4
    session: Any = ort.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return lambda inputs: [np.asarray(found) for found in session.run(None, dict(inputs))]


def _openvino(file: Path) -> Run:
    import openvino as ov

    core = ov.Core()

    def run(inputs: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        model = core.read_model(file)
        model.reshape({name: ov.PartialShape(list(array.shape)) for name, array in inputs.items()})
        compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        outputs = compiled(dict(inputs))
        return [np.array(outputs[output]) for output in compiled.outputs]

    return run
