"""A segmentation network of torchvision as a mask network: a frame in, a plane of alpha a label out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import helper
from torch import Tensor, nn

from export.errors import ExportError
from export.mask_contract import MASK_KEY, OUTPUT_NAME, mask_contract
from export.to_onnx import OPSET, store_halves, strip
from export.whole import write_whole
from realtime.contract import INPUT_NAME
from realtime.engine import is_installed
from realtime.errors import MissingExtraError

NETWORKS = ("lraspp_mobilenet_v3_large", "deeplabv3_mobilenet_v3_large", "deeplabv3_resnet50")
MULTIPLE = 32
# Pixels of a frame: enough for people in a room, and a fifth of what these networks were trained at.
AREA = 65_536
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class SegmentationGraph(nn.Module):
    """uint8 BGR, (1, H, W, 3) -> float32, (1, K, H, W), in [0, 1]: how likely each label is, 1 in all."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(_DEVIATION).view(1, 3, 1, 1))
        self.mean: Tensor
        self.deviation: Tensor

    def forward(self, frame: Tensor) -> Tensor:
        image = frame.permute(0, 3, 1, 2).float().flip(1) / 255  # (1, 3, H, W), RGB
        logits: Tensor = self.network((image - self.mean) / self.deviation)["out"]
        return logits.softmax(dim=1)


def load_segmentation(name: str, weights: Path | None) -> tuple[nn.Module, tuple[str, ...]]:
    """Return a network of torchvision in evaluation mode, and its labels, the background first.

    Args:
        name: one of `NETWORKS`.
        weights: a file of its weights; None for where torchvision keeps what it has downloaded.
    Raises:
        ExportError: if there is no such network, or its weights are not here or do not fit.
        MissingExtraError: without torchvision.
    """
    if name not in NETWORKS:
        raise ExportError(f"the network must be one of {', '.join(NETWORKS)}, instead got {name!r}")
    if not is_installed("torchvision"):
        raise MissingExtraError("torchvision", "train")
    from torchvision.models import get_model, get_model_weights

    known = next(iter(get_model_weights(name)))
    labels = tuple("background" if label == "__background__" else label for label in known.meta["categories"])
    file = weights or Path(torch.hub.get_dir()) / "checkpoints" / Path(known.url).name
    if not file.is_file():
        raise ExportError(f"no weights of {name} at {file}: download {known.url}, and give it with --weights")
    network = get_model(
        name, weights=None, weights_backbone=None, num_classes=len(labels), aux_loss=_has_helper(name)
    )
    try:
        network.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    except Exception as error:
        raise ExportError(f"{file} does not hold the weights of {name}") from error
    return network.eval(), labels


def export_segmentation(network: nn.Module, labels: tuple[str, ...], file: Path, **notes: Any) -> None:
    """Write a segmentation network as ONNX with its labels, weights in halves; whole or not at all.

    Raises:
        ExportError: if torch gives no program, or the file cannot be written.
    """
    sides = {
        axis: MULTIPLE * torch.export.Dim(side, min=2, max=128)
        for axis, side in ((1, "rows"), (2, "columns"))
    }
    program = torch.onnx.export(
        SegmentationGraph(network).eval(),
        (torch.zeros(1, 192, 320, 3, dtype=torch.uint8),),
        dynamo=True,
        input_names=[INPUT_NAME],
        output_names=[OUTPUT_NAME],
        dynamic_shapes=(sides,),
        opset_version=OPSET,
        verbose=False,
    )
    if program is None:
        raise ExportError("torch.onnx.export gave no program")
    model: onnx.ModelProto = program.model_proto
    strip(model)
    store_halves(model)
    contract = mask_contract(labels, area=AREA, multiple=MULTIPLE, **notes)
    helper.set_model_props(model, {MASK_KEY: contract})
    write_whole(file, model.SerializeToString())


def _has_helper(name: str) -> bool | None:
    """Tell whether the published weights hold a second head, which training wanted and nothing else does."""
    return None if name.startswith("lraspp") else True
