"""ncnn, which phones and small computers run: the only importer of `ncnn`. Its files have no fixed size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.contract import StyleContract
from realtime.engine import EngineOptions
from realtime.engine_exported import Exported, ExportedEngine, Image, Paint
from realtime.errors import EngineError

INPUT, OUTPUT = "in0", "out0"


def load(file: Path, threads: int) -> Paint:
    """Open NAME.ncnn.param and NAME.ncnn.bin; see `realtime.engine_exported.Exported`.

    Raises:
        EngineError: if ncnn cannot read them.
    """
    import ncnn  # not before it is wanted: few have it

    network: Any = ncnn.Net()
    network.opt.num_threads = threads
    network.opt.use_vulkan_compute = False
    weights = file.with_suffix(".bin")
    if not weights.is_file() or network.load_param(str(file)) or network.load_model(str(weights)):
        raise EngineError(f"ncnn cannot load {file}")

    def paint(image: Image) -> NDArray[np.float32]:
        height, width = image.shape[:2]
        pixels = ncnn.Mat.from_pixels(
            np.ascontiguousarray(image), ncnn.Mat.PixelType.PIXEL_BGR2RGB, width, height
        )
        with network.create_extractor() as extractor:
            extractor.input(INPUT, pixels)
            failure, painted = extractor.extract(OUTPUT)
            if failure:
                raise EngineError(f"ncnn failed on {file}: {failure}")
            planes: NDArray[np.float32] = np.array(painted, np.float32)  # (3, H, W), RGB
        return np.ascontiguousarray(planes.transpose(1, 2, 0)[..., ::-1])

    return paint


EXPORTED = Exported(
    name="ncnn",
    suffix=".ncnn.param",
    makers=("torch", "onnx", "pnnx"),
    by_size=False,
    precisions={"fp16": "fp16", "fp32": "fp32"},
    provider="CPU",
    load=load,
)


def open_style(path: Path, contract: StyleContract, options: EngineOptions) -> ExportedEngine:
    """Open a style; see `ExportedEngine`."""
    return ExportedEngine(EXPORTED, path, contract, options)
