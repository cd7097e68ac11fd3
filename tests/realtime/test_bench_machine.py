import json

import numpy as np
import pytest

from realtime import __version__, bench_machine
from realtime.bench_machine import (
    busy_note,
    describe_engine,
    engine_facts,
    load_average,
    machine,
    matmul_gflops,
)
from realtime.engine import EngineInfo
from realtime.errors import LivebrushError


def test_the_machine_and_the_versions_are_plain_json() -> None:
    facts = machine(load_average())
    assert json.loads(json.dumps(facts)) == facts
    assert 1 <= facts["usable_cores"] <= facts["cores"]
    assert facts["versions"]["livebrush"] == __version__
    assert facts["versions"]["numpy"] == np.__version__


def test_a_busy_machine_is_told_and_a_quiet_one_is_not() -> None:
    facts = machine(None)
    assert busy_note(facts) == ""
    assert busy_note(facts | {"load_before": 0.3, "usable_cores": 2}) == ""
    assert "load 5.9 on 2 cores" in busy_note(facts | {"load_before": 5.9, "usable_cores": 2})


def test_an_engine_is_told_with_the_version_of_its_runtime() -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    facts = engine_facts(EngineInfo("onnxruntime", "fp32", "CPUExecutionProvider", 2, "cpu"))
    assert facts["version"] == onnxruntime.__version__
    assert describe_engine(facts) == "onnxruntime fp32, CPUExecutionProvider, 2 threads"


def test_an_engine_of_no_runtime_has_no_version() -> None:
    facts = engine_facts(EngineInfo("identity", "fp32", "test", 1, "cpu"))
    assert facts["version"] is None
    assert describe_engine(facts) == "identity fp32, test, 1 thread"


def test_numpy_s_own_speed_is_measured() -> None:
    assert 0.1 < matmul_gflops(1) < 1e6


def test_a_measurement_that_fails_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_machine, "_MATMUL", "import nothing_of_the_kind")
    with pytest.raises(LivebrushError, match="No module named") as caught:
        matmul_gflops(1)
    assert "\n" not in str(caught.value)
