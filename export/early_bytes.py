"""Rounds numbers to 8 bits as soon as it can be done, and bytes that are bytes already not at all.

The quantiser rounds right before a convolution. What is between that and the layer that computed the numbers
only moves them: mirrored borders, pixels repeated by upsampling. On bytes it moves a quarter as much, and
OpenVINO lets the norm before write bytes at once.
"""

from collections import Counter
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# The names of the smallest and the largest byte.
_ENDS = ("byte.least", "byte.most")


def round_early(model: onnx.ModelProto) -> int:
    """Move every QuantizeLinear before the layers that only move numbers, in place; return how many moves."""
    graph, moves = model.graph, 0
    del graph.value_info[:]  # their types change
    nodes = list(graph.node)
    while (found := _find(nodes)) is not None:
        mover, rounding = found
        place, later = (next(i for i, node in enumerate(nodes) if node is one) for one in found)
        numbers, moved, rounded = mover.input[0], mover.output[0], rounding.output[0]
        rounding.input[0], rounding.output[0] = numbers, moved
        mover.input[0], mover.output[0] = moved, rounded
        nodes[place], nodes[later] = rounding, mover
        moves += 1
    copies = [_copy(node) for node in nodes]
    del graph.node[:]
    graph.node.extend(copies)
    return moves


def take_bytes(model: onnx.ModelProto) -> int:
    """Let what reads the picture take its bytes as they come, in place; return how many times.

    The quantiser wants floats, and so bytes are made floats and then bytes again. A Clip to all that a byte
    can be takes the place of both, and does nothing. With nothing there OpenVINO makes floats of the bytes
    before it lays them out for the convolution, does not know them as bytes after that, and computes the
    convolution in floats.
    """
    graph, taken = model.graph, 0
    types = {
        value.name: value.type.tensor_type.elem_type
        for value in onnx.shape_inference.infer_shapes(model).graph.value_info
    }
    numbers = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    made_by = {name: node for node in graph.node for name in node.output}
    readers = Counter(name for node in graph.node for name in node.input)
    dropped = set()
    for node in graph.node:
        cast = made_by.get(node.input[0]) if node.op_type == "QuantizeLinear" else None
        if cast is None or cast.op_type != "Cast" or readers[cast.output[0]] > 1:
            continue
        scale, zero = (numbers.get(name) for name in node.input[1:3])
        if types.get(cast.input[0]) != TensorProto.UINT8 or scale != 1 or zero != 0:
            continue
        node.CopyFrom(helper.make_node("Clip", [cast.input[0], *_ENDS], node.output, node.name))
        dropped.add(cast.output[0])
        taken += 1
    if taken:
        kept = [_copy(node) for node in graph.node if node.output[0] not in dropped]
        del graph.node[:]
        graph.node.extend(kept)
        graph.initializer.extend(
            numpy_helper.from_array(np.array(end, np.uint8), name)
            for name, end in zip(_ENDS, (0, 255), strict=True)
        )
    return taken


def _find(nodes: list[Any]) -> tuple[Any, Any] | None:
    """Return a layer that moves numbers and the rounding that alone takes them, or None."""
    made_by = {name: node for node in nodes for name in node.output}
    readers = Counter(name for node in nodes for name in node.input)
    for node in nodes:
        before = made_by.get(node.input[0]) if node.op_type == "QuantizeLinear" else None
        if before is not None and readers[before.output[0]] == 1 and _only_moves(before):
            return before, node
    return None


def _only_moves(node: Any) -> bool:
    mode = [helper.get_attribute_value(a) for a in node.attribute if a.name == "mode"]
    if node.op_type == "Pad":
        return mode in ([b"reflect"], [b"edge"])
    return node.op_type == "Resize" and mode in ([], [b"nearest"])


def _copy(node: Any) -> Any:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    return copy
