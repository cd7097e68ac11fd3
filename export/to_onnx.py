"""A network that paints as one ONNX graph: a picture in, a picture out, everything else inside.

The module is not called onnx.py: it would hide the package of that name.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from export.blocks import use_blocks
from export.cells import CellGraph
from export.colour_order import in_bgr
from export.errors import ExportError
from export.pixel_scale import KEEPS_FP32, fold_pixel_scale
from realtime import __version__
from realtime.contract import INPUT_NAME, METADATA_KEY, OUTPUT_NAME, StyleContract
from realtime.errors import ContractError
from training.networks.transform_net import count_flop
from training.networks.turbo_net import CellNet

Pixels = Literal["uint8", "float32"]
WeightsPrecision = Literal["fp16", "fp32"]

OPSET = 20
# The smallest and largest side that the networks are made and tested for.
MIN_SIZE, MAX_SIZE = 64, 4096
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


class PixelGraph(nn.Module):
    """uint8 (1, H, W, 3) -> the same, around a network of floats. Wraps it, never edits it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        content_image = image.permute(0, 3, 1, 2).float() / 255  # (1, 3, H, W)
        stylized_image = self.network(content_image).clamp(0, 1)
        levels: Tensor = (stylized_image * 255).round().to(torch.uint8)
        return levels.permute(0, 2, 3, 1)  # (1, H, W, 3)


class UnitGraph(nn.Module):
    """float RGB in [0, 1], (1, 3, H, W) -> the same; values outside are brought back on both ends."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        stylized_image: Tensor = self.network(image.clamp(0, 1)).clamp(0, 1)
        return stylized_image


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
    rounded = _round_weights(network, options.weights)
    contract = _contract(rounded, checkpoint, options)
    model = _trace(_in_order(rounded, contract), options.pixels)
    _strip(model)
    if fold_pixel_scale(model) == 0 and options.pixels == "uint8":
        raise ExportError("no convolution can take whole pixels: bf16 would paint lines into smooth skies")
    use_blocks(model)
    if options.weights == "fp16":
        _store_halves(model)
    helper.set_model_props(model, {METADATA_KEY: contract.to_json()})
    onnx.checker.check_model(model, full_check=True)
    part = file.with_name(file.name + ".part")
    try:
        part.write_bytes(model.SerializeToString())
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ExportError(f"cannot write {file}: {error.strerror or error}") from error
    return contract


def weights_sha256(network: nn.Module) -> str:
    """Return the SHA-256 over every tensor's name and float32 bytes, in the order of the names."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _round_weights(network: nn.Module, weights: WeightsPrecision) -> nn.Module:
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
    height, width = 360, 640
    pixels: dict[str, Any] = {"layout": "NHWC", "dtype": "uint8", "value_range": (0, 255), "colour": "BGR"}
    if options.pixels == "float32":
        pixels = {"layout": "NCHW", "dtype": "float32", "value_range": (0, 1), "colour": "RGB"}
    try:
        return StyleContract(
            **checkpoint["style"],
            **pixels,
            # Whatever paints it, the runtime has one kind of graph: a picture in, a picture out.
            kind="transform",
            preset=_preset(checkpoint),
            min_size=MIN_SIZE,
            max_size=MAX_SIZE,
            size_multiple=1,
            flop_per_pixel=count_flop(network, height=height, width=width) / (height * width),
            weights_precision=options.weights,
            weights_sha256=weights_sha256(network),
            livebrush_version=__version__,
            training=checkpoint["training"],
        )
    except ContractError as error:
        raise ExportError(f"the checkpoint makes no valid style: {error}") from error


def _in_order(network: nn.Module, contract: StyleContract) -> nn.Module:
    """Return the network for the contract's order of colours."""
    return in_bgr(network) if contract.colour == "BGR" else network


def _preset(checkpoint: dict[str, Any]) -> str:
    kind, preset = checkpoint["kind"], checkpoint["preset"]
    return str(preset) if kind == "transform" else f"{kind}-{preset}"


def _trace(network: nn.Module, pixels: Pixels) -> onnx.ModelProto:
    height = torch.export.Dim("height", min=MIN_SIZE, max=MAX_SIZE)
    width = torch.export.Dim("width", min=MIN_SIZE, max=MAX_SIZE)
    # Odd sides, so that nothing about multiples is taken for granted while tracing.
    if pixels == "uint8":
        graph: nn.Module = CellGraph(network) if isinstance(network, CellNet) else PixelGraph(network)
        example, axes = torch.zeros(1, 97, 131, 3, dtype=torch.uint8), {1: height, 2: width}
    else:
        graph = UnitGraph(network)
        example, axes = torch.zeros(1, 3, 97, 131), {2: height, 3: width}
    program = torch.onnx.export(
        graph.eval(),
        (example,),
        dynamo=True,
        input_names=[INPUT_NAME],
        output_names=[OUTPUT_NAME],
        dynamic_shapes={"image": axes},
        opset_version=OPSET,
        verbose=False,
    )
    if program is None:
        raise ExportError("torch.onnx.export gave no program")
    model: onnx.ModelProto = program.model_proto
    # torch knows the output's sides only as a formula; they are the input's.
    for ours, theirs in zip(
        model.graph.output[0].type.tensor_type.shape.dim,
        model.graph.input[0].type.tensor_type.shape.dim,
        strict=True,
    ):
        ours.CopyFrom(theirs)
    return model


def _strip(model: onnx.ModelProto) -> None:
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


def _store_halves(model: onnx.ModelProto) -> None:
    """Store weights in half precision, each with a Cast that engines fold when they load the file."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < _WORTH_HALVING:
            continue
        if KEEPS_FP32 in tensor.name:
            continue
        half_name = f"{tensor.name}.fp16"
        half = numpy_helper.to_array(tensor).astype(np.float16)
        casts.append(helper.make_node("Cast", [half_name], [tensor.name], to=TensorProto.FLOAT))
        tensor.CopyFrom(numpy_helper.from_array(half, half_name))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
