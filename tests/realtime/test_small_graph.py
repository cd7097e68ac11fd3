from pathlib import Path

import numpy as np
import pytest

from realtime import small_graph
from realtime.contract import INPUT_NAME
from realtime.errors import EngineError, MissingExtraError
from realtime.meta_file import MetaFile
from realtime.small_graph import run_graph

IMAGE = np.full((1, 40, 50, 3), 51, np.uint8)


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_either_runtime_runs_a_graph(runtime: str, meta_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(runtime)
    monkeypatch.setattr(small_graph, "is_installed", lambda package: package == runtime)
    (vector,) = run_graph(MetaFile(meta_file).encoder, {INPUT_NAME: IMAGE})
    np.testing.assert_allclose(vector, np.full((1, 3), 0.2), atol=1e-3)


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_what_is_no_graph_is_an_engine_error(runtime: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(runtime)
    monkeypatch.setattr(small_graph, "is_installed", lambda package: package == runtime)
    with pytest.raises(EngineError, match=f"{runtime} cannot run a graph") as caught:
        run_graph(b"not a graph", {INPUT_NAME: IMAGE})
    assert "\n" not in str(caught.value)


def test_without_a_runtime_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_graph, "is_installed", lambda package: False)
    with pytest.raises(MissingExtraError, match=r"livebrush\[cpu\]"):
        run_graph(b"", {})
