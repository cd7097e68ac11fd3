"""`run_camera.py --engine NAME`: that engine paints, or a line says why not; never another in silence."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_tensorrt import FakeCudaRuntime, FakeTensorRt

from realtime import engine_tensorrt
from realtime.camera_command import main
from realtime.catalog import find_style
from realtime.engine import ENGINES, EngineOptions, is_installed
from realtime.engine_tensorrt import TensorRtEngine

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Paint three frames of the demo scene; return exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIVEBRUSH_CACHE", str(tmp_path / "cache"))

    def run_it(engine: str, style: object = "starry_night") -> tuple[int, str, str]:
        words = ["--style", style, "--engine", engine, "--source", "demo", "--no-window", "--size", "96x64"]
        exit_code = main([str(word) for word in [*words, "--max-frames", 3, "--stats", "stats.json"]])
        printed = capsys.readouterr()
        return exit_code, printed.out, printed.err

    return run_it


def painted_by() -> str:
    return str(json.loads(Path("stats.json").read_text())["engine"]["name"])


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_the_engine_that_is_asked_for_paints(engine: str, run: Run) -> None:
    assert run(engine)[0] == 0 and painted_by() == engine


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino", "aoti", "tensorrt", "ncnn", "litert"])
def test_one_that_is_not_installed_is_told_with_the_line_that_installs_it(
    engine: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = ENGINES[engine]
    monkeypatch.setattr(
        "realtime.engine.is_installed", lambda package: package != spec.package and is_installed(package)
    )
    exit_code, _, error = run(engine)
    assert exit_code and error.count("\n") == 1 and f'pip install "livebrush[{spec.extra}]"' in error
    assert not Path("stats.json").exists()


@pytest.fixture
def trt(monkeypatch: pytest.MonkeyPatch) -> FakeTensorRt:
    """TensorRT on a machine with one card."""
    pytest.importorskip("onnx")
    fake = FakeTensorRt()
    monkeypatch.setattr(engine_tensorrt, "load_tensorrt", lambda: (fake, FakeCudaRuntime()))
    monkeypatch.setattr(
        "realtime.engine.is_installed", lambda package: package == "tensorrt" or is_installed(package)
    )
    return fake


def test_tensorrt_says_that_it_is_being_built_and_what_paints_meanwhile(run: Run, trt: FakeTensorRt) -> None:
    exit_code, out, _ = run("tensorrt")
    assert exit_code == 0
    assert "starry_night: tensorrt builds its engine, once for this machine; openvino paints meanwhile" in out


def test_tensorrt_that_is_built_paints_at_once(run: Run, trt: FakeTensorRt) -> None:
    style = find_style("starry_night")
    TensorRtEngine(style.path, style.contract, EngineOptions("tensorrt")).build((96, 64), lambda _done: True)
    exit_code, out, _ = run("tensorrt")
    assert exit_code == 0 and painted_by() == "tensorrt" and "builds its engine" not in out


def test_tensorrt_that_cannot_be_built_is_told(run: Run, trt: FakeTensorRt) -> None:
    trt.refuses_to_build = True
    exit_code, out, _ = run("tensorrt")
    assert exit_code == 0 and painted_by() != "tensorrt" and "openvino paints meanwhile" in out
