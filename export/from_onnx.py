"""A style file back as the checkpoint that it was exported from: to train on what ships.

The export lays weights out for engines: blocks of pixels, other orders of channels, pixels as whole numbers.
Where each ended up is not worked out but looked up, as in `export.to_meta`: a network whose parameters are
numbered is exported in the same way, and the numbers are found again. The contract's hash tells whether
every weight came back.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn

from export.errors import ExportError
from export.pixel_scale import KEEPS_FP32
from export.style_contract import weights_sha256
from export.to_onnx import HALF_SUFFIX, Pixels, as_stored, style_graph
from realtime.contract import StyleContract, read_contract
from realtime.style_maker import HIDDEN_KEY
from training.networks.transform_net import PRESETS, build_transform_net

# Whole numbers from here on: no weight is as large, and up to LAST_MARK float32 holds each of them.
FIRST_MARK = 1_000_000
LAST_MARK = 2**24


def checkpoint_of(file: Path) -> tuple[nn.Module, dict[str, Any]]:
    """Return the network of a style file, in evaluation mode, and the content of its checkpoint.

    Args:
        file: NAME.onnx, made by `export.to_onnx` or by a meta network.
    Raises:
        ExportError: if its network is none of the presets, or its weights cannot be told from the file.
        LivebrushError: if it is no style file.
    """
    contract = read_contract(file)
    if contract.preset not in PRESETS:
        known = ", ".join(PRESETS)
        raise ExportError(
            f"{file} holds a network of preset {contract.preset}: only {known} can be read back"
        )
    network = build_transform_net(contract.preset).eval()
    _read_weights(network, file, "uint8" if contract.dtype == "uint8" else "float32")
    if contract.weights_precision == "fp16":
        network = as_stored(network, "fp16")  # what was divided for the engines is a half again
    # What a meta network wrote has the hash of what it wrote: a part of the weights.
    if HIDDEN_KEY not in contract.training and weights_sha256(network) != contract.weights_sha256:
        raise ExportError(f"{file}: its weights do not add up to its contract's hash; export it again")
    return network, _content(network, contract)


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


def _read_weights(network: nn.Module, file: Path, pixels: Pixels) -> None:
    """Fill a network with the numbers of a style file, in place."""
    end = number_parameters(network)
    marked = style_graph(network, pixels).graph.initializer
    stored = {_plain_name(tensor.name): tensor for tensor in onnx.load(file).graph.initializer}
    found = np.full(end - FIRST_MARK, np.nan)
    for tensor in marked:
        marks = numpy_helper.to_array(tensor).astype(np.float64).ravel()
        divided = 255.0 if KEEPS_FP32 in tensor.name else 1.0
        marks = np.rint(marks * divided)
        places = (marks >= FIRST_MARK) & (marks < end)
        if tensor.data_type == onnx.TensorProto.FLOAT and places.any():
            numbers = _numbers(stored, tensor, file) * divided
            found[marks[places].astype(np.int64) - FIRST_MARK] = numbers[places]
    if np.isnan(found).any():
        raise ExportError(f"{file} lacks weights of its preset; export it again")
    first = 0
    for value in network.state_dict().values():
        if value.is_floating_point():
            numbers = found[first : first + value.numel()]
            value.copy_(torch.from_numpy(numbers).view(value.shape))
            first += value.numel()


def _numbers(stored: dict[str, Any], wanted: Any, file: Path) -> NDArray[np.float64]:
    tensor = stored.get(_plain_name(wanted.name))
    if tensor is None or list(tensor.dims) != list(wanted.dims):
        raise ExportError(
            f"{file} has no weights {wanted.name} as this version lays them out; export it again"
        )
    return numpy_helper.to_array(tensor).astype(np.float64).ravel()


def _plain_name(name: str) -> str:
    return name.removesuffix(HALF_SUFFIX)


def _content(network: nn.Module, contract: StyleContract) -> dict[str, Any]:
    return {
        "kind": "transform",
        "preset": contract.preset,
        "with_content": True,
        "weights": {name: value.contiguous() for name, value in network.state_dict().items()},
        "style": {key: getattr(contract, key) for key in ("name", "title", "artist", "year")},
        "training": dict(contract.training),
    }
