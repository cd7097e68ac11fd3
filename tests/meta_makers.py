"""Write a tiny real meta network's file, without torch: a style is the mean colour of its picture.

    path = make_meta_file(tmp_path / "meta.npz")

A style vector is the picture's mean colour, BGR in [0, 1]; so are both groups of hidden numbers. What a style
paints is FRAME_SHARE of the frame and COLOUR_SHARE of that colour, both in [0, 255].
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx_makers import OPSET, make_contract

from realtime.contract import INPUT_NAME, OUTPUT_NAME
from realtime.meta_file import MetaFilePlan, Patch

FRAME_SHARE, COLOUR_SHARE = 0.25, 0.5
STYLE_SIZE, HIDDEN = 64, 3


def make_meta_file(path: Path) -> Path:
    """Write the file and return its path."""
    template, patches = _template()
    arrays: dict[str, NDArray[Any]] = {
        "encoder": np.frombuffer(_encoder(), np.uint8),
        "template": np.frombuffer(template, np.uint8),
        "to_hidden": np.tile(np.eye(3), (2, 1)).astype(np.float16),
        "to_hidden_bias": np.zeros(6, np.float32),
        "writer_0": np.zeros((9, 3), np.int8),  # the kernel is the same in all styles
        "scale_0": np.ones(9, np.float32),
        "writer_1": (np.eye(3) * 127).astype(np.int8),
        "scale_1": np.full(3, COLOUR_SHARE / 127, np.float32),
        "shared": np.append(np.eye(3).ravel() * FRAME_SHARE, np.zeros(3)).astype(np.float32),
        "places_0": np.arange(9, dtype=np.int32),
        "places_1": np.arange(9, 12, dtype=np.int32),
    }
    plan = MetaFilePlan(
        weights_sha256=hashlib.sha256(b"tiny").hexdigest(),
        content_sha256=hashlib.sha256(b"".join(array.tobytes() for array in arrays.values())).hexdigest(),
        style_size=STYLE_SIZE,
        style_numbers=3,
        hidden=HIDDEN,
        groups=(9, 3),
        patches=tuple(patches),
        contract=make_contract(name="any", title="", artist="", year="", colour="BGR"),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, plan=np.frombuffer(plan.to_json().encode(), np.uint8), **arrays)
    return path


def write_flat(path: Path, bgr: tuple[int, int, int], size_wh: tuple[int, int] = (80, 48)) -> Path:
    """Write a picture of one colour, in the format that the name says, and return its path."""
    flat = np.full((size_wh[1], size_wh[0], 3), bgr, np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, flat)[1].tobytes())
    return path


def _encoder() -> bytes:
    nodes = [
        helper.make_node("Cast", [INPUT_NAME], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["floats", "white"], ["unit"]),
        helper.make_node("ReduceMean", ["unit"], ["style_vector"], axes=[1, 2], keepdims=0),
    ]
    white = numpy_helper.from_array(np.float32(255), "white")
    return _model(nodes, [white], ("style_vector", TensorProto.FLOAT, [1, 3]))


def _template() -> tuple[bytes, list[Patch]]:
    nodes = [
        helper.make_node("Cast", ["kernel.fp16"], ["kernel"], to=TensorProto.FLOAT),
        helper.make_node("Cast", [INPUT_NAME], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Div", ["planes", "white"], ["unit"]),
        helper.make_node("Conv", ["unit", "kernel", "bias"], ["painted"]),
        helper.make_node("Clip", ["painted", "zero", "one"], ["clipped"]),
        helper.make_node("Mul", ["clipped", "white"], ["levels"]),
        helper.make_node("Round", ["levels"], ["whole"]),
        helper.make_node("Transpose", ["whole"], ["picture"], perm=[0, 2, 3, 1]),
        helper.make_node("Cast", ["picture"], [OUTPUT_NAME], to=TensorProto.UINT8),
    ]
    chance = np.random.default_rng(0)
    written = {
        "kernel.fp16": chance.random((3, 3, 1, 1)).astype(np.float16),
        "bias": chance.random(3).astype(np.float32),
    }
    fixed = {"white": np.float32(255), "zero": np.float32(0), "one": np.float32(1)}
    tensors = [
        numpy_helper.from_array(np.asarray(value), name) for name, value in {**written, **fixed}.items()
    ]
    data = _model(nodes, tensors, (OUTPUT_NAME, TensorProto.UINT8, [1, "height", "width", 3]))
    return data, [
        Patch(data.index(value.tobytes()), str(value.dtype), value.size) for value in written.values()
    ]


def _model(nodes: list[Any], tensors: list[Any], output: tuple[str, int, list[Any]]) -> bytes:
    image = helper.make_tensor_value_info(INPUT_NAME, TensorProto.UINT8, [1, "height", "width", 3])
    graph = helper.make_graph(nodes, "tiny", [image], [helper.make_tensor_value_info(*output)], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
