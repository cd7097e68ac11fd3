import pytest

from realtime.engine import EngineInfo
from realtime.testing import make_contract
from realtime.window_view import credit, engine_label


def test_the_credit_names_title_artist_and_year() -> None:
    assert credit(make_contract("x", "Udnie")) == "Udnie \u2013 nobody, 2020"


@pytest.mark.parametrize(
    ("info", "label"),
    [
        (EngineInfo("openvino", "bf16", "CPU", 2, "cpu"), "openvino bf16"),
        (EngineInfo("onnxruntime", "tf32", "CUDAExecutionProvider", 2, "cuda"), "onnxruntime tf32 cuda"),
    ],
)
def test_the_engine_label_says_what_really_runs(info: EngineInfo, label: str) -> None:
    assert engine_label(info) == label
