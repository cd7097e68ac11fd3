"""Graphs for TensorRT: their types are right, and the style is painted in them, with and without a card."""

from pathlib import Path

import onnx
import pytest
from fake_tensorrt import FakeCudaRuntime, FakeTensorRt
from onnx import TensorProto, helper

from export import painter_tensorrt
from export.cli import app
from export.errors import ParityError
from export.report import rows, to_markdown
from export.source import Source, load_source
from export.targets import TARGETS, ExportOptions
from export.verify import check_file
from realtime import engine_tensorrt
from realtime.catalog import find_style
from realtime.console import run_command
from realtime.contract import read_contract
from realtime.errors import ContractError, EngineError


@pytest.fixture(scope="module")
def source() -> Source:
    return load_source("starry_night")


@pytest.fixture
def no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> None:
        raise EngineError("tensorrt finds no NVIDIA card here")

    monkeypatch.setattr("export.painter_tensorrt.load_tensorrt", load)


@pytest.mark.usefixtures("no_card")
def test_it_paints_in_its_own_types_and_says_that_tensorrt_was_not_run_here(
    source: Source, tmp_path: Path
) -> None:
    file, options = tmp_path / "starry_night.trt.onnx", ExportOptions("fp16")
    TARGETS["tensorrt"].write(source, file, options)
    check = check_file(source.network, "tensorrt", file, options)
    assert not check.faults
    assert [(runtime.runtime, runtime.precision) for runtime in check.runtimes] == [("onnxruntime", "fp16")]
    assert [row[1] for row in rows(check)] == ["not run here", "onnxruntime fp16"]
    assert "strongly typed: 11 convolutions in fp16, 9 norms in fp32" in check.inspected[0]
    assert "It was not run here: NVIDIA cards" in to_markdown(check)
    assert read_contract(file).weights_precision == "fp16"
    assert read_contract(file).weights_sha256 == read_contract(find_style("starry_night").path).weights_sha256


@pytest.mark.usefixtures("no_card")
def test_bf16_is_inspected_only_for_nothing_here_computes_it(source: Source, tmp_path: Path) -> None:
    file, options = tmp_path / "starry_night.trt.onnx", ExportOptions("bf16", (640, 360))
    TARGETS["tensorrt"].write(source, file, options)
    check = check_file(source.network, "tensorrt", file, options)
    assert check.runtimes == () and "in bf16" in check.inspected[0]
    assert read_contract(file).only_wh == (640, 360)
    with pytest.raises(ContractError, match="takes a width from 64"):
        TARGETS["tensorrt"].write(source, file, ExportOptions("bf16", (32, 64)))


def test_a_graph_of_other_types_is_found(source: Source, tmp_path: Path) -> None:
    file = tmp_path / "starry_night.trt.onnx"
    TARGETS["tensorrt"].write(source, file, ExportOptions("fp16"))
    with pytest.raises(ParityError, match="Conv should be of FLOAT, instead .* is FLOAT16"):
        TARGETS["tensorrt"].inspect_file(file, ExportOptions("fp32"))
    model = onnx.load(file)
    (image,) = model.graph.input
    image.CopyFrom(helper.make_tensor_value_info("image", TensorProto.INT32, [1, 64, 64, 3]))
    onnx.save(model, file)
    with pytest.raises(ParityError, match="should take and give bytes"):
        TARGETS["tensorrt"].inspect_file(file, ExportOptions("fp16"))


def test_where_there_is_a_card_its_engine_is_what_is_checked(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trt = FakeTensorRt()
    for module in (engine_tensorrt, painter_tensorrt):
        monkeypatch.setattr(module, "load_tensorrt", lambda: (trt, FakeCudaRuntime()))
    monkeypatch.setattr("realtime.engine.is_installed", lambda package: True)
    monkeypatch.setenv("LIVEBRUSH_CACHE", str(tmp_path / "cache"))
    file, options = tmp_path / "starry_night.trt.onnx", ExportOptions("fp16")
    TARGETS["tensorrt"].write(source, file, options)
    check = check_file(source.network, "tensorrt", file, options)
    assert not check.not_run and not check.faults
    assert [runtime.runtime for runtime in check.runtimes] == ["tensorrt", "onnxruntime"]
    assert len(trt.noted("build")) == 1


def test_the_command_takes_the_name_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.trt.onnx"
    words = ["starry_night", "--to", "tensorrt", "--no-verify", "-o", str(file)]
    assert run_command(app, words, program="python -m export") == 0 and file.is_file()
    assert run_command(app, [*words[:-1], str(tmp_path / "mine.onnx")], program="python -m export") == 2
    assert "--out must be a folder or a file .trt.onnx" in capsys.readouterr().err
