"""A network that paints as one ONNX graph: a picture in, a picture out, everything else inside.

The module is not called onnx.py: it would hide the package of that name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from export.blocks import pack_blocks, use_blocks
from export.byte_graph import PixelGraph
from export.colour_order import in_bgr
from export.errors import ExportError
from export.frames import calibration_frames, checked_frames
from export.int8 import SCALE_SUFFIX, Quantised, describe, quantise
from export.parity import paint
from export.pixel_scale import KEEPS_FP32, fold_pixel_scale
from export.runs import RunGraph
from export.shuffle_order import shuffle_whole_pixels
from export.source import Source
from export.style_contract import MAX_SIZE, MIN_SIZE, make_contract
from export.targets import ExportOptions
from export.whole import write_whole
from export.wide_start import wide_start_note
from realtime import __version__
from realtime.contract import FLOATS_KEY, INPUT_NAME, METADATA_KEY, OUTPUT_NAME, StyleContract
from realtime.engine import EngineOptions, choose_engine
from realtime.errors import MissingExtraError
from training.networks.turbo_net import CellNet

Pixels = Literal["uint8", "float32"]
WeightsPrecision = Literal["fp16", "fp32"]

OPSET = 20
# Smaller tensors are shapes and scalars; halving them saves nothing and may cost exactness.
_WORTH_HALVING = 64


@dataclass(frozen=True)
class OnnxOptions:
    """How the graph meets the world.

    Args:
        pixels: uint8 is (1, H, W, 3) in [0, 255], BGR as cameras have it; float32 is RGB,
            (1, 3, H, W) in [0, 1].
        weights: fp16 halves the file; engines widen them when they load it.
    """

    pixels: Pixels = "uint8"
    weights: WeightsPrecision = "fp16"


class UnitGraph(nn.Module):
    """float RGB in [0, 1], (1, 3, H, W) -> the same; values outside are brought back on both ends."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        stylized_image: Tensor = self.network(image.clamp(0, 1)).clamp(0, 1)
        return stylized_image


def why_not_here() -> str:
    """Return why a style file cannot be run here, in words; "" if an engine for it is installed."""
    try:
        choose_engine(EngineOptions(device="cpu"))
    except MissingExtraError as error:
        return str(error)
    return ""


def write(source: Source, file: Path, options: ExportOptions) -> list[str]:
    """Write a style file, as the table of targets wants it; see `export_onnx`."""
    if options.precision == "int8":
        quantised, notes = quantised_graph(source)
        write_whole(file, quantised.model.SerializeToString())
        return notes
    stored = OnnxOptions(cast(Pixels, options.pixels), cast(WeightsPrecision, options.precision))
    contract = export_onnx(source.network, source.content, file, stored)
    if source.recurrent is None or stored.pixels != "uint8":
        return []
    from export.to_recurrent import write_recurrent

    return [write_recurrent(source.recurrent, contract, file, stored.weights)]


def quantised_graph(source: Source) -> tuple[Quantised, list[str]]:
    """Return a style's graph in 8 bits, bytes to bytes, with its contract; and what a report says of it.

    Raises:
        ExportError: if the picture does not allow it.
        MissingExtraError: if what it is calibrated with is not installed.
    """
    calibration = calibration_frames()
    checked = [*(frame for _, frame in checked_frames()), *calibration[:1]]
    found = quantise(
        style_graph(source.network, "uint8"), partial(paint, source.network), calibration, checked
    )
    # What stayed in fp32 is stored as in other files.
    pack_blocks(found.model)
    store_halves(found.model)
    training = {**source.content["training"], "convolutions_in_float": list(found.in_float)}
    notes = [describe(found)]
    if note := wide_start_note(source.network):  # then engines shall not make bf16 of what is left in floats
        training[FLOATS_KEY] = "fp32"
        notes.append(note)
    contract = replace(
        _contract(source.network, source.content, OnnxOptions()), weights_precision="int8", training=training
    )
    strip(found.model)
    helper.set_model_props(found.model, {METADATA_KEY: contract.to_json()})
    onnx.checker.check_model(found.model, full_check=True)
    return found, notes


def export_onnx(
    network: nn.Module, checkpoint: dict[str, Any], file: Path, options: OnnxOptions = OnnxOptions()
) -> StyleContract:
    """Write a network that paints as ONNX with its contract in the metadata, whole or not at all.

    Args:
        network: RGB in [0, 1] -> the same, (N, 3, H, W); in evaluation mode.
        checkpoint: what `training.checkpoint.load_checkpoint` returned; gives the credits.
        file: where to, NAME.onnx.
        options: pixels and weights.
    Returns:
        The contract that the file carries.
    Raises:
        ExportError: if the credits do not make a valid contract, or the file cannot be written.
    """
    rounded = as_stored(network, options.weights)
    contract = _contract(rounded, checkpoint, options)
    model = style_graph(rounded, options.pixels)
    pack_blocks(model)
    if options.weights == "fp16":
        store_halves(model)
    helper.set_model_props(model, {METADATA_KEY: contract.to_json()})
    onnx.checker.check_model(model, full_check=True)
    write_whole(file, model.SerializeToString())
    return contract


def style_graph(network: nn.Module, pixels: Pixels) -> onnx.ModelProto:
    """Return what a style file holds of a network that paints RGB, its weights in fp32; without a contract.

    Raises:
        ExportError: if the network cannot take whole pixels.
    """
    model = trace(*_picture_graph(network, pixels))
    if fit_for_engines(model) == 0 and pixels == "uint8":
        raise ExportError("no convolution can take whole pixels: bf16 would paint lines into smooth skies")
    return model


def fit_for_engines(model: onnx.ModelProto) -> int:
    """Rewrite a traced graph in place so that engines run it well; return how many layers take bytes."""
    # torch knows the output's sides only as a formula; they are the input's.
    for ours, theirs in zip(
        model.graph.output[0].type.tensor_type.shape.dim,
        model.graph.input[0].type.tensor_type.shape.dim,
        strict=True,
    ):
        ours.CopyFrom(theirs)
    folded = fold_pixel_scale(model)
    use_blocks(model)
    shuffle_whole_pixels(model)
    return folded


def as_stored(network: nn.Module, weights: WeightsPrecision) -> nn.Module:
    """Return the network that the file will hold, so that the hash and the checks speak of it."""
    if weights == "fp32":
        return network
    import copy

    rounded = copy.deepcopy(network)
    for value in rounded.state_dict().values():
        if value.is_floating_point() and value.numel() >= _WORTH_HALVING:
            value.copy_(value.half().float())
    return rounded


def _contract(network: nn.Module, checkpoint: dict[str, Any], options: OnnxOptions) -> StyleContract:
    pixels: dict[str, Any] = {"layout": "NHWC", "dtype": "uint8", "value_range": (0, 255), "colour": "BGR"}
    if options.pixels == "float32":
        pixels = {"layout": "NCHW", "dtype": "float32", "value_range": (0, 1), "colour": "RGB"}
    return make_contract(network, checkpoint, weights_precision=options.weights, **pixels)


def _picture_graph(network: nn.Module, pixels: Pixels) -> tuple[nn.Module, Tensor, dict[int, str]]:
    """Return the whole graph, a picture to trace it with, and the names of its free axes."""
    # Odd sides, so that nothing about multiples is taken for granted while tracing.
    if pixels == "uint8":
        paints = in_bgr(network)
        graph: nn.Module = RunGraph(paints) if isinstance(paints, CellNet) else PixelGraph(paints)
        return graph, torch.zeros(1, 97, 131, 3, dtype=torch.uint8), {1: "height", 2: "width"}
    return UnitGraph(network), torch.zeros(1, 3, 97, 131), {2: "height", 3: "width"}


def trace(
    graph: nn.Module,
    example: Tensor | Mapping[str, Tensor],
    axes: dict[int, str],
    *,
    output: str = OUTPUT_NAME,
    smallest: int = MIN_SIZE,
) -> onnx.ModelProto:
    """Trace a graph from one picture, called "image", to `output`, and drop what the tracer notes.

    Args:
        graph: in evaluation mode afterwards.
        example: a picture; or several inputs by name, in their order, no tensor twice.
        axes: which of its axes may have any length, and their names; of each input the same.
        output: name of what comes out.
        smallest: length of those axes.
    Raises:
        ExportError: if torch gives no program.
    """
    free = {axis: torch.export.Dim(name, min=smallest, max=MAX_SIZE) for axis, name in axes.items()}
    inputs = {INPUT_NAME: example} if isinstance(example, Tensor) else example
    program = torch.onnx.export(
        graph.eval(),
        tuple(inputs.values()),
        dynamo=True,
        input_names=list(inputs),
        output_names=[output],
        dynamic_shapes=(free,) * len(inputs),
        opset_version=OPSET,
        verbose=False,
    )
    if program is None:
        raise ExportError("torch.onnx.export gave no program")
    model: onnx.ModelProto = program.model_proto
    strip(model)
    return model


def strip(model: onnx.ModelProto) -> None:
    """Drop what the tracer notes about itself: half of the file, and paths of the machine that wrote it."""
    graph = model.graph
    for part in (
        model,
        graph,
        *graph.node,
        *graph.input,
        *graph.output,
        *graph.initializer,
        *graph.value_info,
    ):
        part.doc_string = ""
        del part.metadata_props[:]
    # Shapes in between follow from the input's; engines infer them anyway.
    del graph.value_info[:]
    model.producer_name, model.producer_version = "livebrush", __version__


def store_halves(model: onnx.ModelProto) -> None:
    """Store weights in half precision, each with a Cast that engines fold when they load the file."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < _WORTH_HALVING:
            continue
        if KEEPS_FP32 in tensor.name or tensor.name.endswith(SCALE_SUFFIX):
            continue
        half_name = f"{tensor.name}.fp16"
        half = numpy_helper.to_array(tensor).astype(np.float16)
        casts.append(helper.make_node("Cast", [half_name], [tensor.name], to=TensorProto.FLOAT))
        tensor.CopyFrom(numpy_helper.from_array(half, half_name))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
