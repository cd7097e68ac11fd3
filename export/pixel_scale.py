"""Lets a graph's first convolutions take pixels as whole numbers, their weights divided by 255 instead.

bf16 holds every whole number to 256, but not every n / 255: on a smooth gradient its steps at 1/2 and
1/4 of full brightness would be painted as lines.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from export.errors import ExportError

# In the name of weights that are too small for half precision's normal numbers.
KEEPS_FP32 = ".per_level"
# What moves numbers about or takes means of them: what comes in divided goes out divided.
_PASS_A_SCALE = {"Pad", "Reshape", "Transpose", "Concat", "AveragePool", "Slice", "Tile", "Expand"}


@dataclass(frozen=True)
class _Scaled:
    """A tensor that is another one divided by `divisor`, in the divisions that wrote `outputs`."""

    divisor: float
    outputs: frozenset[str]


def fold_pixel_scale(model: onnx.ModelProto) -> int:
    """Rewrite in place each convolution whose inputs all come from a division by one and the same number.

    Returns:
        How many there were; 0 for a graph of floats in [0, 1].
    Raises:
        ExportError: if something else reads what is divided, so that the division must stay.
    """
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    scaled: dict[str, _Scaled] = {}
    convolutions: list[tuple[Any, _Scaled]] = []
    spilt: set[str] = set()  # divisions whose result goes elsewhere, too
    for node in graph.node:  # in order of computation, so says the format
        divisor = _divisor(node, weights)
        common = _common_scale(node, scaled)
        if divisor is not None:
            scaled[node.output[0]] = _Scaled(divisor, frozenset(node.output))
        elif common is not None and node.op_type == "Conv" and node.input[1] in weights:
            convolutions.append((node, common))
        elif common is not None and node.op_type in _PASS_A_SCALE and _brings_nothing_in(node):
            scaled[node.output[0]] = common
        elif node.op_type != "Shape":
            spilt |= {output for name in node.input if name in scaled for output in scaled[name].outputs}
    folded = {output for _, scale in convolutions for output in scale.outputs}
    if folded & spilt:
        raise ExportError("the pixels go elsewhere than by padding and pooling to the first convolutions")
    for conv, scale in convolutions:
        _divide_weights(graph, conv, scale.divisor, weights)
    _bypass(graph, folded)
    return len(convolutions)


def _common_scale(node: Any, scaled: dict[str, _Scaled]) -> _Scaled | None:
    """Return the scale that all of a node's data came in with, or None if there is no such one."""
    # Of all nodes that pass a scale only Concat takes more than one tensor of data; the rest are sizes.
    found = [scaled.get(name) for name in (node.input if node.op_type == "Concat" else node.input[:1])]
    scales = [scale for scale in found if scale is not None]
    if not scales or len(scales) < len(found) or len({scale.divisor for scale in scales}) > 1:
        return None
    return _Scaled(scales[0].divisor, frozenset().union(*(scale.outputs for scale in scales)))


def _brings_nothing_in(node: Any) -> bool:
    """Tell whether a padding repeats what is there: a constant would have to be scaled too."""
    modes = [helper.get_attribute_value(a) for a in node.attribute if a.name == "mode"]
    return node.op_type != "Pad" or modes in ([b"reflect"], [b"edge"], [b"wrap"])


def _divisor(node: Any, weights: Any) -> float | None:
    """Return the one number that a node divides by, or None: sizes are divided too, by whole numbers."""
    tensor = weights.get(node.input[1]) if node.op_type == "Div" else None
    if tensor is None or tensor.data_type != onnx.TensorProto.FLOAT or np.prod(tensor.dims) != 1:
        return None
    return float(numpy_helper.to_array(tensor).item())


def _divide_weights(graph: Any, conv: Any, divisor: float, weights: Any) -> None:
    weight = weights[conv.input[1]]
    divided = numpy_helper.to_array(weight) / np.float32(divisor)
    conv.input[1] = f"{weight.name}{KEEPS_FP32}"
    graph.initializer.append(numpy_helper.from_array(divided.astype(np.float32), conv.input[1]))
    graph.initializer.remove(weight)


def _bypass(graph: Any, outputs: set[str]) -> None:
    """Take the divisions out that write `outputs`; who read those reads what was divided."""
    divisions = {node.output[0]: node for node in graph.node if node.output[0] in outputs}
    for node in graph.node:
        node.input[:] = [divisions[name].input[0] if name in divisions else name for name in node.input]
    for division in divisions.values():
        graph.node.remove(division)
