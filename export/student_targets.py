"""The student in every target that it goes to: onnx, ONNX Runtime's and OpenVINO's files, a checkpoint."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx

from export.from_onnx import read_weights
from export.to_checkpoint import write_checkpoint
from export.to_onnx import as_stored
from export.to_openvino import save_openvino
from export.to_ort import save_ort
from export.to_student import export_student, trace_student
from realtime.onnx_metadata import read_metadata
from realtime.student import STUDENT_KEY, StudentPlan
from training.networks.student_net import StudentNet


def write_student(network: StudentNet, content: dict[str, Any], target: str, file: Path) -> StudentNet:
    """Write a student, whole or not at all; return it with the weights that the file holds.

    Args:
        network: in evaluation mode.
        content: of its checkpoint.
        target: one of `WRITERS`.
        file: where to.
    Raises:
        ExportError: if it cannot be converted, or the file cannot be written.
    """
    return WRITERS[target](network, content, file)


def student_of(file: Path) -> tuple[StudentNet, dict[str, Any]]:
    """Return the network of student.onnx, in evaluation mode, and the content of its checkpoint.

    Raises:
        ExportError: if it was written by a version with another network.
        LivebrushError: if it is no student.
    """
    plan = StudentPlan.read(file)
    network = StudentNet().eval()
    read_weights(network, trace_student, onnx.load(file), file)
    stored = as_stored(network, "fp16")  # what was folded by the tracer is a half again
    assert isinstance(stored, StudentNet)
    content = {
        "kind": "student",
        "preset": plan.contract.preset,
        "with_content": True,
        "weights": {name: value.contiguous() for name, value in stored.state_dict().items()},
        "training": dict(plan.contract.training),
    }
    return stored, content


def _by_onnx(save: Callable[[Path, Path], None]) -> Callable[[StudentNet, dict[str, Any], Path], StudentNet]:
    def write(network: StudentNet, content: dict[str, Any], file: Path) -> StudentNet:
        with tempfile.TemporaryDirectory() as folder:
            graph = Path(folder) / "student.onnx"
            stored = export_student(network, content, graph)
            save(graph, file)
        return stored

    return write


def _save_openvino(graph: Path, file: Path) -> None:
    save_openvino(graph, file, (STUDENT_KEY, read_metadata(graph)[STUDENT_KEY]), "the student")


def _write_checkpoint(network: StudentNet, content: dict[str, Any], file: Path) -> StudentNet:
    write_checkpoint(file, content)
    return network


WRITERS: dict[str, Callable[[StudentNet, dict[str, Any], Path], StudentNet]] = {
    "onnx": export_student,
    "ort": _by_onnx(lambda graph, file: save_ort(graph, file, "the student")),
    "openvino": _by_onnx(_save_openvino),
    "checkpoint": _write_checkpoint,
}
