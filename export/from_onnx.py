"""A style file back as the checkpoint that it was exported from: to train on what ships.

The export lays weights out for engines: blocks of pixels, other orders of channels, pixels as whole numbers.
Where each ended up is not worked out but looked up, as in `export.to_meta`: a network whose parameters are
numbered is exported in the same way, and the numbers are found again. The contract's hash tells whether
every weight came back.
"""

from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn

from export.blocks import unpack_blocks
from export.errors import ExportError
from export.older_layouts import update_layout
from export.pixel_scale import KEEPS_FP32
from export.style_contract import weights_sha256
from export.to_onnx import Pixels, as_stored, style_graph
from export.to_recurrent import recurrent_graph
from realtime.contract import RECURRENT, StyleContract, read_contract
from realtime.style_maker import HIDDEN_KEY
from training.networks.recurrent_net import RecurrentNet
from training.networks.transform_net import PRESETS, build_transform_net

# Whole numbers from here on: no weight is as large, and up to LAST_MARK float32 holds each of them.
FIRST_MARK = 1_000_000
LAST_MARK = 2**24
# Batch norm goes into the convolution before it when a graph is made: its numbers are not there any more.
READABLE = tuple(name for name in PRESETS if name not in ("paper", RECURRENT))
Network = TypeVar("Network", bound=nn.Module)
_NUMBERS = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)


def checkpoint_of(file: Path) -> tuple[nn.Module, dict[str, Any]]:
    """Return the network of a style file, in evaluation mode, and the content of its checkpoint.

    Args:
        file: NAME.onnx, made by `export.to_onnx` or by a meta network.
    Raises:
        ExportError: if its network is none of the presets, or its weights cannot be told from the file.
        LivebrushError: if it is no style file.
    """
    contract = read_contract(file)
    if contract.kind == RECURRENT:
        return _recurrent_of(file, contract)
    if contract.preset not in READABLE:
        known = ", ".join(READABLE)
        raise ExportError(f"{file} is of preset {contract.preset}: only {known} can be read back")
    network = build_transform_net(contract.preset).eval()
    pixels: Pixels = "uint8" if contract.dtype == "uint8" else "float32"
    stored = onnx.load(file)
    unpack_blocks(stored)
    read_weights(network, lambda marked: style_graph(marked, pixels), stored, file)
    network = _rounded(network, contract)
    _check_hash(network, contract, file)
    return network, _content(network, contract)


def _recurrent_of(file: Path, contract: StyleContract) -> tuple[nn.Module, dict[str, Any]]:
    """Return the same of NAME.steady.onnx; its hash is that of its plain part."""
    network = cast(RecurrentNet, build_transform_net(RECURRENT).eval())
    read_weights(network, recurrent_graph, onnx.load(file), file)
    network = cast(RecurrentNet, _rounded(network, contract))
    _check_hash(network.plain(), contract, file)
    return network, {**_content(network, contract), "preset": RECURRENT}


def _rounded(network: nn.Module, contract: StyleContract) -> nn.Module:
    """What was divided for the engines is a half again."""
    return as_stored(network, "fp16") if contract.weights_precision == "fp16" else network


def _check_hash(network: nn.Module, contract: StyleContract, file: Path) -> None:
    if weights_sha256(network) != contract.weights_sha256 and not _has_another_hash(contract):
        raise ExportError(f"{file}: its weights do not add up to its contract's hash; export it again")


def _has_another_hash(contract: StyleContract) -> bool:
    """Tell whether the hash of what comes back may differ from the contract's."""
    rounded = contract.weights_precision == "fp32" and contract.dtype == "uint8"  # by the division by 255
    # What a meta network wrote has the hash of what it wrote: a part of the weights.
    return rounded or HIDDEN_KEY in contract.training


def number_parameters(network: nn.Module) -> int:
    """Give every parameter's every number a mark of its own, in the order of the state dict.

    Returns:
        The first mark that was not given.
    Raises:
        ExportError: if there are too many to tell apart.
    """
    mark = FIRST_MARK
    for value in network.state_dict().values():
        if value.is_floating_point():
            value.copy_(torch.arange(mark, mark + value.numel(), dtype=torch.float64).view(value.shape))
            mark += value.numel()
    if mark > LAST_MARK:
        raise ExportError(f"the network has {mark - FIRST_MARK} numbers, too many to tell apart")
    return mark


def read_weights(
    network: Network, lay_out: Callable[[Network], onnx.ModelProto], stored: onnx.ModelProto, file: Path
) -> None:
    """Fill a network with the numbers of a graph, in place.

    Args:
        network: whose numbers are lost.
        lay_out: how the graph was made of such a network.
        stored: the graph; it is brought into this version's order of weights.
        file: that it is from, for errors.
    Raises:
        ExportError: if the graph is laid out otherwise, or lacks a number.
    """
    end = number_parameters(network)
    found = np.full(end - FIRST_MARK, np.nan)
    laid_out = lay_out(network)
    update_layout(stored, laid_out)
    for marked, tensor in _pairs(laid_out, stored, file):
        divided = 255.0 if KEEPS_FP32 in marked.name else 1.0
        marks = np.rint(_numbers(marked) * divided)
        places = (marks >= FIRST_MARK) & (marks < end)
        found[marks[places].astype(np.int64) - FIRST_MARK] = (_numbers(tensor) * divided)[places]
    if np.isnan(found).any():
        raise ExportError(f"{file} lacks weights of its preset; export it again")
    first = 0
    for value in network.state_dict().values():
        if value.is_floating_point():
            numbers = found[first : first + value.numel()]
            value.copy_(torch.from_numpy(numbers).view(value.shape))
            first += value.numel()


def _pairs(marked: onnx.ModelProto, stored: onnx.ModelProto, file: Path) -> Iterator[tuple[Any, Any]]:
    """Yield the tensors of numbers of two graphs of one layout that stand in the same places.

    By the nodes that read them, not by names: of tensors that are alike, such as the scales of fresh norms,
    a file holds one for all.
    """
    graphs = [_read_by(model) for model in (marked, stored)]
    for ours, theirs in zip_longest(*graphs):
        if ours is None or theirs is None or _layout(ours) != _layout(theirs):
            raise ExportError(f"{file} lays its network out otherwise than this version; export it again")
        yield from zip(ours[1], theirs[1], strict=True)


def _read_by(model: onnx.ModelProto) -> list[tuple[str, list[Any]]]:
    """Return what each node does that reads tensors of numbers, and those, in order of computation."""
    tensors = {tensor.name: tensor for tensor in model.graph.initializer if tensor.data_type in _NUMBERS}
    found = []
    for node in model.graph.node:
        if node.op_type == "Cast" and node.input[0] in tensors:
            tensors[node.output[0]] = tensors[node.input[0]]
        elif read := [tensors[name] for name in node.input if name in tensors]:
            found.append((node.op_type, read))
    return found


def _layout(read: tuple[str, list[Any]]) -> tuple[str, list[list[int]]]:
    return read[0], [list(tensor.dims) for tensor in read[1]]


def _numbers(tensor: Any) -> NDArray[np.float64]:
    return np.asarray(numpy_helper.to_array(tensor), np.float64).ravel()


def _content(network: nn.Module, contract: StyleContract) -> dict[str, Any]:
    return {
        "kind": "transform",
        "preset": contract.preset,
        "with_content": True,
        "weights": {name: value.contiguous() for name, value in network.state_dict().items()},
        "style": {key: getattr(contract, key) for key in ("name", "title", "artist", "year")},
        "training": dict(contract.training),
    }
