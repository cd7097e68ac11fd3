"""Runs small ONNX graphs that are no styles, in whatever runtime is there."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, cast

from numpy.typing import NDArray

from realtime.engine import ENGINES, is_installed
from realtime.errors import MissingExtraError

Arrays = Mapping[str, NDArray[Any]]
Graph = Callable[[Arrays], list[NDArray[Any]]]
# The first of these that is loaded already, else the first that is installed. onnxruntime opens a graph of
# a few layers in a tenth of the time that openvino takes to compile it.
_IN_ORDER = ("onnxruntime", "openvino")


def run_graph(model: bytes, inputs: Arrays) -> list[NDArray[Any]]:
    """Run a graph once, in fp32 on the processor: `open_graph` for a single run."""
    return open_graph(model)(inputs)


def open_graph(model: bytes) -> Graph:
    """Open a graph to be run in fp32 on the processor, as often as wanted, by one thread at a time.

    Args:
        model: ONNX.
    Returns:
        What runs it: inputs by name -> the outputs, in the graph's order, which are the caller's. It raises
        EngineError where the graph fails.
    Raises:
        MissingExtraError: if no runtime is installed.
        EngineError: if the graph cannot be loaded.
    """
    names = [name for name in _IN_ORDER if is_installed(ENGINES[name].package)]
    if not names:
        raise MissingExtraError(" or ".join(_IN_ORDER), "cpu")
    module = importlib.import_module(ENGINES[names[0]].module)
    return cast(Callable[[bytes], Graph], module.open_graph)(model)
