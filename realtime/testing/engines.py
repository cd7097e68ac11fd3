"""Engines without a network: one that works, and one that goes wrong in the way that a test wants."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from realtime import __version__
from realtime.contract import StyleContract
from realtime.engine import EngineInfo
from realtime.errors import EngineError

Fault = Literal["raises", "no picture", "hangs"]


def make_contract(name: str = "identity", title: str = "Identity") -> StyleContract:
    """Return the contract of a style that changes nothing."""
    return StyleContract(
        name=name,
        title=title,
        artist="nobody",
        year="2020",
        preset="fast",
        flop_per_pixel=0.0,
        weights_precision="fp32",
        weights_sha256="0" * 64,
        livebrush_version=__version__,
    )


class IdentityEngine:
    """An engine whose painting is the picture itself.

    Args:
        contract: what it says it runs.
        before_infer: called before every picture with how many were painted so far; it may wait for a
            test's event, move a clock, or raise.
    """

    def __init__(
        self, contract: StyleContract | None = None, *, before_infer: Callable[[int], object] | None = None
    ) -> None:
        self.contract = contract or make_contract()
        self.info = EngineInfo(name="identity", precision="fp32", provider="test", threads=1, device="cpu")
        self.prepared_wh: list[tuple[int, int]] = []
        self.painted = 0
        self.closed = False
        self._before_infer = before_infer

    def prepare(self, size_wh: tuple[int, int]) -> None:
        """Remember the size, in `prepared_wh`."""
        self.prepared_wh.append(size_wh)

    def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a copy of the picture, (H, W, 3) uint8."""
        if self._before_infer is not None:
            self._before_infer(self.painted)
        self.painted += 1
        return np.array(image, order="C")

    def close(self) -> None:
        """Remember that the engine was closed, in `closed`."""
        self.closed = True


class FaultyEngine(IdentityEngine):
    """An identity engine that goes wrong at one picture and at all after it.

    Args:
        fault: "raises" a RuntimeError, gives "no picture" (black, as a network of NaN does), or "hangs" until
            `release` is set.
        at: number of the first picture that goes wrong.
        contract: what it says it runs.
    """

    def __init__(self, fault: Fault, *, at: int = 0, contract: StyleContract | None = None) -> None:
        super().__init__(contract)
        self.hangs = threading.Event()
        """Set when it hangs."""
        self.release = threading.Event()
        self._fault = fault
        self._at = at

    def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a copy of the picture, or go wrong."""
        painting = super().infer(image)
        if self.painted <= self._at:
            return painting
        if self._fault == "raises":
            raise RuntimeError("the runtime lost its device")
        if self._fault == "hangs":
            self.hangs.set()
            self.release.wait()
            raise EngineError("it answered at last")
        return np.zeros_like(painting)
