"""The table of targets: what it says is what the command does."""

import importlib

import pytest

from export.errors import ExportError
from export.targets import (
    TARGETS,
    USUAL_SIZE_WH,
    ExportOptions,
    check_options,
    parse_targets,
    require_packages,
)
from realtime.errors import MissingExtraError

ONE_SIZE = [name for name, target in TARGETS.items() if target.sizes == "one"]


@pytest.mark.parametrize("name", TARGETS)
def test_every_row_names_modules_and_precisions_that_there_are(name: str) -> None:
    target = TARGETS[name]
    assert callable(importlib.import_module(target.module).write)
    assert target.precisions and set(target.precisions) <= {"fp32", "fp16", "bf16", "int8"}
    assert target.suffix.startswith(".") and target.sizes in ("any", "one", "either")


def test_targets_are_a_list_with_commas_each_once() -> None:
    assert parse_targets("onnx, aoti,onnx") == ["onnx", "aoti"]
    with pytest.raises(ExportError, match=r"--to must be one of onnx, .*, instead got 'floppy'"):
        parse_targets("onnx,floppy")


def test_the_first_precision_of_a_target_is_its_usual_one() -> None:
    for name, target in TARGETS.items():
        assert check_options(name, ExportOptions(""), is_dynamic=False).precision == target.precisions[0]


def test_a_precision_that_a_target_lacks_is_told_with_those_that_it_has() -> None:
    with pytest.raises(ExportError, match="must be one of fp16, fp32, bf16 for aoti, instead got 'int8'"):
        check_options("aoti", ExportOptions("int8"), is_dynamic=False)


def test_a_file_for_any_size_is_not_made_for_one() -> None:
    with pytest.raises(ExportError, match="onnx is written for any size"):
        check_options("onnx", ExportOptions("", (64, 64)), is_dynamic=False)


@pytest.mark.parametrize("name", ONE_SIZE)
def test_a_target_of_one_size_has_a_usual_one_and_refuses_any(name: str) -> None:
    assert check_options(name, ExportOptions(""), is_dynamic=False).size_wh == USUAL_SIZE_WH
    with pytest.raises(ExportError, match=f"{name} is made for one size"):
        check_options(name, ExportOptions(""), is_dynamic=True)


def test_a_missing_package_names_the_exact_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("export.targets.is_installed", lambda package: package != "onnxscript")
    with pytest.raises(MissingExtraError, match=r'onnxscript .* pip install "livebrush\[export\]"'):
        require_packages(["onnx"])


def test_an_engine_that_is_missing_is_had_by_the_extra_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("export.targets.is_installed", lambda package: package != "openvino")
    with pytest.raises(MissingExtraError, match=r'openvino .* pip install "livebrush\[cpu,export\]"'):
        require_packages(["openvino"])


def test_a_style_file_without_an_engine_says_how_to_have_it_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.engine.is_installed", lambda package: False)
    assert TARGETS["onnx"].why_not_here() == (
        'openvino or onnxruntime is not installed; get it with: pip install "livebrush[cpu]"'
    )
    monkeypatch.setattr("realtime.engine.is_installed", lambda package: package == "openvino")
    assert TARGETS["onnx"].why_not_here() == ""
