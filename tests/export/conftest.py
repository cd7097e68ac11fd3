"""Tracing takes torch five seconds, and these tests export the same few networks again and again."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from typing import Any

import onnx
import pytest
import torch
from torch import Tensor, nn

from export import to_onnx

_traced: dict[str, bytes] = {}


@pytest.fixture(scope="session", autouse=True)
def _each_network_is_traced_once() -> Iterator[None]:
    """Keep what torch made of a graph for whoever traces the very same again.

    The same is what pickles to the same bytes, weights and all, and is traced with the same words: what is
    kept is what torch would have given. Everything around the trace is done each time.
    """
    trace = to_onnx.trace

    def trace_once(graph: nn.Module, example: Tensor, axes: dict[int, str], **names: Any) -> onnx.ModelProto:
        key = _key(graph.eval(), example, axes, names)
        if key not in _traced:
            _traced[key] = trace(graph, example, axes, **names).SerializeToString()
        return onnx.ModelProto.FromString(_traced[key])

    with pytest.MonkeyPatch.context() as patch:
        for module in ("export.to_onnx", "export.to_meta"):
            patch.setattr(f"{module}.trace", trace_once)
        yield


@pytest.fixture
def traced_anew() -> Iterator[None]:
    """Forget what was traced: for tests of what tracing itself does."""
    kept = dict(_traced)
    _traced.clear()
    yield
    _traced.update(kept)


def _key(*what: object) -> str:
    file = io.BytesIO()
    torch.save(what, file)
    return hashlib.sha256(file.getvalue()).hexdigest()
