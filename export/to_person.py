"""The person network as one graph: a frame in, where people are out."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from export.mask_contract import MASK_KEY, OUTPUT_NAME, mask_contract
from export.to_onnx import OPSET, strip
from export.whole import write_whole
from realtime.contract import INPUT_NAME
from training.networks.person_net import MULTIPLE, PersonNet

LABELS = ("person",)
# Smaller tensors are biases; they stay as they are.
_WORTH_ROUNDING = 512


class PersonGraph(nn.Module):
    """uint8 BGR, (1, H, W, 3) -> float32, (1, 1, H, W), in [0, 1]. H and W are multiples of 16."""

    def __init__(self, network: PersonNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, frame: Tensor) -> Tensor:
        image = frame.permute(0, 3, 1, 2).float().flip(1) / 255  # (1, 3, H, W), RGB
        alpha: Tensor = self.network(image).sigmoid()
        return alpha


def export_person(network: PersonNet, content: dict[str, Any], file: Path) -> PersonNet:
    """Write a person network as ONNX, whole or not at all; return it with the weights that the file holds.

    Args:
        network: in evaluation mode.
        content: of its checkpoint.
        file: where to, NAME.onnx.
    Raises:
        ExportError: if the file cannot be written.
    """
    stored = as_stored(network)
    model = trace_person(stored)
    store_bytes(model)
    notes = {"area": int(content["area"]), "training": content["training"]}
    helper.set_model_props(model, {MASK_KEY: mask_contract(LABELS, multiple=MULTIPLE, **notes)})
    onnx.checker.check_model(model, full_check=True)
    write_whole(file, model.SerializeToString())
    return stored


def as_stored(network: PersonNet) -> PersonNet:
    """Return the network with norms taken into convolutions, and weights as 8 bits hold them."""
    fused = copy.deepcopy(network).eval()
    _fuse_norms(fused)
    with torch.no_grad():
        for value in fused.parameters():
            if value.numel() >= _WORTH_ROUNDING:
                levels, scale = _rounded(value.numpy())
                value.copy_(torch.from_numpy(levels.astype(np.float32) * scale))
    return fused


def trace_person(network: PersonNet) -> onnx.ModelProto:
    """Return the graph of a network without norms, for any sides that are multiples of 16."""
    sides = {
        axis: MULTIPLE * torch.export.Dim(name, min=4, max=256)
        for axis, name in ((1, "rows"), (2, "columns"))
    }
    program = torch.onnx.export(
        PersonGraph(network).eval(),
        (torch.zeros(1, 96, 160, 3, dtype=torch.uint8),),
        dynamo=True,
        input_names=[INPUT_NAME],
        output_names=[OUTPUT_NAME],
        dynamic_shapes=(sides,),
        opset_version=OPSET,
        verbose=False,
    )
    assert program is not None
    model: onnx.ModelProto = program.model_proto
    strip(model)
    return model


def store_bytes(model: onnx.ModelProto) -> None:
    """Store weights in 8 bits, a scale for each output channel.

    They are widened by Cast and Mul, which engines fold as they load the file. DequantizeLinear would be
    taken for the mark of a network in 8 bits, and be computed for every frame.
    """
    nodes, scales = [], []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < _WORTH_ROUNDING:
            continue
        levels, scale = _rounded(numpy_helper.to_array(tensor))
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(levels, f"{name}.levels"))
        scales.append(numpy_helper.from_array(scale, f"{name}.scale"))
        nodes.append(helper.make_node("Cast", [f"{name}.levels"], [f"{name}.wide"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [f"{name}.wide", f"{name}.scale"], [name]))
    model.graph.initializer.extend(scales)
    kept = [*nodes, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(kept)


def _rounded(weight: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return int8 levels and the float32 scale of each output channel, shaped to be multiplied with them."""
    axes = tuple(range(1, weight.ndim))
    scale = np.maximum(np.abs(weight).max(axis=axes, keepdims=True), 1e-12).astype(np.float32) / 127
    return np.rint(weight / scale).astype(np.int8), scale


def _fuse_norms(module: nn.Module) -> None:
    """Take every batch norm into the convolution before it, in place."""
    before: tuple[str, nn.Conv2d] | None = None
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d) and before is not None:
            setattr(module, before[0], fuse_conv_bn_eval(before[1], child))
            setattr(module, name, nn.Identity())
        before = (name, child) if isinstance(child, nn.Conv2d) else None
        _fuse_norms(child)
