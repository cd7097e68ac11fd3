"""A style for TensorRT: NAME.trt.onnx, whose types are what TensorRT computes, in 10 as in 11.

It is a style file like others, and paints in every engine. What it is made into on a card, an engine of that
card, is built when it is first opened there, and kept: `run_camera.py --engine tensorrt`.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

import onnx
from onnx import helper

from export.source import Source
from export.targets import TARGETS, ExportOptions
from export.whole import write_whole
from realtime.contract import METADATA_KEY, read_contract
from realtime.engine_tensorrt import load_tensorrt
from realtime.errors import EngineError
from realtime.typed_graph import typed_graph


def why_not_here() -> str:
    """Return why no engine can be built here, in words; "" if one can."""
    try:
        load_tensorrt()
    except EngineError as error:
        return str(error)
    return ""


def write(source: Source, file: Path, options: ExportOptions) -> list[str]:
    """Write NAME.trt.onnx, whole or not at all.

    Raises:
        ExportError: if the network cannot be written, or the size is none of its own.
        ContractError: if the networks are not made for the size.
    """
    stored = "fp32" if options.precision == "fp32" else "fp16"
    with tempfile.TemporaryDirectory() as folder:
        style = Path(folder) / f"{source.name}.onnx"
        TARGETS["onnx"].write(source.alone(), style, ExportOptions(stored))
        contract = read_contract(style)
        if options.size_wh is not None:
            contract.check_size(options.size_wh)
        model = onnx.load_from_string(typed_graph(style.read_bytes(), options.precision))
    contract = replace(contract, weights_precision=options.precision, only_wh=options.size_wh)
    helper.set_model_props(model, {METADATA_KEY: contract.to_json()})
    write_whole(file, model.SerializeToString())
    return []
