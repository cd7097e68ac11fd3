"""A person network's file back as the network and the content of its checkpoint: to export or to train on.

Norms were taken into the convolutions before them: they come back as norms that change nothing, which a
training moves on from.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor

from export.errors import ExportError
from export.fused_person import convs_with_norms
from export.mask_contract import MASK_KEY
from realtime.onnx_metadata import read_metadata
from training.networks.person_net import PersonNet

_PREFIX = "network."


def person_of(file: Path) -> tuple[PersonNet, dict[str, Any]]:
    """Return the network of a file such as `realtime/models/person.onnx`, and the content of its checkpoint.

    Raises:
        ExportError: if it lacks a weight, or was written by a version with another network.
        LivebrushError: if it is no ONNX file.
    """
    notes = json.loads(read_metadata(file)[MASK_KEY])
    stored = _weights(onnx.load(file))
    network = PersonNet().eval()
    state = dict(network.state_dict())
    _undo_norms(network, state, stored)
    for name in stored.keys() - state.keys() | state.keys() - stored.keys():
        raise ExportError(f"{file} lays its network out otherwise than this version, {name}; export it again")
    for name, value in stored.items():
        if value.shape != state[name].shape:
            raise ExportError(f"{file}: {name} is {tuple(value.shape)}, expected {tuple(state[name].shape)}")
    network.load_state_dict(stored)
    content = {
        "kind": "person",
        "area": int(notes["area"]),
        "weights": dict(network.state_dict()),
        "training": notes.get("training", {}),
    }
    return network, content


def _weights(model: onnx.ModelProto) -> dict[str, Tensor]:
    """Return every weight by its name in the network, those of 8 bits widened."""
    arrays: dict[str, NDArray[Any]] = {
        tensor.name.removeprefix(_PREFIX): numpy_helper.to_array(tensor)
        for tensor in model.graph.initializer
        if tensor.name.startswith(_PREFIX)
    }
    found = {}
    for name, array in arrays.items():
        if name.endswith(".levels"):
            plain = name.removesuffix(".levels")
            found[plain] = torch.from_numpy(array.astype(np.float32) * arrays[f"{plain}.scale"])
        elif name.endswith((".weight", ".bias")):
            found[name] = torch.from_numpy(array.astype(np.float32))
    return found


def _undo_norms(network: PersonNet, state: dict[str, Tensor], stored: dict[str, Tensor]) -> None:
    """Move the biases that norms became back into norms, in place."""
    places = {module: name for name, module in network.named_modules()}
    for parent, conv, norm in convs_with_norms(network):
        before, after = (f"{places[parent]}.{name}" if places[parent] else name for name in (conv, norm))
        bias = stored.pop(f"{before}.bias", None)
        if bias is None:
            continue  # the caller finds it missing
        eps = parent.get_submodule(norm).eps
        stored |= {
            f"{after}.weight": torch.ones_like(bias),
            f"{after}.bias": bias,
            f"{after}.running_mean": torch.zeros_like(bias),
            # With which a norm divides by exactly 1.
            f"{after}.running_var": torch.full_like(bias, 1 - float(eps)),  # type: ignore[arg-type]
            f"{after}.num_batches_tracked": state[f"{after}.num_batches_tracked"],
        }
