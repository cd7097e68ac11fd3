"""The person network beyond ONNX: for OpenVINO, for ONNX Runtime's mobile builds, and by ncnn for phones."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from export.errors import ExportError
from export.mask_contract import MASK_KEY
from export.silence import silence
from export.to_ncnn import check_layers
from export.to_openvino import save_openvino
from export.to_ort import save_ort
from export.to_person import as_stored, export_person
from export.whole import written_whole
from realtime.onnx_metadata import read_metadata
from training.networks.person_net import PersonNet

# Two sizes to trace with: what differs between them is left free.
_TRACED_HW = ((96, 160), (128, 192))


class PersonLevels(nn.Module):
    """RGB levels, float (1, 3, H, W) from 0 to 255 -> alpha, (1, 1, H, W), in [0, 1]. Multiples of 16."""

    def __init__(self, network: PersonNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        alpha: Tensor = self.network(image / 255).sigmoid()
        return alpha


def write_person(network: PersonNet, content: dict[str, Any], target: str, file: Path) -> PersonNet:
    """Write a person network, whole or not at all; return it with the weights that the file holds.

    Args:
        network: in evaluation mode.
        content: of its checkpoint.
        target: one of `WRITERS`.
        file: where to.
    Raises:
        ExportError: if it cannot be converted, or the file cannot be written.
    """
    return WRITERS[target](network, content, file)


def _write_openvino(network: PersonNet, content: dict[str, Any], file: Path) -> PersonNet:
    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder) / "person.onnx"
        stored = export_person(network, content, graph)
        save_openvino(graph, file, (MASK_KEY, read_metadata(graph)[MASK_KEY]), "person")
    return stored


def _write_ort(network: PersonNet, content: dict[str, Any], file: Path) -> PersonNet:
    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder) / "person.onnx"
        stored = export_person(network, content, graph)
        save_ort(graph, file, "person")
    return stored


def _write_ncnn(network: PersonNet, _content: dict[str, Any], file: Path) -> PersonNet:
    import pnnx

    stored = as_stored(network)  # whose numbers are those of the ONNX file, so that one check does for both
    first, second = (torch.rand(1, 3, *size_hw) * 255 for size_hw in _TRACED_HW)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "person.ncnn.param"
        with torch.no_grad(), silence():
            pnnx.export(
                PersonLevels(stored).eval(), str(Path(folder) / "person.pt"), first, second, fp16=True
            )
        if not made.is_file():
            raise ExportError("pnnx cannot convert the person network: it wrote no person.ncnn.param")
        check_layers(made, "the person network")
        with written_whole(file) as part:
            part.write_text(made.read_text())
            part.with_suffix(".bin").write_bytes(made.with_suffix(".bin").read_bytes())
    return stored


WRITERS: dict[str, Callable[[PersonNet, dict[str, Any], Path], PersonNet]] = {
    "onnx": export_person,
    "ort": _write_ort,
    "openvino": _write_openvino,
    "ncnn": _write_ncnn,
}
