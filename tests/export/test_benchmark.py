"""`python -m export benchmark`: times what was exported, in turns, in the runtimes that people run."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from export import benchmark, benchmark_command
from export.benchmark import Exported, measure_peak_mb, time_files
from export.targets import ExportOptions
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
    seen: list[tuple[int, int]] = []
    timings = time_files([shipped], (96, 64), rounds=2, frames=2, watch=lambda *far: seen.append(far))
    assert seen == [(done, 6) for done in range(1, 7)]  # two runtimes, two rounds and that of memory
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
        ("coreml", "--targets: coreml does not run here: nothing here runs it"),
        ("onnx:bf16", "--precision must be one of fp16, fp32, int8 for onnx"),
    ],
)
def test_what_cannot_be_timed_is_one_line(
    targets: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("starry_night", "--targets", targets) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_what_does_not_run_here_is_left_out_and_why_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("export.targets.is_installed", lambda package: package not in ("pnnx", "openvino"))
    monkeypatch.setattr("export.to_litert.find_python", lambda: Path("python"))
    asked = benchmark_command._parse("")
    names = {name for name, _ in asked}
    assert {"onnx", "ort", "litert"} <= names and not names & {"ncnn", "openvino", "coreml", "checkpoint"}
    assert [options.precision for name, options in asked if name == "litert"] == ["fp16", "fp32", "int8"]
    said = capsys.readouterr().out
    assert 'ncnn is left out: pnnx is not installed: pip install "livebrush[ncnn]"' in said
    assert "checkpoint is left out: nothing here runs it" in said


def test_what_is_made_for_one_size_is_made_for_each_and_timed_at_its_own(
    shipped: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark, "measure_peak_mb", lambda *_: None)
    fixed = replace(shipped, options=ExportOptions("fp16", (64, 64)))
    assert time_files([fixed], (96, 64), rounds=1, frames=2) == []
    assert len(time_files([fixed], (64, 64), rounds=1, frames=2)) == 2
