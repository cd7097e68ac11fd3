"""Write a tiny real student: a region's vector is its mean colour, its painting is that of the style."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx_makers import make_contract

from realtime.contract import INPUT_NAME, OUTPUT_NAME
from realtime.mask_network import METADATA_KEY
from realtime.student import (
    MASKS_NAME,
    PICTURE_MASKS_NAME,
    PICTURE_NAME,
    STUDENT_KEY,
    STYLE_NAME,
    VECTORS_NAME,
)

NUMBERS = 3


def make_student(file: Path) -> Path:
    """Write the file and return its path."""
    constants = {
        "scale": np.float32(1 / 255),
        "flat": np.array([1, -1, 3], np.int64),
        "planes": np.array([0, 0, -1], np.int64),
        "last": np.array([2], np.int64),
        "little": np.float32(1e-6),
    }
    nodes = [
        helper.make_node("Cast", [PICTURE_NAME], ["colours"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["colours", "flat"], ["pixels"]),  # (1, P, 3)
        *_shares(PICTURE_MASKS_NAME, "parts"),
        helper.make_node("ReduceSum", ["parts", "last"], ["areas"], keepdims=1),
        helper.make_node("Add", ["areas", "little"], ["some"]),
        helper.make_node("MatMul", ["parts", "pixels"], ["sums"]),
        helper.make_node("Div", ["sums", "some"], [VECTORS_NAME]),  # (1, K, 3)
        *_shares(MASKS_NAME, "shares"),
        helper.make_node("Transpose", ["shares"], ["turned"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["turned", STYLE_NAME], ["painted"]),  # (1, P, 3)
        helper.make_node("Round", ["painted"], ["rounded"]),
        helper.make_node("Shape", [INPUT_NAME], ["shape"]),
        helper.make_node("Reshape", ["rounded", "shape"], ["picture"]),
        helper.make_node("Cast", ["picture"], [OUTPUT_NAME], to=TensorProto.UINT8),
    ]
    inputs = [
        helper.make_tensor_value_info(INPUT_NAME, TensorProto.UINT8, [1, "h", "w", 3]),
        helper.make_tensor_value_info(MASKS_NAME, TensorProto.UINT8, [1, "k", "h", "w"]),
        helper.make_tensor_value_info(STYLE_NAME, TensorProto.FLOAT, [1, "k", NUMBERS]),
        helper.make_tensor_value_info(PICTURE_NAME, TensorProto.UINT8, [1, "y", "x", 3]),
        helper.make_tensor_value_info(PICTURE_MASKS_NAME, TensorProto.UINT8, [1, "p", "y", "x"]),
    ]
    outputs = [
        helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.UINT8, [1, "h", "w", 3]),
        helper.make_tensor_value_info(VECTORS_NAME, TensorProto.FLOAT, [1, "p", NUMBERS]),
    ]
    initial = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "student", inputs, outputs, initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    contract = make_contract(name="semantic", colour="BGR", size_multiple=4)
    plan = {"version": 1, "numbers": NUMBERS, "contract": contract.to_json()}
    helper.set_model_props(model, {STUDENT_KEY: json.dumps(plan)})
    onnx.checker.check_model(model, full_check=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(file))
    return file


def _shares(masks: str, name: str) -> list[onnx.NodeProto]:
    """(1, K, H, W) uint8 -> (1, K, P) in [0, 1]."""
    return [
        helper.make_node("Cast", [masks], [f"{name} levels"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name} levels", "scale"], [f"{name} alphas"]),
        helper.make_node("Reshape", [f"{name} alphas", "planes"], [name]),
    ]


def make_blue_mask(file: Path, multiple: int = 16) -> Path:
    """Write a mask network whose one label, blue, is the blue of a frame; return its path."""
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Slice", ["planes", "first", "last", "axis"], ["blue"]),
        helper.make_node("Mul", ["blue", "scale"], ["alpha"]),
    ]
    numbers = [("first", [0]), ("last", [1]), ("axis", [1])]
    constants = [helper.make_tensor(name, TensorProto.INT64, [1], value) for name, value in numbers]
    constants.append(helper.make_tensor("scale", TensorProto.FLOAT, [], [1 / 200]))
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [1, "h", "w", 3])
    alpha = helper.make_tensor_value_info("alpha", TensorProto.FLOAT, [1, 1, "h", "w"])
    graph = helper.make_graph(nodes, "mask", [image], [alpha], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    contract = {"version": 1, "labels": ["blue"], "area": 4096, "multiple": multiple}
    helper.set_model_props(model, {METADATA_KEY: json.dumps(contract)})
    file.write_bytes(model.SerializeToString())
    return file
