"""Write tiny real style files: ONNX graphs with a contract that every engine runs.

    path = make_style_onnx(tmp_path / "invert.onnx", kind="invert")

The file's stem becomes the style's name. Kinds, on pictures in [0, 255]:
    identity  out = in
    invert    out = 255 - in
    shift     the picture moves SHIFT_PX pixels to the right, its left edge repeated
    network   a small random network as the shipped ones are built: 9x9 convolution, instance norm,
              ReLU, nearest upsampling, clamp; 64x64 and up
    failing   opens, and fails when it is prepared or run
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from realtime.contract import (
    BEFORE_NAME,
    INPUT_NAME,
    METADATA_KEY,
    OUTPUT_NAME,
    RECURRENT,
    TRUST_NAME,
    StyleContract,
)
from realtime.mask_network import METADATA_KEY as MASK_KEY
from realtime.recurrent import PLAIN_KEY

SHIFT_PX = 5
OPSET = 17


def make_contract(**overrides: Any) -> StyleContract:
    """Return a valid contract of a style called "tiny", with these fields replaced."""
    values: dict[str, Any] = {
        "name": "tiny",
        "title": "Tiny Test Picture",
        "artist": "Nobody",
        "year": "2001",
        "preset": "test",
        "flop_per_pixel": 2.0,
        "weights_precision": "fp32",
        "weights_sha256": hashlib.sha256(b"").hexdigest(),
        "livebrush_version": "0.1.0",
    }
    return StyleContract(**(values | overrides))


def make_style_onnx(
    path: Path,
    kind: str = "invert",
    *,
    layout: str = "NHWC",
    contract_json: str | None = None,
    with_contract: bool = True,
    **contract_fields: Any,
) -> Path:
    """Write a style file and return its path.

    Args:
        path: where to; its stem is the name in the contract unless contract_fields has another.
        kind: see the module's docstring.
        layout: "NHWC" for uint8 in and out, "NCHW" for float32 in [0, 1] in and out.
        contract_json: written as it is in the place of a valid contract.
        with_contract: False leaves the contract out.
        contract_fields: of the contract, in the place of the valid ones.
    """
    graph = _Graph(layout)
    flop_per_pixel = graph.build(kind)
    model = graph.to_model()
    if with_contract:
        dtype, value_range = ("uint8", (0, 255)) if layout == "NHWC" else ("float32", (0, 1))
        fields = {
            "name": path.stem,
            "layout": layout,
            "dtype": dtype,
            "value_range": value_range,
            "flop_per_pixel": flop_per_pixel,
        }
        text = (
            make_contract(**(fields | contract_fields)).to_json() if contract_json is None else contract_json
        )
        helper.set_model_props(model, {METADATA_KEY: text, "another": "entry"})
    onnx.checker.check_model(model, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))
    return path


def make_recurrent_onnx(path: Path, plain: StyleContract, **contract_fields: Any) -> Path:
    """Write the recurrent file of an "invert" style, which keeps the painting before where it is trusted.

    Args:
        path: where to, NAME.steady.onnx.
        plain: contract of the style that it belongs to.
        contract_fields: of the contract, in the place of what follows from that.
    """
    number = TensorProto.FLOAT
    nodes = [
        *(helper.make_node("Cast", [name], [f"{name}_f"], to=number) for name in (INPUT_NAME, BEFORE_NAME)),
        helper.make_node("Cast", [TRUST_NAME], ["trust_f"], to=number),
        helper.make_node("Div", ["trust_f", "most"], ["share"]),
        helper.make_node("Sub", ["most", f"{INPUT_NAME}_f"], ["inverted"]),
        helper.make_node("Sub", [f"{BEFORE_NAME}_f", "inverted"], ["difference"]),
        helper.make_node("Mul", ["difference", "share"], ["kept"]),
        helper.make_node("Add", ["inverted", "kept"], ["mixed"]),
        helper.make_node("Round", ["mixed"], ["rounded"]),
        helper.make_node("Cast", ["rounded"], [OUTPUT_NAME], to=TensorProto.UINT8),
    ]
    picture, byte = [1, "height", "width", 3], TensorProto.UINT8
    inputs = [
        helper.make_tensor_value_info(name, byte, shape)
        for name, shape in (
            (INPUT_NAME, picture),
            (BEFORE_NAME, picture),
            (TRUST_NAME, [*picture[:3], 1]),
        )
    ]
    outputs = [helper.make_tensor_value_info(OUTPUT_NAME, byte, picture)]
    most = numpy_helper.from_array(np.float32(255), "most")
    graph = helper.make_graph(nodes, "tiny_recurrent", inputs, outputs, [most])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    training = {PLAIN_KEY: plain.weights_sha256}
    fields = {"kind": RECURRENT, "training": training, **contract_fields}
    helper.set_model_props(model, {METADATA_KEY: replace(plain, **fields).to_json()})
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))
    return path


class _Graph:
    """A graph under construction; `_add` appends a node and returns the name of its output."""

    def __init__(self, layout: str) -> None:
        self._is_nhwc = layout == "NHWC"
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._random = np.random.default_rng(0)

    def build(self, kind: str) -> float:
        """Add the nodes of a kind, from INPUT_NAME to OUTPUT_NAME; return flop per pixel."""
        image = INPUT_NAME
        if self._is_nhwc:
            floats = self._add("Cast", image, to=TensorProto.FLOAT)
            nchw = self._add("Transpose", floats, perm=[0, 3, 1, 2])
            image = self._add("Mul", nchw, self._constant(np.float32(1 / 255)))  # (1, 3, H, W) in [0, 1]
        painted, flop_per_pixel = self._builders()[kind](image)
        painted = self._add("Clip", painted, self._constant(np.float32(0)), self._constant(np.float32(1)))
        if not self._is_nhwc:
            self._add("Identity", painted, output=OUTPUT_NAME)
            return flop_per_pixel
        scaled = self._add("Round", self._add("Mul", painted, self._constant(np.float32(255))))
        nhwc = self._add("Transpose", scaled, perm=[0, 2, 3, 1])
        self._add("Cast", nhwc, output=OUTPUT_NAME, to=TensorProto.UINT8)
        return flop_per_pixel

    def to_model(self) -> onnx.ModelProto:
        shape: list[int | str] = [1, "height", "width", 3] if self._is_nhwc else [1, 3, "height", "width"]
        dtype = TensorProto.UINT8 if self._is_nhwc else TensorProto.FLOAT
        inputs = [helper.make_tensor_value_info(INPUT_NAME, dtype, shape)]
        outputs = [helper.make_tensor_value_info(OUTPUT_NAME, dtype, shape)]
        graph = helper.make_graph(self._nodes, "tiny_style", inputs, outputs, self._constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)

    def _builders(self) -> dict[str, Callable[[str], tuple[str, float]]]:
        return {
            "identity": self._identity,
            "invert": self._invert,
            "shift": self._shift,
            "network": self._network,
            "failing": self._failing,
        }

    def _identity(self, image: str) -> tuple[str, float]:
        return self._add("Identity", image), 0.0

    def _invert(self, image: str) -> tuple[str, float]:
        return self._add("Sub", self._constant(np.float32(1)), image), 3.0

    def _shift(self, image: str) -> tuple[str, float]:
        pads = self._constant(np.array([0, 0, 0, SHIFT_PX, 0, 0, 0, 0], dtype=np.int64))
        padded = self._add("Pad", image, pads, mode="edge")
        starts, ends, axes = (self._constant(np.array([n], dtype=np.int64)) for n in (0, -SHIFT_PX, 3))
        return self._add("Slice", padded, starts, ends, axes), 0.0

    def _failing(self, image: str) -> tuple[str, float]:
        # Takes the picture for one of 7x1 pixels, which shows once the real size is known.
        wrong = self._add("Reshape", image, self._constant(np.array([1, 3, 7, 1], dtype=np.int64)))
        return self._add("Add", image, self._add("ReduceMean", wrong, keepdims=1)), 0.0

    def _network(self, image: str) -> tuple[str, float]:
        features = self._conv(image, 3, 8, kernel=9)
        features = self._conv(features, 8, 16, kernel=3, stride=2)
        scales = self._constant(np.array([1, 1, 2, 2], dtype=np.float32))
        features = self._add("Resize", features, "", scales, mode="nearest", nearest_mode="floor")
        features = self._crop_like(features, image)
        painted = self._conv(features, 16, 3, kernel=9, normalise=False)
        flop = 2.0 * (3 * 8 * 81 + 8 * 16 * 9 / 4 + 16 * 3 * 81)
        return self._add("Sigmoid", painted), flop

    def _conv(
        self,
        features: str,
        channels_in: int,
        channels_out: int,
        *,
        kernel: int,
        stride: int = 1,
        normalise: bool = True,
    ) -> str:
        std = (2 / (channels_in * kernel * kernel)) ** 0.5
        shape = (channels_out, channels_in, kernel, kernel)
        weight = self._constant(self._random.normal(0, std, shape).astype(np.float32))
        margin = kernel // 2
        pads = self._constant(np.array([0, 0, margin, margin] * 2, dtype=np.int64))
        padded = self._add("Pad", features, pads, mode="reflect")
        convolved = self._add("Conv", padded, weight, strides=[stride, stride])
        if not normalise:
            return convolved
        scale = self._constant(np.ones(channels_out, np.float32))
        bias = self._constant(np.zeros(channels_out, np.float32))
        return self._add("Relu", self._add("InstanceNormalization", convolved, scale, bias, epsilon=1e-5))

    def _crop_like(self, features: str, image: str) -> str:
        """Cut features to the height and width of image: an odd size grew by one on the way."""
        starts, axes = self._constant(np.array([0, 0])), self._constant(np.array([2, 3]))
        size = self._add(
            "Slice", self._add("Shape", image), *map(self._constant, (np.array([2]), np.array([4])))
        )
        return self._add("Slice", features, starts, size, axes)

    def _constant(self, value: NDArray[Any] | np.generic) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def _add(self, op_type: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        name = output or f"{op_type.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(op_type, list(inputs), [name], **attributes))
        return name


def write_mask_network(file: Path, labels: list[str] | None = None, planes: int = 2) -> Path:
    """Plane 0 is the blue of a frame, plane 1 its green, as shares of 255."""
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Slice", ["planes", "first", "last", "axis"], ["some"]),
        helper.make_node("Mul", ["some", "scale"], ["alpha"]),
    ]
    numbers = [("first", [0]), ("last", [planes]), ("axis", [1])]
    constants = [helper.make_tensor(name, TensorProto.INT64, [1], value) for name, value in numbers]
    constants.append(helper.make_tensor("scale", TensorProto.FLOAT, [], [1 / 255]))
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [1, "height", "width", 3])
    alpha = helper.make_tensor_value_info("alpha", TensorProto.FLOAT, [1, planes, "height", "width"])
    graph = helper.make_graph(nodes, "mask", [image], [alpha], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if labels is not None:
        contract = {"version": 1, "labels": labels, "area": 4096, "multiple": 16}
        helper.set_model_props(model, {MASK_KEY: json.dumps(contract)})
    file.write_bytes(model.SerializeToString())
    return file
