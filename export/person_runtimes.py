"""The person network's files in the runtimes that people run them in: a frame in, alpha out."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.contract import INPUT_NAME
from realtime.engine import ENGINES, is_installed
from realtime.small_graph import Graph

# (1, H, W, 3) uint8 BGR -> (1, 1, H, W) float, in [0, 1].
FindPeople = Callable[[NDArray[np.uint8]], NDArray[Any]]


def open_person(file: Path, target: str) -> Iterator[tuple[str, FindPeople]]:
    """Yield what runs a file, by its runtime's name; nothing where no runtime is installed."""
    if target == "onnx":
        yield from _engines(file)
    elif target == "ort" and is_installed("onnxruntime"):
        yield "onnxruntime", _ort(file)
    elif target == "openvino" and is_installed("openvino"):
        yield "openvino", _openvino(file)
    elif target == "ncnn" and is_installed("ncnn"):
        yield "ncnn", _ncnn(file)


def _engines(file: Path) -> Iterator[tuple[str, FindPeople]]:
    model = file.read_bytes()
    for name in ("onnxruntime", "openvino"):
        if is_installed(ENGINES[name].package):
            run = importlib.import_module(ENGINES[name].module).open_graph(model)
            yield name, partial(_first_output, run)


def _first_output(run: Graph, frame: NDArray[np.uint8]) -> NDArray[Any]:
    return run({INPUT_NAME: frame})[0]


def _ort(file: Path) -> FindPeople:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 4
    session: Any = ort.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return lambda frame: np.asarray(session.run(None, {INPUT_NAME: frame})[0])


def _openvino(file: Path) -> FindPeople:
    import openvino as ov

    core = ov.Core()

    def find(frame: NDArray[np.uint8]) -> NDArray[Any]:
        model = core.read_model(file)
        model.reshape(ov.PartialShape(list(frame.shape)))
        return np.asarray(core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(frame)[0])

    return find


def _ncnn(file: Path) -> FindPeople:
    import ncnn

    network: Any = ncnn.Net()
    network.opt.use_vulkan_compute = False
    network.load_param(str(file))
    network.load_model(str(file.with_suffix(".bin")))

    def find(frame: NDArray[np.uint8]) -> NDArray[Any]:
        _, height, width, _ = frame.shape
        pixels = ncnn.Mat.from_pixels(
            np.ascontiguousarray(frame[0]), ncnn.Mat.PixelType.PIXEL_BGR2RGB, width, height
        )
        with network.create_extractor() as extractor:
            extractor.input("in0", pixels)
            _, alpha = extractor.extract("out0")
            return np.array(alpha, np.float32).reshape(1, 1, height, width)

    return find
