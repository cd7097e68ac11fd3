import os
from typing import Any

import pytest

from realtime.errors import EngineError
from realtime.profile_onnxruntime import kernels_wait, last_runs


def make_event(name: str, ts: int, dur: int, category: str = "Node") -> dict[str, Any]:
    return {"name": name, "ts": ts, "dur": dur, "cat": category, "ph": "X", "pid": 1, "tid": 1, "args": {}}


# As onnxruntime writes them: what lies around comes after what lies within.
EVENTS = [
    make_event("session_initialization", 0, 90, "Session"),
    make_event("conv_kernel_time", 102, 50),
    make_event("model_run", 100, 60, "Session"),
    make_event("conv_kernel_time", 202, 20),
    make_event("relu_kernel_time", 224, 4),
    make_event("SequentialExecutor::Execute", 201, 28, "Session"),
    make_event("model_run", 200, 30, "Session"),
]


def test_the_last_runs_are_kept_and_what_came_before_is_not() -> None:
    (run,) = last_runs(EVENTS, 1)
    names = ["model_run", "SequentialExecutor::Execute", "conv_kernel_time", "relu_kernel_time"]
    assert [event["name"] for event in run] == names
    assert [event["ts"] for event in run] == [200, 201, 202, 224]


def test_every_run_has_its_own_events() -> None:
    first, second = last_runs(EVENTS, 2)
    assert [event["dur"] for event in first] == [60, 50]
    assert [event["dur"] for event in second] == [30, 28, 20, 4]


def test_a_profile_that_broke_off_is_an_error() -> None:
    with pytest.raises(EngineError, match="holds 2 runs of 3"):
        last_runs(EVENTS, 3)


def test_kernels_wait_on_a_gpu_only_and_only_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_LAUNCH_BLOCKING", raising=False)
    with kernels_wait("cpu"):
        assert "CUDA_LAUNCH_BLOCKING" not in os.environ
    with kernels_wait("auto"):
        assert os.environ["CUDA_LAUNCH_BLOCKING"] == "1"
    assert "CUDA_LAUNCH_BLOCKING" not in os.environ


def test_what_the_user_said_about_kernels_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_LAUNCH_BLOCKING", "0")
    with kernels_wait("cuda"):
        assert os.environ["CUDA_LAUNCH_BLOCKING"] == "0"
    assert os.environ["CUDA_LAUNCH_BLOCKING"] == "0"
