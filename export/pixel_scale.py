"""Lets a graph's first convolutions take pixels as whole numbers, their weights divided by 255 instead.

bf16 holds every whole number to 256, but not every n / 255: on a smooth gradient its steps at 1/2 and
1/4 of full brightness would be painted as lines.
"""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from export.errors import ExportError

# In the name of weights that are too small for half precision's normal numbers.
KEEPS_FP32 = ".per_level"
# What leaves every number as it was or takes a mean of them: a scale may go through it unchanged.
_PASS_A_SCALE = {"Pad", "Concat", "AveragePool", "Slice", "Tile", "Expand"}


def fold_pixel_scale(model: onnx.ModelProto) -> int:
    """Rewrite in place each convolution whose inputs all come from a division by one and the same number.

    Returns:
        How many there were; 0 for a graph of floats in [0, 1].
    Raises:
        ExportError: if the pixels are divided and go elsewhere too, so that the division must stay.
    """
    graph = model.graph
    made_by = {name: node for node in graph.node for name in node.output}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    folded: dict[str, onnx.NodeProto] = {}  # divisions that go, by output
    convolutions = 0
    for conv in [node for node in graph.node if node.op_type == "Conv"]:
        divisions = _divisions(conv.input[0], made_by, weights)
        if divisions is None:
            continue
        factor = _divisor(divisions[0], weights)
        weight = weights[conv.input[1]]
        scaled = numpy_helper.to_array(weight) / factor
        conv.input[1] = f"{weight.name}{KEEPS_FP32}"
        graph.initializer.append(numpy_helper.from_array(scaled.astype(np.float32), conv.input[1]))
        graph.initializer.remove(weight)
        folded.update({division.output[0]: division for division in divisions})
        convolutions += 1
    _bypass(graph, folded)
    if any(_divides_pixels(node, made_by, graph) for node in graph.node):
        raise ExportError("the pixels do not go from their scale to the first convolutions by padding alone")
    return convolutions


def _divisions(name: str, made_by: Any, weights: Any) -> list[onnx.NodeProto] | None:
    """Return the divisions by one number that a tensor comes from, or None if it comes from others too."""
    node = made_by.get(name)
    if node is None:
        return None
    if node.op_type == "Div":
        return [node] if _divisor(node, weights) is not None else None
    if node.op_type not in _PASS_A_SCALE or not _passes(node):
        return None
    found: list[onnx.NodeProto] = []
    # Only Concat has more than one input that is data; those of the others are sizes.
    for source in node.input if node.op_type == "Concat" else node.input[:1]:
        divisions = _divisions(source, made_by, weights)
        if divisions is None:
            return None
        found += divisions
    return found if len({float(_divisor(each, weights)) for each in found}) == 1 else None  # type: ignore[arg-type]


def _passes(node: Any) -> bool:
    """Tell whether a padding brings in nothing but what is there: a constant would have to be scaled too."""
    modes = [helper.get_attribute_value(a) for a in node.attribute if a.name == "mode"]
    return node.op_type != "Pad" or modes in ([b"reflect"], [b"edge"], [b"wrap"])


def _divisor(division: Any, weights: Any) -> NDArray[np.float32] | None:
    """Return the one number that a node divides by, or None: shapes are divided too, by whole numbers."""
    tensor = weights.get(division.input[1])
    if tensor is None or tensor.data_type != onnx.TensorProto.FLOAT or np.prod(tensor.dims) != 1:
        return None
    value: NDArray[np.float32] = numpy_helper.to_array(tensor)
    return value


def _divides_pixels(node: Any, made_by: Any, graph: Any) -> bool:
    """Tell whether a node divides the graph's own input, which is only cast and transposed before."""
    name = node.input[0] if node.op_type == "Div" else ""
    while name in made_by and made_by[name].op_type in ("Cast", "Transpose"):
        name = made_by[name].input[0]
    return bool(name == graph.input[0].name)


def _bypass(graph: Any, divisions: dict[str, onnx.NodeProto]) -> None:
    """Take nodes out of a graph; who read their output reads their input."""
    for node in graph.node:
        node.input[:] = [divisions[name].input[0] if name in divisions else name for name in node.input]
    for division in divisions.values():
        graph.node.remove(division)
