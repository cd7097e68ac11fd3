"""The student as one graph: frame, masks and styles in, painting out; a style picture in, styles out."""

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
from export.shuffle_order import shuffle_whole_pixels
from export.silence import silence
from export.style_contract import COUNTED_HW, MAX_SIZE, MIN_SIZE, weights_sha256
from export.to_onnx import OPSET, as_stored, store_halves, strip
from export.whole import write_whole
from realtime import __version__
from realtime.contract import INPUT_NAME, OUTPUT_NAME, StyleContract
from realtime.errors import ContractError
from realtime.student import (
    MASKS_NAME,
    MOST_REGIONS,
    PICTURE_MASKS_NAME,
    PICTURE_NAME,
    STUDENT_KEY,
    STYLE_NAME,
    VECTORS_NAME,
)
from training.networks.student_net import MULTIPLE, StudentNet
from training.networks.style_encoder import STYLE_MULTIPLE


class StudentGraph(nn.Module):
    """Bytes to bytes around a student. It does two things that have nothing to do with each other.

    uint8 BGR, (1, H, W, 3); masks, uint8, (1, K, H, W), 255 for inside; styles, float32, (1, K, numbers) ->
    uint8 BGR, (1, H, W, 3).

    A style picture and its masks, likewise, sides multiples of 16 -> styles, float32, (1, K, numbers).
    """

    def __init__(self, network: StudentNet) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, frame: Tensor, masks: Tensor, style: Tensor, picture: Tensor, picture_masks: Tensor
    ) -> tuple[Tensor, Tensor]:
        painting = self.network(_image(frame), masks.float() / 255, style)
        levels = (painting * 255).round().to(torch.uint8)
        vectors = self.network.style_vectors(_image(picture), picture_masks.float() / 255)
        return levels.flip(1).permute(0, 2, 3, 1), vectors


def _image(frame: Tensor) -> Tensor:
    """uint8 BGR, (1, H, W, 3) -> RGB in [0, 1], (1, 3, H, W)."""
    return frame.permute(0, 3, 1, 2).float().flip(1) / 255


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
    """Return the graph, for sides that are multiples of 4, in styles of 16, and up to 16 regions each."""
    frame = _sides("h", "w", MULTIPLE, MIN_SIZE)
    picture = _sides("picture_h", "picture_w", STYLE_MULTIPLE, MIN_SIZE)
    regions, parts = (torch.export.Dim(name, min=1, max=MOST_REGIONS) for name in ("regions", "parts"))
    example = (
        torch.zeros(1, 96, 136, 3, dtype=torch.uint8),
        torch.zeros(1, 3, 96, 136, dtype=torch.uint8),
        torch.ones(1, 3, network.numbers),
        torch.zeros(1, 80, 112, 3, dtype=torch.uint8),
        torch.zeros(1, 2, 80, 112, dtype=torch.uint8),
    )
    dynamic = (
        dict(enumerate(frame, 1)),
        {1: regions, **dict(enumerate(frame, 2))},
        {1: regions},
        dict(enumerate(picture, 1)),
        {1: parts, **dict(enumerate(picture, 2))},
    )
    with silence():  # it warns of axes of the same length
        program = torch.onnx.export(
            StudentGraph(network).eval(),
            example,
            dynamo=True,
            input_names=[INPUT_NAME, MASKS_NAME, STYLE_NAME, PICTURE_NAME, PICTURE_MASKS_NAME],
            output_names=[OUTPUT_NAME, VECTORS_NAME],
            dynamic_shapes=dynamic,
            opset_version=OPSET,
            verbose=False,
        )
    if program is None:
        raise ExportError("torch.onnx.export gave no program")
    model: onnx.ModelProto = program.model_proto
    strip(model)
    shuffle_whole_pixels(model)
    return model


def _sides(high: str, wide: str, multiple: int, least: int) -> tuple[Any, Any]:
    """Return the symbols of two sides that are multiples of a number."""
    rows, columns = (
        torch.export.Dim(f"{name}_{multiple}", min=least // multiple, max=MAX_SIZE // multiple)
        for name in (high, wide)
    )
    return multiple * rows, multiple * columns


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
