"""Styles whose network sees its last painting, so that strokes stay where they are: NAME.steady.onnx.

It lies beside NAME.onnx and paints as that does, of the same weights, wherever there is no painting before,
or none that can be trusted. It is used in its place where paintings are to be steady; without one they are
blended, see `realtime.temporal`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from realtime.catalog import StyleEntry
from realtime.contract import RECURRENT, StyleContract, read_contract
from realtime.engine import Engine, EngineOptions, may_take_card
from realtime.errors import LivebrushError
from realtime.onnx_metadata import STEADY_SUFFIX
from realtime.tensors import nothing_before, tensors_before

# Engines that run it, on the processor; those that build or export one of their own have the plain network's.
ENGINES = ("auto", "openvino", "onnxruntime")
# In `training` of a recurrent style: the hash of the plain weights that it paints by.
PLAIN_KEY = "plain_weights_sha256"


class RecurrentEngine(Engine, Protocol):
    """An engine that may be shown its last painting."""

    @property
    def looks_back(self) -> bool:
        """Whether its style file takes its last painting."""

    def infer_after(
        self, image: NDArray[np.uint8], before: NDArray[np.uint8], trust: NDArray[np.uint8]
    ) -> NDArray[np.uint8]:
        """Paint one picture as `infer` does, after another one.

        Args:
            image: (H, W, 3) uint8 BGR.
            before: the last painting, moved to where its pixels are now, likewise.
            trust: (H, W) uint8: 255 where a pixel of it is the same thing, 0 where it is nothing to go by.
        Raises:
            EngineError: if the runtime fails on it, or the style file takes no painting before.
        """


class PaintsAfter(ABC):
    """What engines share that run recurrent graphs: a picture alone is one after nothing."""

    contract: StyleContract

    @property
    def looks_back(self) -> bool:
        """Whether its style file takes its last painting."""
        return self.contract.kind == RECURRENT

    def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Paint one picture: (H, W, 3) uint8 BGR -> the same shape, an array that the caller owns."""
        return self._paint(image, nothing_before(image) if self.looks_back else ())

    def infer_after(
        self, image: NDArray[np.uint8], before: NDArray[np.uint8], trust: NDArray[np.uint8]
    ) -> NDArray[np.uint8]:
        """Paint one picture after another one; see `RecurrentEngine`."""
        return self._paint(image, tensors_before(self.contract, image, before, trust))

    @abstractmethod
    def _paint(self, image: NDArray[np.uint8], more: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """Run the graph on a picture, and on what else it takes."""


def steadied(entry: StyleEntry, options: EngineOptions) -> StyleEntry:
    """Return what paints a style steadily: its recurrent network if it has one, else the style itself.

    A recurrent network of other weights than the style's, or that cannot be read, is none of it.

    Args:
        entry: the style.
        options: of the engine that is to run it.
    """
    runs = options.engine in ENGINES and options.precision != "int8" and not may_take_card(options)
    if not runs or entry.contract.kind == RECURRENT:
        return entry
    path = entry.path.with_name(f"{entry.path.stem}{STEADY_SUFFIX}")
    contract = _contract(path) if path.is_file() else None
    if contract is None or contract.training.get(PLAIN_KEY) != entry.contract.weights_sha256:
        return entry
    return replace(entry, path=path, contract=contract)


def look_back(engine: Engine) -> RecurrentEngine | None:
    """Return the engine if it can be shown its last painting."""
    return cast(RecurrentEngine, engine) if getattr(engine, "looks_back", False) else None


def _contract(path: Path) -> StyleContract | None:
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _read(path: Path, _changed_ns: int) -> StyleContract | None:
    try:
        contract = read_contract(path)
    except LivebrushError:
        return None
    return contract if contract.kind == RECURRENT else None
