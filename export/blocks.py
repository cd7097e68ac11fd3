"""Rewrites a graph's 9x9 convolutions to work on 2x2 blocks of pixels: the same sums, better shaped.

A processor multiplies 16 or 32 channels at a time. A 9x9 convolution from 8 channels to 3 fills a
fraction of that. With every 2x2 block of pixels stacked into channels (SpaceToDepth) it becomes a 5x5
convolution from 32 channels to 12, on a quarter of the places:

    y[2i + p] = sum over k of w[k] x[2i + p + k],  p + k = 2j + q   ->   W[p, q, j] = w[2j + q - p]

Every weight stays the number that it was. That matters on flat pictures (a covered lens, a fade to
black), where instance norm divides by almost nothing: the like rewrite of a 3x3 convolution after
nearest upsampling adds weights up, whose rounding then shows as a pattern of dots, and was left out.

Four fifths of W are zeros and repetitions. So a file stores w, and a few layers that make W of it: engines
compute what depends on nothing when they load a file, and run the convolution as if W had been stored.
"""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Array = NDArray[np.float32]
# What the names of the weights end in: of the convolution that runs, and of what its file stores.
BLOCKS, PIXELS = ".blocks", ".pixels"
_PHASES = tuple(np.ndindex(2, 2))


def to_block_weights(weight: Array) -> Array:
    """(O, I, 9, 9), for pixels -> (4*O, 4*I, 5, 5), for blocks; channels are (phase, channel)."""
    out_channels, in_channels, size, _ = weight.shape
    reach = (size + 2) // 2  # blocks that size + 1 pixels touch
    blocks = np.zeros((2, 2, out_channels, 2, 2, in_channels, reach, reach), np.float32)
    for py, px in np.ndindex(2, 2):
        for ky, kx in np.ndindex(size, size):
            (jy, qy), (jx, qx) = divmod(py + ky, 2), divmod(px + kx, 2)
            blocks[py, px, :, qy, qx, :, jy, jx] = weight[:, :, ky, kx]
    return blocks.reshape(4 * out_channels, 4 * in_channels, reach, reach)


def to_pixel_weights(blocks: Array) -> Array:
    """Return the weights that `to_block_weights` made these of, number for number."""
    in_channels, reach = blocks.shape[1] // 4, blocks.shape[2]
    first = blocks[: len(blocks) // 4].reshape(-1, 2, 2, in_channels, reach, reach)  # (O, qy, qx, I, jy, jx)
    weight = first.transpose(0, 3, 4, 1, 5, 2).reshape(-1, in_channels, 2 * reach, 2 * reach)
    return np.ascontiguousarray(weight[:, :, :-1, :-1])


def use_blocks(model: onnx.ModelProto) -> int:
    """Rewrite every 9x9 convolution in place and return how many there were.

    Call it before weights are stored as halves. The convolution's input, padded, must have an even
    height and width: true behind this project's networks' padding to a multiple of 4.
    """
    graph = model.graph
    made_by = {name: node for node in graph.node for name in node.output}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    rewritten = 0
    for node in graph.node:
        pad = made_by.get(node.input[0]) if node.op_type == "Conv" else None
        padded = pad is not None and pad.op_type == "Pad" and node.input[1] in weights and _is_plain(node)
        if padded and list(weights[node.input[1]].dims[2:]) == [9, 9]:
            nodes += _on_blocks(node, weights, graph)
            rewritten += 1
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    _drop_unused_weights(graph)
    return rewritten


def _on_blocks(conv: Any, weights: Any, graph: Any) -> list[onnx.NodeProto]:
    name = conv.output[0]
    inputs = [f"{conv.input[1]}{BLOCKS}"]
    weight = to_block_weights(numpy_helper.to_array(weights[conv.input[1]]))
    graph.initializer.append(numpy_helper.from_array(weight, inputs[0]))
    if len(conv.input) > 2:
        inputs.append(f"{conv.input[2]}{BLOCKS}")
        bias = np.tile(numpy_helper.to_array(weights[conv.input[2]]), 4)
        graph.initializer.append(numpy_helper.from_array(bias, inputs[1]))
    return [
        helper.make_node("SpaceToDepth", [conv.input[0]], [f"{name}.in_blocks"], blocksize=2),
        helper.make_node("Conv", [f"{name}.in_blocks", *inputs], [f"{name}.out_blocks"]),
        helper.make_node("DepthToSpace", [f"{name}.out_blocks"], [name], blocksize=2, mode="DCR"),
    ]


def pack_blocks(model: onnx.ModelProto) -> int:
    """Store every weight of blocks as that of pixels which it was made of, in place; return how many.

    Call it before weights are stored as halves.
    """
    graph, nodes = model.graph, []
    packed = [
        tensor for tensor in graph.initializer if tensor.name.endswith(BLOCKS) and len(tensor.dims) == 4
    ]
    for tensor in packed:
        blocks, name = tensor.name, tensor.name.removesuffix(BLOCKS) + PIXELS
        tensor.CopyFrom(numpy_helper.from_array(to_pixel_weights(numpy_helper.to_array(tensor)), name))
        phases = [f"{name}.{y}{x}" for y, x in _PHASES]
        for phase, (y, x) in zip(phases, _PHASES, strict=True):
            nodes.append(helper.make_node("Pad", [name, _margin(y, x)], [f"{phase}.even"]))
            nodes.append(helper.make_node("SpaceToDepth", [f"{phase}.even"], [phase], blocksize=2))
        nodes.append(helper.make_node("Concat", phases, [blocks], axis=0))
    if packed:
        margins = ((y, x, np.array([0, 0, y, x, 0, 0, 1 - y, 1 - x], np.int64)) for y, x in _PHASES)
        graph.initializer.extend(numpy_helper.from_array(sides, _margin(y, x)) for y, x, sides in margins)
    _put_first(nodes, graph)
    return len(packed)


def unpack_blocks(model: onnx.ModelProto) -> None:
    """Undo `pack_blocks` in place, also where weights are stored as halves since."""
    graph = model.graph
    for tensor in graph.initializer:
        if PIXELS in tensor.name:
            blocks = to_block_weights(numpy_helper.to_array(tensor))
            name = tensor.name.replace(PIXELS, BLOCKS)
            tensor.CopyFrom(numpy_helper.from_array(blocks.astype(numpy_helper.to_array(tensor).dtype), name))
    nodes = [node for node in graph.node if node.op_type == "Cast" or PIXELS not in node.input[0]]
    for node in nodes:
        for names in (node.input, node.output):
            names[:] = [name.replace(PIXELS, BLOCKS) for name in names]
    del graph.node[:]
    graph.node.extend(nodes)
    _drop_unused_weights(graph)


def _margin(y: int, x: int) -> str:
    return f"margin.{y}{x}"


def _put_first(nodes: list[onnx.NodeProto], graph: Any) -> None:
    nodes = [*nodes, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _is_plain(conv: Any) -> bool:
    """Tell whether the convolution has stride 1, no dilation, one group, and leaves padding to the Pad."""
    attributes = {a.name: helper.get_attribute_value(a) for a in conv.attribute}
    ones = all(set(attributes.get(name, [1])) == {1} for name in ("strides", "dilations"))
    return ones and attributes.get("group", 1) == 1 and not any(attributes.get("pads", []))


def _drop_unused_weights(graph: Any) -> None:
    used = {name for node in graph.node for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
