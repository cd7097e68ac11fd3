"""A meta network as one file that writes style files without torch: see `realtime.meta_file`.

Where each written number ends up in a style file is not worked out but looked up: the network is exported
once with its parameters numbered, and the numbers are found again in the graph's tensors, whatever the
export did to their order.
"""

import copy
import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from export.errors import ExportError
from export.style_contract import make_contract, weights_sha256
from export.to_onnx import store_halves, style_graph, trace
from export.whole import write_whole
from realtime.meta_file import MetaFilePlan, Patch
from training.levels import as_levels
from training.networks.meta_net import MetaNet
from training.networks.meta_style import MetaStyle

# Whole numbers from here on, exact in float32: no other weight is as large.
_FIRST_MARK = 1_000_000
_LAST_MARK = 2**24
_SMALLEST_PICTURE = 32
_VECTOR_NAME = "style_vector"
# Of a checkpoint's notes on its training, what every style made by it repeats.
_KEPT_NOTES = ("pictures", "steps")


class EncoderGraph(nn.Module):
    """uint8 BGR (1, H, W, 3) -> the style vector (1, D), around an encoder of RGB in [0, 1]."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = copy.deepcopy(encoder)
        first = next(layer for layer in self.encoder.modules() if isinstance(layer, nn.Conv2d))
        first.weight.data = first.weight.data.flip(1)

    def forward(self, image: Tensor) -> Tensor:
        vector: Tensor = self.encoder(image.permute(0, 3, 1, 2).float() / 255)
        return vector


def export_meta(meta_style: MetaStyle, checkpoint: dict[str, Any], file: Path) -> MetaFilePlan:
    """Write a meta network as meta.npz, whole or not at all.

    Args:
        meta_style: in evaluation mode, with the small encoder.
        checkpoint: what `training.checkpoint.load_checkpoint` returned.
        file: where to, NAME.npz.
    Returns:
        What the file says of itself.
    Raises:
        ExportError: if it reads styles by VGG, whose weights may not be passed on, or cannot be written.
    """
    if meta_style.encoder is None:
        raise ExportError(
            "this meta network reads styles by a feature network that is not ours to pass on; train it on "
            "with: python -m training meta --encoder small --init-from CHECKPOINT"
        )
    meta_net = meta_style.meta_net
    template, patches, places = _template(meta_net)
    arrays = {
        "encoder": _as_array(_encoder_graph(meta_style.encoder)),
        "template": _as_array(template),
        **_to_hidden(meta_net),
        **_writers(meta_net),
        **{f"places_{number}": found for number, found in enumerate(places)},
    }
    plan = _plan(meta_style, checkpoint, patches, arrays)
    arrays |= _for_training(meta_style, checkpoint)
    stream = io.BytesIO()
    np.savez(stream, plan=_as_array(plan.to_json().encode()), **arrays)  # type: ignore[arg-type]
    write_whole(file, stream.getvalue())
    return plan


def generated_net(meta_net: MetaNet, hidden: Tensor) -> nn.Module:
    """Return the network that hidden numbers, (groups * hidden,), write, as torch has it."""
    network = copy.deepcopy(meta_net.network)
    with torch.no_grad():
        network.load_state_dict(meta_net.generate_from_hidden(hidden))
    return network.eval()


def _plan(
    meta_style: MetaStyle, checkpoint: dict[str, Any], patches: Sequence[Patch], arrays: dict[str, Any]
) -> MetaFilePlan:
    meta_net = meta_style.meta_net
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(name.encode() + array.tobytes())
    credits = {"name": "any", "title": "", "artist": "", "year": ""}
    notes = {key: checkpoint["training"][key] for key in _KEPT_NOTES if key in checkpoint["training"]}
    as_transform = {**checkpoint, "kind": "transform", "style": credits, "training": notes}
    pixels = {"layout": "NHWC", "dtype": "uint8", "value_range": (0, 255), "colour": "BGR"}
    return MetaFilePlan(
        weights_sha256=weights_sha256(meta_style),
        content_sha256=digest.hexdigest(),
        style_size=int(checkpoint["encoder"]["style_size"]),
        style_numbers=meta_net.style_numbers,
        hidden=meta_net.group_size,
        groups=tuple(group.size for group in meta_net.groups),
        patches=tuple(patches),
        contract=make_contract(meta_net.network, as_transform, weights_precision="fp16", **pixels),
    )


def encoder_graph(encoder: nn.Module) -> onnx.ModelProto:
    """Return the encoder's graph, its weights in fp32."""
    axes = {1: "height", 2: "width"}
    example = torch.zeros(1, 97, 131, 3, dtype=torch.uint8)
    return trace(EncoderGraph(encoder), example, axes, output=_VECTOR_NAME, smallest=_SMALLEST_PICTURE)


def _encoder_graph(encoder: nn.Module) -> bytes:
    model = encoder_graph(encoder)
    store_halves(model)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _for_training(meta_style: MetaStyle, checkpoint: dict[str, Any]) -> dict[str, NDArray[Any]]:
    """Return what the runtime does not want, but who trains the network on: see `export.from_meta`."""
    scale = {f"scale.{name}": value for name, value in meta_style.scale.state_dict().items()}
    notes = {key: checkpoint[key] for key in ("plan", "encoder", "training")}
    arrays = {name: value.numpy().astype(np.float16) for name, value in scale.items()}
    return {**arrays, "checkpoint": _as_array(json.dumps(notes).encode())}


def _to_hidden(meta_net: MetaNet) -> dict[str, NDArray[Any]]:
    """Return the one layer before the writers, its factors multiplied out."""
    with torch.no_grad():
        nothing = torch.zeros(1, meta_net.style_numbers)
        bias = meta_net.to_hidden(nothing)[0]
        weight = (meta_net.to_hidden(torch.eye(meta_net.style_numbers)) - bias).T
    after = 2**0.5  # of `MetaNet.hidden`; a factor that is not negative may go before its ReLU
    return {
        "to_hidden": (weight * after).numpy().astype(np.float16),
        "to_hidden_bias": (bias * after).numpy().astype(np.float32),
    }


def _writers(meta_net: MetaNet) -> dict[str, NDArray[Any]]:
    """Return the writers' rows in 8 bits, each with its scale, and the shared numbers that are added."""
    arrays: dict[str, NDArray[Any]] = {}
    for number, writer in enumerate(meta_net.writers):
        levels, scale = as_levels(writer.detach().numpy())
        arrays[f"writer_{number}"] = levels
        arrays[f"scale_{number}"] = (scale.ravel() * meta_net.group_size**-0.5).astype(np.float32)
    values = dict(meta_net.network.named_parameters())
    shared = [values[name].detach().flatten() for group in meta_net.groups for name in group.names]
    return {**arrays, "shared": torch.cat(shared).numpy().astype(np.float32)}


def _template(meta_net: MetaNet) -> tuple[bytes, list[Patch], list[NDArray[np.int32]]]:
    """Return the graph of every style file, its tensors that are written, and what goes where in them."""
    network = copy.deepcopy(meta_net.network).eval()
    values, first = dict(network.named_parameters()), _FIRST_MARK
    for group in meta_net.groups:
        for name, shape in zip(group.names, group.shapes, strict=True):
            values[name].data = torch.arange(first, first + shape.numel()).float().view(shape)
            first += shape.numel()
    if first > _LAST_MARK:
        raise ExportError(f"the preset has {first - _FIRST_MARK} numbers to write, too many to tell apart")
    model = style_graph(network, "uint8")
    marked = {tensor.name: _places(tensor, first) for tensor in model.graph.initializer}
    found = {name: places for name, places in marked.items() if places is not None}
    written = np.unique(np.concatenate(list(found.values())))
    if not np.isin(np.arange(first - _FIRST_MARK), written).all():
        raise ExportError("the export lost numbers of the network on their way into the graph")
    return _with_patches(model, found)


def _places(tensor: Any, end: int) -> NDArray[np.int32] | None:
    """Return which written number each number of a tensor is, their count for a zero; None if none is."""
    values = numpy_helper.to_array(tensor).ravel().astype(np.float64)
    is_mark = (values >= _FIRST_MARK) & (values < end)
    if tensor.data_type != onnx.TensorProto.FLOAT or not is_mark.any():
        return None
    if not (is_mark | (values == 0)).all():
        raise ExportError(f"the export mixes written numbers with others in {tensor.name}")
    return np.where(is_mark, values - _FIRST_MARK, end - _FIRST_MARK).astype(np.int32)


def _with_patches(
    model: onnx.ModelProto, found: dict[str, NDArray[np.int32]]
) -> tuple[bytes, list[Patch], list[NDArray[np.int32]]]:
    """Bring the graph into its last form and find in its bytes where the tensors of `found` lie."""
    # Marks are too large for half precision: what stands there is replaced by chance, to be found again.
    chance, fills = np.random.default_rng(0), {}
    names = {tensor.name for tensor in model.graph.initializer if tensor.name in found}
    for tensor in model.graph.initializer:
        if tensor.name in names:
            _fill(tensor, chance.random(len(found[tensor.name])))
    store_halves(model)
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    onnx.checker.check_model(model, full_check=True)
    data, patches = bytearray(model.SerializeToString()), []
    for name, places in found.items():
        tensor = stored[f"{name}.fp16" if f"{name}.fp16" in stored else name]
        fills[name] = tensor.raw_data
        if not tensor.raw_data or data.count(tensor.raw_data) != 1:
            raise ExportError(f"cannot tell where {name} lies in the graph")
        dtype = str(numpy_helper.to_array(tensor).dtype)
        patches.append(Patch(data.index(tensor.raw_data), dtype, len(places)))
    for patch, fill in zip(patches, fills.values(), strict=True):
        data[patch.offset : patch.offset + len(fill)] = bytes(len(fill))
    return bytes(data), patches, list(found.values())


def _fill(tensor: Any, values: NDArray[np.float64]) -> None:
    shape = tuple(tensor.dims)
    tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float32).reshape(shape), tensor.name))


def _as_array(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data, np.uint8)
