"""The person network as one graph: a frame in, where people are out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from export.fused_person import WORTH_ROUNDING, as_stored
from export.mask_contract import MASK_KEY, OUTPUT_NAME, mask_contract
from export.to_onnx import OPSET, strip
from export.whole import write_whole
from realtime.contract import INPUT_NAME
from training.levels import as_levels
from training.networks.person_net import MULTIPLE, PersonNet

LABELS = ("person",)


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
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < WORTH_ROUNDING:
            continue
        levels, scale = as_levels(numpy_helper.to_array(tensor))
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(levels, f"{name}.levels"))
        scales.append(numpy_helper.from_array(scale, f"{name}.scale"))
        nodes.append(helper.make_node("Cast", [f"{name}.levels"], [f"{name}.wide"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [f"{name}.wide", f"{name}.scale"], [name]))
    model.graph.initializer.extend(scales)
    kept = [*nodes, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(kept)
