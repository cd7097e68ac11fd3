"""The file of a meta network back as a checkpoint: to train on what ships.

The numbers come back as the file has them: writers in 8 bits, all else in 16.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.errors import ExportError
from export.from_onnx import read_weights
from export.to_meta import encoder_graph
from export.to_onnx import style_graph
from realtime.meta_file import MetaFile
from training.networks.meta_net import MetaNet
from training.networks.meta_style import MetaPlan, MetaStyle, build_meta_style

_SCALE = "scale."


def checkpoint_of_meta(file: Path) -> tuple[MetaStyle, dict[str, Any]]:
    """Return the meta network of meta.npz, in evaluation mode, and the content of its checkpoint.

    Raises:
        ExportError: if the file lacks what only a training wants, as those of earlier versions do.
        StyleFileError: if it is no meta network, or a damaged one.
    """
    meta = MetaFile(file)
    with np.load(file, allow_pickle=False) as arrays:
        if "checkpoint" not in arrays:
            raise ExportError(f"{file} was exported by an earlier version, without what a training wants")
        notes = json.loads(bytes(arrays["checkpoint"]))
        scale = {
            name: torch.from_numpy(arrays[name].astype(np.float32))
            for name in arrays.files
            if name.startswith(_SCALE)
        }
    meta_style = build_meta_style(MetaPlan(**notes["plan"])).eval()
    meta_style.scale.load_state_dict({name.removeprefix(_SCALE): value for name, value in scale.items()})
    assert meta_style.encoder is not None  # no other is ever exported
    read_weights(meta_style.encoder, encoder_graph, onnx.load_from_string(meta.encoder), file)
    template = onnx.load_from_string(bytes(meta.template))
    meta_net = meta_style.meta_net
    # What styles write is zero there; it follows.
    read_weights(meta_net.network, lambda marked: style_graph(marked, "uint8"), template, file)
    with torch.no_grad():
        _read_shared(meta_net, meta.shared)
        _read_writers(meta_net, meta)
    content = {
        "kind": "meta",
        "preset": meta_net.preset,
        "with_content": True,
        "weights": {name: value.contiguous() for name, value in meta_style.state_dict().items()},
        **notes,
    }
    return meta_style, content


def _read_shared(meta_net: MetaNet, shared: NDArray[np.float32]) -> None:
    """Undo what `export.to_meta._writers` does with the numbers that written ones are added to."""
    values, first = dict(meta_net.network.named_parameters()), 0
    for group in meta_net.groups:
        for name, shape in zip(group.names, group.shapes, strict=True):
            numbers = shared[first : first + shape.numel()]
            values[name].copy_(_tensor(numbers).view(shape))
            first += shape.numel()


def _read_writers(meta_net: MetaNet, meta: MetaFile) -> None:
    """Undo the factors that `export.to_meta` multiplies out."""
    after = 2**0.5
    weight, bias = meta.to_hidden
    meta_net.to_hidden.weight.copy_(_tensor(weight) / after * meta_net.style_numbers**0.5)
    meta_net.to_hidden.bias.copy_(_tensor(bias) / after)
    for writer, (rows, scale) in zip(meta_net.writers, meta.writers, strict=True):
        writer.copy_(_tensor(rows) * _tensor(scale)[:, None] * meta_net.group_size**0.5)


def _tensor(numbers: NDArray[Any]) -> Tensor:
    return torch.from_numpy(numbers.astype(np.float32))
