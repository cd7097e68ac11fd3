"""`python -m export benchmark`: times what was exported, in turns, in the runtimes that people run."""

import json
from pathlib import Path

import pytest

from export import benchmark, benchmark_command
from export.benchmark import Exported, measure_peak_mb, runs_here, time_files
from export.targets import TARGETS, ExportOptions
from realtime.catalog import find_style
from realtime.console import run_command

FP16 = ExportOptions("fp16")


def run(*arguments: object) -> int:
    words = [str(argument) for argument in arguments]
    return run_command(benchmark_command.app, words, program="python -m export benchmark")


@pytest.fixture
def shipped() -> Exported:
    """A style file that needs no export, for it ships."""
    path = find_style("starry_night").path
    return Exported("onnx", path, FP16, path.stat().st_size, 78.0)


def test_every_runtime_of_a_file_takes_its_turns(shipped: Exported, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "measure_peak_mb", lambda *_: None)
    timings = time_files([shipped], (96, 64), rounds=2, frames=2)
    assert [timing.runtime for timing in timings] == ["onnxruntime fp32", "openvino fp32"]
    for timing in timings:
        assert 0 < timing.p50_ms <= timing.p95_ms
        assert timing.row()[:3] == ("onnx fp16", timing.runtime, "96x64")
        assert len(timing.row()) == len(benchmark.COLUMNS) and timing.row()[-1] == ""


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows does not say")
def test_memory_is_that_of_a_process_with_nothing_else_in_it(shipped: Exported) -> None:
    peak_mb = measure_peak_mb(shipped, "onnxruntime", (96, 64))
    assert peak_mb is not None and 30 < peak_mb < 400  # torch alone takes more


def test_the_command_writes_one_table_for_people_and_for_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmark, "SIZES_WH", ((96, 64),))
    monkeypatch.setattr(benchmark, "measure_peak_mb", lambda *_: 123.0)
    counts = ("--rounds", 1, "--frames", 2)
    assert run("starry_night", "--targets", "onnx:fp16,openvino:fp16", *counts, "-o", tmp_path) == 0
    plain = json.loads((tmp_path / "benchmark.json").read_text())
    assert [timing["label"] for timing in plain["timings"]] == ["onnx fp16", "onnx fp16", "openvino fp16"]
    assert "| onnx fp16 | onnxruntime fp32 | 96x64 |" in (tmp_path / "benchmark.md").read_text()
    assert "onnx fp16: within its limits" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ("floppy", "--to must be one of onnx"),
        ("aoti", "--targets: aoti does not run on this machine at several sizes"),
        ("onnx:bf16", "--precision must be one of fp16, fp32, int8 for onnx"),
    ],
)
def test_what_cannot_be_timed_is_one_line(
    targets: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("starry_night", "--targets", targets) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_what_has_no_runtime_here_is_left_out() -> None:
    assert runs_here("onnx") and not runs_here("checkpoint") and not runs_here("aoti")
    assert all(TARGETS[name].painters for name in TARGETS if runs_here(name))
