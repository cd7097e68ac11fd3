"""8-bit weights that no 16-bit sum can overflow, two by two.

Processors without VNNI multiply bytes by `vpmaddubsw`: two neighbouring input channels, each 0 to 255, times
their weights, -127 to 127, added up in 16 bits, which saturate. OpenVINO (oneDNN) computes so there, and a
picture of black and white comes out wrong (starry_night: 21 dB instead of 37). It cannot happen where the two
weights add up to no more than 128 in size: 255 * 128 < 2^15. The usual cure, weights of 7 bits, costs 7 dB;
most pairs, though, are far from the limit. So a channel's step becomes only as large as is best for all of
its weights, and the few pairs that are left above the limit give up a little each (36.9 dB).
"""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

_LARGEST = 127
# What two weights of neighbouring channels may add up to.
_PAIR = 128
# Steps that are tried, as multiples of the smallest that clips no weight; at 2 no pair is above the limit.
_STEPS = np.linspace(0.8, 2.0, 61)

Weights = NDArray[np.float32]
Bytes = NDArray[np.int32]
# Of one tensor, by its name, as onnxruntime's quantiser takes them.
Ranges = dict[str, list[dict[str, Any]]]


def find_steps(weights: Weights) -> NDArray[np.float64]:
    """Return each output channel's step between two levels: the one whose weights lie nearest to the floats.

    Args:
        weights: (out, in, height, width).
    Returns:
        (out,), more than 0.
    """
    channels = len(weights)
    smallest = np.abs(weights).reshape(channels, -1).max(1).astype(np.float64) / _LARGEST
    smallest[smallest == 0] = 1.0
    best: NDArray[np.float64] = smallest.copy()
    least = np.full(channels, np.inf)
    for factor in _STEPS:
        steps = (smallest * factor).reshape(-1, 1, 1, 1)
        levels = keep_in_pairs(np.clip(np.round(weights / steps), -_LARGEST, _LARGEST).astype(np.int32))
        error = np.square(levels * steps - weights).reshape(channels, -1).sum(1)
        better = error < least
        best[better], least[better] = (smallest * factor)[better], error[better]
    return best


def keep_in_pairs(levels: Bytes) -> Bytes:
    """Return weights of which no two of neighbouring input channels add up to more than 128 in size.

    Args:
        levels: (out, in, height, width), -127 to 127.
    Returns:
        The same, but that two that are above the limit give up half of it each.
    """
    out, channels, *window = levels.shape
    even = np.pad(levels, ((0, 0), (0, channels % 2), (0, 0), (0, 0)))
    pairs = even.reshape(out, -1, 2, *window)
    total = pairs.sum(2)
    above = total - np.clip(total, -_PAIR, _PAIR)
    half = above // 2
    kept: Bytes = (pairs - np.stack([half, above - half], 2)).reshape(even.shape)
    return kept[:, :channels]


def weight_ranges(model: onnx.ModelProto) -> dict[str, Ranges]:
    """Return, by the name of each convolution, the range of every output channel's weights.

    Args:
        model: whose convolutions have weights of floats.
    """
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    found: dict[str, Ranges] = {}
    for node in model.graph.node:
        if node.op_type == "Conv":
            largest = [_LARGEST * float(step) for step in find_steps(weights[node.input[1]])]
            channels: list[dict[str, Any]] = [{"rmin": -value, "rmax": value} for value in largest]
            channels[0]["axis"] = 0
            found[node.name] = {node.input[1]: channels}
    return found


def keep_model_in_pairs(model: onnx.ModelProto) -> None:
    """Keep the weights of every convolution in 8 bits within the limit of `keep_in_pairs`, in place."""
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.INT8 and len(tensor.dims) == 4:
            kept = keep_in_pairs(numpy_helper.to_array(tensor).astype(np.int32)).astype(np.int8)
            tensor.CopyFrom(numpy_helper.from_array(kept, tensor.name))
