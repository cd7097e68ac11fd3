"""The person network's files in the runtimes that people run them in: a frame in, alpha out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.small_runtimes import Run, open_file
from realtime.contract import INPUT_NAME
from realtime.engine import default_threads, is_installed

# (1, H, W, 3) uint8 BGR -> (1, 1, H, W) float, in [0, 1].
FindPeople = Callable[[NDArray[np.uint8]], NDArray[Any]]


def open_person(file: Path, target: str) -> Iterator[tuple[str, FindPeople]]:
    """Yield what runs a file, by its runtime's name; nothing where no runtime is installed."""
    for name, run in open_file(file, target):
        yield name, partial(_first_output, run)
    if target == "ncnn" and is_installed("ncnn"):
        yield "ncnn", _ncnn(file)
    elif target == "litert":
        yield "litert", _litert(file)


def _first_output(run: Run, frame: NDArray[np.uint8]) -> NDArray[Any]:
    return run({INPUT_NAME: frame})[0]


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


def _litert(file: Path) -> FindPeople:
    from realtime.engine_litert import open_network

    network = open_network(file, default_threads())
    (given,), (found,) = network.get_input_details(), network.get_output_details()

    def find(frame: NDArray[np.uint8]) -> NDArray[Any]:
        network.set_tensor(given["index"], frame[..., ::-1].astype(np.float32))
        network.invoke()
        alpha: NDArray[np.float32] = network.get_tensor(found["index"])  # (1, H, W, 1)
        return np.ascontiguousarray(alpha.transpose(0, 3, 1, 2))

    return find
