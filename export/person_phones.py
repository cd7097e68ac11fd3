"""The person network for LiteRT and Core ML: one size, levels or an image in, alpha or a grey image out."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from export.errors import ExportError
from export.fused_person import PersonLevels, as_stored
from export.mask_contract import MASK_KEY, OUTPUT_NAME, mask_contract
from export.silence import silence
from export.to_litert import convert_with
from export.to_person import LABELS
from export.whole import written_whole
from realtime.contract import INPUT_NAME
from training.networks.person_net import MULTIPLE, PersonNet

SizeWh = tuple[int, int]


def write_litert(network: PersonNet, content: dict[str, Any], file: Path, size_wh: SizeWh) -> PersonNet:
    """Write NAME.tflite; return the network with the weights that the file holds.

    Raises:
        ExportError: if litert-torch is not to be found, or cannot convert it.
    """
    job = {"input": INPUT_NAME, "output": OUTPUT_NAME, "note_name": MASK_KEY}
    job |= {"note": _contract(content, size_wh, layout="NHWC", dtype="float32", colour="RGB")}
    width, height = size_wh
    convert_with(
        {**content, "preset": ""},
        {"width": width, "height": height, "precision": "fp16", **job},
        file,
        "person",
    )
    return as_stored(network)


class MaskImage(nn.Module):
    """RGB levels, (1, 3, H, W) -> levels of grey, 255 for a person, (1, 1, H, W)."""

    def __init__(self, network: PersonNet) -> None:
        super().__init__()
        self.alpha = PersonLevels(network)

    def forward(self, image: Tensor) -> Tensor:
        levels: Tensor = 255 * self.alpha(image)
        return levels


def write_coreml(network: PersonNet, content: dict[str, Any], file: Path, size_wh: SizeWh) -> PersonNet:
    """Write NAME.mlpackage, an image in and a grey image out; return the network that it holds.

    Raises:
        ExportError: if coremltools cannot convert it, or the package cannot be written.
    """
    stored = as_stored(network)
    try:
        with torch.no_grad(), silence():
            model = _converted(MaskImage(stored).eval(), size_wh)
    except Exception as error:  # a class of its own for each kind of failure
        raise ExportError(
            f"coremltools cannot convert the person network: {error}".splitlines()[0]
        ) from error
    model.short_description, model.author = "Finds people", "Livebrush"
    model.user_defined_metadata[MASK_KEY] = _contract(content, size_wh, colour="RGB")
    with written_whole(file) as part, silence():
        model.save(str(part))
    return stored


def _converted(graph: nn.Module, size_wh: SizeWh) -> Any:
    ct = importlib.import_module("coremltools")
    trace: Any = torch.jit.trace  # which has no types
    shape = (1, 3, size_wh[1], size_wh[0])
    # The mean of a whole picture is a sum that passes the largest half.
    halves = ct.transform.FP16ComputePrecision(op_selector=lambda layer: layer.op_type != "reduce_mean")
    return ct.convert(
        trace(graph, torch.rand(shape) * 255),
        inputs=[ct.ImageType(name=INPUT_NAME, shape=shape, color_layout=ct.colorlayout.RGB)],
        outputs=[ct.ImageType(name=OUTPUT_NAME, color_layout=ct.colorlayout.GRAYSCALE)],
        convert_to="mlprogram",
        compute_precision=halves,
        minimum_deployment_target=ct.target.iOS16,
        skip_model_load=True,  # there is a runtime on a Mac only
    )


def _contract(content: dict[str, Any], size_wh: SizeWh, **notes: Any) -> str:
    kept = {"training": content["training"], "only_wh": list(size_wh)}
    return mask_contract(LABELS, area=int(content["area"]), multiple=MULTIPLE, **kept, **notes)
