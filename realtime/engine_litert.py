"""LiteRT with the kernels (XNNPACK) that an Android phone's processor runs: the only importer of its runtime.

A file is for one width and height. Weights that are halves are widened as it is loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.contract import StyleContract
from realtime.engine import EngineOptions
from realtime.engine_exported import Exported, ExportedEngine, Image, Paint
from realtime.errors import EngineError


def load(file: Path, threads: int) -> Paint:
    """Open NAME.tflite; see `realtime.engine_exported.Exported`.

    Raises:
        EngineError: if LiteRT cannot read it.
    """
    network = open_network(file, threads)
    (given,), (found,) = network.get_input_details(), network.get_output_details()

    def paint(image: Image) -> NDArray[np.float32]:
        try:
            network.set_tensor(given["index"], image[None, ..., ::-1].astype(np.float32))
            network.invoke()
            painted: NDArray[np.float32] = network.get_tensor(found["index"])[0]  # (H, W, 3), RGB
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"litert failed on {file}: {' '.join(str(error).split())[:200]}") from error
        return np.ascontiguousarray(painted[..., ::-1])

    return paint


def open_network(file: Path, threads: int) -> Any:
    """Return LiteRT's interpreter of a file, ready to be asked.

    Raises:
        EngineError: if LiteRT cannot read it.
    """
    from ai_edge_litert.interpreter import Interpreter  # not before it is wanted: few have it

    try:
        network = Interpreter(model_path=str(file), num_threads=threads)
        network.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise EngineError(f"litert cannot load {file}: {' '.join(str(error).split())[:200]}") from error
    return network


EXPORTED = Exported(
    name="litert",
    suffix=".tflite",
    makers=("torch", "onnx"),  # litert-torch has an environment of its own, which the command finds
    by_size=True,
    precisions={"fp32": "fp16"},
    provider="XNNPACK",
    load=load,
)


def open_style(path: Path, contract: StyleContract, options: EngineOptions) -> ExportedEngine:
    """Open a style; see `ExportedEngine`."""
    return ExportedEngine(EXPORTED, path, contract, options)
