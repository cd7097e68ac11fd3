"""The student as one graph: a frame, masks and styles in; the painting and the frame's own statistics out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import helper
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from export.errors import ExportError
from export.silence import silence
from export.style_contract import COUNTED_HW, MAX_SIZE, MIN_SIZE, weights_sha256
from export.to_onnx import OPSET, as_stored, store_halves, strip
from export.whole import write_whole
from realtime import __version__
from realtime.contract import INPUT_NAME, OUTPUT_NAME, StyleContract
from realtime.errors import ContractError
from realtime.student import MASKS_NAME, MOST_REGIONS, STATISTICS_NAME, STUDENT_KEY, STYLE_NAME
from training.networks.student_net import MULTIPLE, StudentNet


class StudentGraph(nn.Module):
    """Bytes to bytes around a student.

    uint8 BGR, (1, H, W, 3); masks, uint8, (1, K, H, W), 255 for inside; styles, float32, (1, K, numbers) ->
    uint8 BGR, (1, H, W, 3); the regions' own statistics, float32, (1, K, numbers).
    """

    def __init__(self, network: StudentNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, frame: Tensor, masks: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
        image = frame.permute(0, 3, 1, 2).float().flip(1) / 255
        painting, statistics = self.network(image, masks.float() / 255, style)
        levels = (painting.clamp(0, 1) * 255).round().to(torch.uint8)
        return levels.flip(1).permute(0, 2, 3, 1), statistics


def export_student(network: StudentNet, content: dict[str, Any], file: Path) -> StudentNet:
    """Write a student as ONNX, whole or not at all; return it with the weights that the file holds.

    Args:
        network: in evaluation mode.
        content: of its checkpoint.
        file: where to, NAME.onnx.
    Raises:
        ExportError: if the file cannot be written.
    """
    stored = as_stored(network, "fp16")
    assert isinstance(stored, StudentNet)
    model = trace_student(stored)
    store_halves(model)
    plan = {"version": 1, "numbers": stored.numbers, "contract": _contract(stored, content).to_json()}
    helper.set_model_props(model, {STUDENT_KEY: json.dumps(plan)})
    onnx.checker.check_model(model, full_check=True)
    write_whole(file, model.SerializeToString())
    return stored


def trace_student(network: StudentNet) -> onnx.ModelProto:
    """Return the graph, for any sides that are multiples of 8, and any number of regions up to 16."""
    rows, columns = (
        torch.export.Dim(name, min=MIN_SIZE // MULTIPLE, max=MAX_SIZE // MULTIPLE) for name in "hw"
    )
    height, width = MULTIPLE * rows, MULTIPLE * columns
    regions = torch.export.Dim("regions", min=1, max=MOST_REGIONS)
    example = (
        torch.zeros(1, 96, 136, 3, dtype=torch.uint8),
        torch.zeros(1, 3, 96, 136, dtype=torch.uint8),
        torch.ones(1, 3, network.numbers),
    )
    with silence():  # it warns of axes of the same length
        program = torch.onnx.export(
            StudentGraph(network).eval(),
            example,
            dynamo=True,
            input_names=[INPUT_NAME, MASKS_NAME, STYLE_NAME],
            output_names=[OUTPUT_NAME, STATISTICS_NAME],
            dynamic_shapes=({1: height, 2: width}, {1: regions, 2: height, 3: width}, {1: regions}),
            opset_version=OPSET,
            verbose=False,
        )
    if program is None:
        raise ExportError("torch.onnx.export gave no program")
    model: onnx.ModelProto = program.model_proto
    strip(model)
    return model


def _contract(network: StudentNet, content: dict[str, Any]) -> StyleContract:
    height, width = COUNTED_HW
    inputs = (
        torch.zeros(1, 3, height, width),
        torch.ones(1, 2, height, width),
        torch.ones(1, 2, network.numbers),
    )
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(*inputs)
    try:
        return StyleContract(
            name="semantic",
            title="Semantic",
            artist="",
            year="",
            preset="student",
            colour="BGR",
            min_size=MIN_SIZE,
            max_size=MAX_SIZE,
            size_multiple=MULTIPLE,
            flop_per_pixel=counter.get_total_flops() / (height * width),
            weights_precision="fp16",
            weights_sha256=weights_sha256(network),
            livebrush_version=__version__,
            training=content["training"],
        )
    except ContractError as error:
        raise ExportError(f"the checkpoint makes no valid student: {error}") from error
