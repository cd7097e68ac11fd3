"""OpenVINO's and ONNX Runtime's own files of a shipped style."""

from pathlib import Path

import pytest

from export.source import Source, load_source
from export.targets import TARGETS, ExportOptions
from export.verify import check_file
from realtime.contract import METADATA_KEY, StyleContract


@pytest.fixture(scope="module")
def source() -> Source:
    return load_source("starry_night")


@pytest.mark.parametrize(("target", "precision"), [("openvino", "fp32"), ("ort", "fp16")])
def test_a_file_paints_what_the_network_paints(
    target: str, precision: str, source: Source, tmp_path: Path
) -> None:
    file = tmp_path / f"starry_night{TARGETS[target].suffix}"
    assert TARGETS[target].write(source, file, ExportOptions(precision)) == []
    check = check_file(source.network, target, file, ExportOptions(precision))
    assert not check.faults and len(check.runtimes) == 1
    assert check.size_bytes == sum(path.stat().st_size for path in tmp_path.iterdir())


def test_openvinos_file_carries_the_contract(source: Source, tmp_path: Path) -> None:
    openvino = pytest.importorskip("openvino")
    file = tmp_path / "starry_night.xml"
    TARGETS["openvino"].write(source, file, ExportOptions("fp16"))
    kept = openvino.Core().read_model(file).get_rt_info(METADATA_KEY).astype(str)
    assert StyleContract.from_json(kept).title == "The Starry Night"


def computed_in(file: Path, hint: str) -> tuple[str, str]:
    """Return what OpenVINO computes the first and the second convolution in, when the rest is `hint`."""
    openvino = pytest.importorskip("openvino")
    core = openvino.Core()
    model = core.read_model(file)
    model.reshape([1, 64, 96, 3])
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": hint}).get_runtime_model()
    notes = [node.get_rt_info() for node in compiled.get_ordered_ops()]
    convs = [one for one in notes if one["layerType"].astype(str) == "Convolution"]
    first, second, *_ = (one["outputPrecisions"].astype(str) for one in convs)
    return first, second


def test_openvinos_first_convolution_stays_in_fp32_where_bf16_is_too_little(tmp_path: Path) -> None:
    openvino = pytest.importorskip("openvino")
    file = tmp_path / "the_great_wave.xml"
    wave = load_source("the_great_wave")
    (note,) = TARGETS["openvino"].write(wave, file, ExportOptions("bf16"))
    assert "in fp32, by measurement" in note
    check = check_file(wave.network, "openvino", file, ExportOptions("bf16"), (note,))
    assert not check.faults and check.notes == (note,)
    assert "DisablePrecisionConversion" in file.read_text(encoding="utf-8")
    if "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        assert computed_in(file, "bf16") == ("f32", "bf16")
    assert computed_in(file, "f32") == ("f32", "f32")


def test_where_bf16_is_enough_openvinos_file_says_nothing(source: Source, tmp_path: Path) -> None:
    file = tmp_path / "starry_night.xml"
    assert TARGETS["openvino"].write(source, file, ExportOptions("bf16")) == []
    assert "DisablePrecisionConversion" not in file.read_text(encoding="utf-8")
