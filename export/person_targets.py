"""The person network in every target that finds people; the page's is in `export.to_web`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from export.errors import ExportError
from export.fused_person import PersonLevels, as_stored
from export.mask_contract import MASK_KEY
from export.person_phones import write_coreml, write_litert
from export.silence import silence
from export.targets import ExportOptions
from export.to_checkpoint import write_checkpoint
from export.to_ncnn import check_layers
from export.to_openvino import save_openvino
from export.to_ort import save_ort
from export.to_person import export_person
from export.whole import written_whole
from realtime.onnx_metadata import read_metadata
from training.networks.person_net import PersonNet

# Two sizes to trace with: what differs between them is left free.
_TRACED_HW = ((96, 160), (128, 192))


def write_person(
    network: PersonNet, content: dict[str, Any], target: str, file: Path, options: ExportOptions
) -> PersonNet:
    """Write a person network, whole or not at all; return it with the weights that the file holds.

    Args:
        network: in evaluation mode.
        content: of its checkpoint.
        target: one of `WRITERS`.
        file: where to.
        options: the size, for targets of one.
    Raises:
        ExportError: if it cannot be converted, or the file cannot be written.
    """
    return WRITERS[target](network, content, file, options)


def _write_onnx(network: PersonNet, content: dict[str, Any], file: Path, _: ExportOptions) -> PersonNet:
    return export_person(network, content, file)


def _write_openvino(network: PersonNet, content: dict[str, Any], file: Path, _: ExportOptions) -> PersonNet:
    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder) / "person.onnx"
        stored = export_person(network, content, graph)
        save_openvino(graph, file, (MASK_KEY, read_metadata(graph)[MASK_KEY]), "person")
    return stored


def _write_ort(network: PersonNet, content: dict[str, Any], file: Path, _: ExportOptions) -> PersonNet:
    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder) / "person.onnx"
        stored = export_person(network, content, graph)
        save_ort(graph, file, "person")
    return stored


def _write_ncnn(network: PersonNet, _content: dict[str, Any], file: Path, _: ExportOptions) -> PersonNet:
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


def _write_litert(
    network: PersonNet, content: dict[str, Any], file: Path, options: ExportOptions
) -> PersonNet:
    assert options.size_wh is not None
    return write_litert(network, content, file, options.size_wh)


def _write_coreml(
    network: PersonNet, content: dict[str, Any], file: Path, options: ExportOptions
) -> PersonNet:
    assert options.size_wh is not None
    return write_coreml(network, content, file, options.size_wh)


def _write_checkpoint(network: PersonNet, content: dict[str, Any], file: Path, _: ExportOptions) -> PersonNet:
    write_checkpoint(file, content)
    return network


# The page has one of its own beside its styles: `export.to_web`.
WRITERS: dict[str, Callable[[PersonNet, dict[str, Any], Path, ExportOptions], PersonNet]] = {
    "onnx": _write_onnx,
    "ort": _write_ort,
    "openvino": _write_openvino,
    "ncnn": _write_ncnn,
    "litert": _write_litert,
    "coreml": _write_coreml,
    "checkpoint": _write_checkpoint,
}
