"""Style files in 8 bits, made of a shipped style and run by the engines that people run."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from export import int8
from export.source import Source, load_source
from export.targets import TARGETS, ExportOptions
from export.verify import check_file
from realtime.contract import read_contract
from realtime.demo import draw_demo_frame
from realtime.engine import EngineOptions, open_engine

pytest.importorskip("skimage")
MAX_KB = 230


@pytest.fixture(scope="module")
def source() -> Source:
    return load_source("starry_night")


@pytest.fixture(scope="module")
def made(source: Source, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    file = tmp_path_factory.mktemp("int8") / "starry_night_int8.onnx"
    return file, TARGETS["onnx"].write(source, file, ExportOptions("int8"))


def test_a_shipped_style_stays_within_its_limit_in_every_engine(
    source: Source, made: tuple[Path, list[str]]
) -> None:
    check = check_file(source.network, "onnx", made[0], ExportOptions("int8"), tuple(made[1]))
    assert not check.faults and check.size_bytes <= MAX_KB * 1000
    assert {(runtime.runtime, runtime.precision) for runtime in check.runtimes} == {
        ("onnxruntime", "int8"),
        ("openvino", "int8"),
    }


def test_it_says_what_is_in_8_bits_and_what_is_not(made: tuple[Path, list[str]]) -> None:
    file, notes = made
    contract, model = read_contract(file), onnx.load(file)
    in_float = contract.training["convolutions_in_float"]
    assert contract.weights_precision == "int8"
    convs = [node for node in model.graph.node if node.op_type == "Conv"]
    assert len(convs) == 11
    assert notes == [int8.describe(int8.Quantised(model, tuple(in_float), 11, 0.0))]
    made_by = {name: node.op_type for node in model.graph.node for name in node.output}
    in_8_bits = [node for node in convs if made_by.get(node.input[1]) == "DequantizeLinear"]
    assert len(convs) - len(in_8_bits) == len(in_float) < 3
    # Norms take what the convolution added up.
    assert all(
        made_by[node.input[0]] != "DequantizeLinear" for node in model.graph.node if "Norm" in node.op_type
    )
    weights = [numpy_helper.to_array(t) for t in model.graph.initializer if t.name.endswith("_quantized")]
    assert all(values.dtype == np.int8 for values in weights if values.ndim == 4)


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("precision", ["auto", "int8"])
def test_the_runtime_opens_it_and_says_what_runs(
    engine: str, precision: str, made: tuple[Path, list[str]]
) -> None:
    opened = open_engine(made[0], EngineOptions(engine=engine, precision=precision, device="cpu"))
    assert opened.info.precision == "int8"
    frame = np.asarray(draw_demo_frame(0, (96, 64)), np.uint8)
    assert opened.infer(frame).std() > 20
    opened.close()


def test_a_fast_style_fits_into_230_kb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(int8, "WANTED_DB", 0.0)  # how good it is, is measured above
    frames = [np.asarray(draw_demo_frame(0, (96, 64)), np.uint8)]
    monkeypatch.setattr("export.to_onnx.calibration_frames", lambda: frames)
    monkeypatch.setattr("export.to_onnx.checked_frames", lambda: iter([("demo", frames[0])]))
    file = tmp_path / "udnie.onnx"
    TARGETS["onnx"].write(load_source("udnie"), file, ExportOptions("int8"))
    assert read_contract(file).preset == "fast" and file.stat().st_size <= MAX_KB * 1000


def test_a_style_that_8_bits_would_ruin_is_refused(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "WANTED_DB", 90.0)
    frames = [np.asarray(draw_demo_frame(0, (96, 64)), np.uint8)]
    monkeypatch.setattr("export.to_onnx.calibration_frames", lambda: frames)
    monkeypatch.setattr("export.to_onnx.checked_frames", lambda: iter([("demo", frames[0])]))
    with pytest.raises(int8.ExportError, match="of 11 convolutions would have to stay in fp32"):
        TARGETS["onnx"].write(source, tmp_path / "x.onnx", ExportOptions("int8"))
    assert not list(tmp_path.iterdir())
