"""Orders a graph's pixel shuffles so that the numbers of one pixel stay together.

torch's shuffle takes a channel's pixels from neighbouring channels (CRD in ONNX), and so moves number by
number. With the convolution's outputs sorted by pixel (DCR) whole pixels are moved: a third of the time in
OpenVINO in fp32. It is the same sums, in another order.
"""

from collections import Counter
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper


def shuffle_whole_pixels(model: onnx.ModelProto) -> int:
    """Rewrite in place every shuffle behind a convolution that nothing else reads; return how many.

    Weights may be stored as halves already.
    """
    graph = model.graph
    made_by = {name: node for node in graph.node for name in node.output}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    readers = Counter(name for node in graph.node for name in node.input)
    rewritten = 0
    for node in graph.node:
        conv = made_by.get(node.input[0]) if node.op_type == "DepthToSpace" and _mode(node) == "CRD" else None
        if conv is None or conv.op_type != "Conv" or readers[conv.output[0]] > 1:
            continue
        stored = [_stored(name, made_by) for name in conv.input[1:]]
        if any(name not in weights or readers[name] > 1 for name in stored):
            continue
        side = next(helper.get_attribute_value(a) for a in node.attribute if a.name == "blocksize")
        for name in stored:
            _sort_by_pixel(weights[name], side)
        next(a for a in node.attribute if a.name == "mode").s = b"DCR"
        rewritten += 1
    return rewritten


def _mode(node: Any) -> str:
    modes = [helper.get_attribute_value(a).decode() for a in node.attribute if a.name == "mode"]
    return modes[0] if modes else "DCR"  # what the format says where nothing is said


def _stored(name: str, made_by: dict[str, Any]) -> str:
    """Return the name of the tensor that is stored, behind the Cast that widens it."""
    maker = made_by.get(name)
    return str(maker.input[0]) if maker is not None and maker.op_type == "Cast" else name


def _sort_by_pixel(tensor: Any, side: int) -> None:
    """(C * side^2, ...), channel, pixel -> the same, pixel, channel."""
    values = numpy_helper.to_array(tensor)
    pixels = values.reshape(-1, side * side, *values.shape[1:]).swapaxes(0, 1)
    tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(pixels).reshape(values.shape), tensor.name))
