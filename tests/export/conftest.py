"""Tracing takes torch five seconds, and these tests export the same few networks again and again."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from filelock import FileLock
from torch import nn

from export import to_onnx, to_student, verify
from training.checkpoint import save_checkpoint
from training.networks.student_net import StudentNet

_kept_in: list[Path] = []


@pytest.fixture(scope="session", autouse=True)
def _each_network_is_traced_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what torch made of a graph for whoever traces the very same again, in any of the test processes.

    The same is what pickles to the same bytes, weights and all, and is traced with the same words: what is
    kept is what torch would have given. Everything around the trace is done each time.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "traced"
    folder.mkdir(exist_ok=True)
    _kept_in.append(folder)

    with pytest.MonkeyPatch.context() as patch:
        for trace, modules in _TRACERS.items():
            once = _keeping(trace)
            for module in modules:
                patch.setattr(f"{module}.{trace.__name__}", once)
        yield
    _kept_in.pop()


_TRACERS: dict[Callable[..., onnx.ModelProto], tuple[str, ...]] = {
    to_onnx.trace: ("export.to_onnx", "export.to_meta", "export.to_recurrent"),
    to_student.trace_student: ("export.to_student", "export.student_targets"),
}


def _keeping(trace: Callable[..., onnx.ModelProto]) -> Callable[..., onnx.ModelProto]:
    def trace_once(network: nn.Module, *words: object, **names: Any) -> onnx.ModelProto:
        file = _kept_in[-1] / _key(network.eval(), words, names)
        with FileLock(file.with_suffix(".lock")):
            if not file.exists():
                file.write_bytes(trace(network, *words, **names).SerializeToString())
        return onnx.ModelProto.FromString(file.read_bytes())

    return trace_once


@pytest.fixture(scope="session")
def student_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student of random weights, the same in every test process."""
    torch.manual_seed(0)
    network = StudentNet()
    with torch.no_grad():  # biases that are all 0, as no trained network's are, would be stored once
        for value in network.parameters():
            value.add_(0.01 * torch.randn_like(value))
    file = tmp_path_factory.mktemp("student") / "student.pt"
    save_checkpoint(file, {"kind": "student", "weights": network.state_dict(), "training": {}})
    return file


@pytest.fixture(scope="session", autouse=True)
def _paintings_are_timed_once_and_small() -> Iterator[None]:
    """What is painted is what these tests are about, not how many milliseconds it takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verify, "_TIMED", 1)
        patch.setattr(verify, "USUAL_SIZE_WH", (96, 64))
        yield


@pytest.fixture
def traced_anew(tmp_path: Path) -> Iterator[None]:
    """Trace all anew: for tests of what tracing itself does."""
    _kept_in.append(tmp_path)
    yield
    _kept_in.pop()


def _key(*what: object) -> str:
    file = io.BytesIO()
    torch.save(what, file)
    return hashlib.sha256(file.getvalue()).hexdigest()
