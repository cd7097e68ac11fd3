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
