from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from realtime import engine_onnxruntime
from realtime.contract import read_contract
from realtime.engine import EngineOptions
from realtime.engine_onnxruntime import CPU, CUDA, OnnxRuntimeEngine, cuda_loads
from realtime.errors import EngineError


class CudaSession:
    """Stands in for a session that got CUDA: this machine may have none."""

    def __init__(self, _path: object, _options: object, providers: list[Any]) -> None:
        self._cuda_options: dict[str, str] = dict(providers[0][1])

    def get_providers(self) -> list[str]:
        return [CUDA, CPU]

    def get_provider_options(self) -> dict[str, dict[str, str]]:
        return {CUDA: self._cuda_options, CPU: {}}


@pytest.fixture
def gpu_build(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An onnxruntime that was built with CUDA, on a machine that may have no driver for it."""
    monkeypatch.setattr(ort, "get_available_providers", lambda: [CUDA, CPU])
    engine_onnxruntime._find_cuda.cache_clear()
    yield
    engine_onnxruntime._find_cuda.cache_clear()


def open_with(path: Path, **options: Any) -> OnnxRuntimeEngine:
    return OnnxRuntimeEngine(path, read_contract(path), EngineOptions(**options))


def test_the_probe_is_a_valid_network() -> None:
    onnx.checker.check_model(onnx.load_from_string(engine_onnxruntime._PROBE), full_check=True)
    session = ort.InferenceSession(engine_onnxruntime._PROBE, providers=[CPU])
    assert session.run(None, {"x": np.array(3, np.float32)})[0] == 3


@pytest.mark.usefixtures("gpu_build")
def test_a_silent_fall_back_to_the_processor_is_found_out(tiny_style: Path) -> None:
    if cuda_loads():
        pytest.skip("this machine has CUDA")
    with pytest.warns(UserWarning, match=CUDA), pytest.raises(EngineError, match="fell back"):
        open_with(tiny_style, device="cuda")


@pytest.mark.usefixtures("gpu_build")
@pytest.mark.parametrize(("asked", "runs"), [("fp32", "fp32"), ("auto", "tf32")])
def test_the_precision_on_cuda_is_what_the_session_says(
    tiny_style: Path, monkeypatch: pytest.MonkeyPatch, asked: str, runs: str
) -> None:
    monkeypatch.setattr(ort, "InferenceSession", CudaSession)
    info = open_with(tiny_style, device="cuda", precision=asked).info
    assert (info.precision, info.provider, info.device) == (runs, CUDA, "cuda")


@pytest.mark.usefixtures("gpu_build")
def test_cuda_is_loaded_from_where_pip_put_it_without_a_word_on_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = []

    def preload_dlls() -> None:
        calls.append(1)
        print("Failed to load libcublas.so.12")

    monkeypatch.setattr(ort, "preload_dlls", preload_dlls)
    assert engine_onnxruntime._find_cuda()
    assert engine_onnxruntime._find_cuda()
    assert calls == [1]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_other_precisions_name_the_engine_that_has_them(tiny_style: Path, precision: str) -> None:
    with pytest.raises(EngineError, match=f"offers fp32, not {precision}; see --engine openvino"):
        open_with(tiny_style, precision=precision)


def test_waiting_workers_sleep_so_that_the_rest_of_the_loop_has_the_core() -> None:
    options = engine_onnxruntime._session_options(2)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert options.intra_op_num_threads == 2
