"""Brings the weights of a style file of an earlier version into the order that this one stores them in.

What such a file computes is the same; only who reads weights back, to train on, wants them in one order.
"""

import math
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from export.runs import run_weights
from export.shuffle_order import shuffle_whole_pixels


def update_layout(model: onnx.ModelProto, like: onnx.ModelProto) -> None:
    """Reorder in place what 0.1 stored otherwise: the weights that read cells, and those before a shuffle.

    Args:
        model: of any version.
        like: a graph of the same network, as this version lays it out.
    """
    shuffle_whole_pixels(model)
    (ours, theirs) = (_first_weights(graph) for graph in (like, model))
    if ours is not None and theirs is not None and list(ours.dims) != list(theirs.dims):
        _read_runs(theirs)


def _first_weights(model: onnx.ModelProto) -> Any:
    """Return the tensor of the convolution that reads the picture, or None if it is computed."""
    first = next((node for node in model.graph.node if node.op_type == "Conv"), None)
    named = first.input[1] if first is not None else ""
    return next((tensor for tensor in model.graph.initializer if tensor.name == named), None)


def _read_runs(tensor: Any) -> None:
    """Cells, channels in the order row, column, colour -> runs; see `export.runs`."""
    outputs, inputs, *size = tensor.dims
    side = math.isqrt(inputs // 3)
    if inputs == 3 * side**2:
        cells = torch.from_numpy(np.array(numpy_helper.to_array(tensor)))
        by_colour = cells.reshape(outputs, side**2, 3, *size).movedim(2, 1).reshape(cells.shape)
        runs = run_weights(by_colour, side).contiguous().numpy()
        tensor.CopyFrom(numpy_helper.from_array(runs, tensor.name))
