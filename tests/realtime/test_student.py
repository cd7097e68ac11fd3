"""What the file of a student says, and the masks that its graph takes."""

from pathlib import Path

import numpy as np
import pytest

from realtime.engine import EngineOptions
from realtime.errors import ContractError, EngineError, StyleFileError
from realtime.student import StudentPlan, measure_style, open_student, regions_of, student_path


def test_the_plan_is_read_from_the_file(student: Path) -> None:
    plan = StudentPlan.read(student)
    assert (plan.numbers, plan.contract.size_multiple) == (3, 4)
    assert student_path() == student


def test_without_one_of_the_users_own_the_shipped_file_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEBRUSH_MODELS", str(tmp_path))  # it may hold a meta network only
    assert student_path().parent.name == "models"
    assert student_path().parent != tmp_path


def test_what_is_no_student_is_refused(tiny_style: Path, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="is no student"):
        StudentPlan.read(tiny_style)
    with pytest.raises(StyleFileError):
        StudentPlan.read(tmp_path / "missing.onnx")


@pytest.mark.parametrize("options", [EngineOptions(device="cuda"), EngineOptions(precision="int8")])
def test_a_device_or_precision_that_it_has_not_is_named(options: EngineOptions, student: Path) -> None:
    with pytest.raises(EngineError, match="the student of --semantic runs"):
        open_student(student, options)


@pytest.mark.parametrize("engine", ["ncnn", "litert"])
def test_an_engine_that_does_not_run_its_graph_is_named(engine: str, student: Path) -> None:
    pytest.importorskip(engine if engine == "ncnn" else "ai_edge_litert")
    with pytest.raises(EngineError, match=f"runs in openvino or onnxruntime, not in {engine}"):
        open_student(student, EngineOptions(engine=engine))


def test_bf16_is_openvino_s(student: Path) -> None:
    with pytest.raises(EngineError, match="take --engine openvino for bf16"):
        open_student(student, EngineOptions(engine="onnxruntime", precision="bf16"))


def test_regions_always_sum_to_the_whole_and_earlier_ones_are_in_front() -> None:
    first, second = np.array([[255, 128, 0, 0]], np.uint8), np.array([[255, 255, 100, 0]], np.uint8)
    masks = regions_of([first, second])
    assert masks.shape == (1, 3, 1, 4)
    assert masks[0, :, 0].T.tolist() == [[255, 0, 0], [128, 127, 0], [0, 100, 155], [0, 0, 255]]
    assert (masks.sum(axis=1, dtype=int) == 255).all()


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_a_style_is_measured_by_the_graph_itself(engine: str, student: Path) -> None:
    pytest.importorskip(engine)
    opened = open_student(student, EngineOptions(engine=engine, precision="fp32"))
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, 32:] = 10, 20, 30
    left = np.zeros((64, 64), np.uint8)
    left[:, :32] = 255
    found = measure_style(opened.run, StudentPlan.read(student), image, regions_of([left]))
    assert (opened.engine, opened.precision) == (engine, "fp32")
    assert found == pytest.approx(np.array([[0, 0, 0], [10, 20, 30]]), abs=1e-3)
