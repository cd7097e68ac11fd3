"""How an exported file is run to be checked and timed: as its user would, whatever runtime that is."""

import time
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.uint8] | NDArray[np.float32]


class Painter(Protocol):
    """An exported file in a runtime. Its module imports that runtime, and never torch."""

    runtime: str
    """The runtime's name, as the report says it."""
    precision: str
    """Of the arithmetic."""
    only_wh: tuple[int, int] | None
    """The one width and height that it takes; None for any."""

    def paint(self, image: NDArray[np.uint8]) -> Levels:
        """Paint one picture, (H, W, 3) uint8 BGR -> levels of 0 to 255, (H, W, 3) BGR.

        As the runtime gives them: floats are not rounded yet, and may not be finite.
        """

    def close(self) -> None:
        """Free what it holds."""


@runtime_checkable
class RunsElsewhere(Protocol):
    """A painter whose runtime is in another process, which tells itself what it takes."""

    last_ms: float
    """Of the last painting, without the way there and back."""

    def peak_mb(self) -> float | None:
        """Return the most memory that the process has taken so far; None where no one says."""


def paint_timed(painter: Painter, image: NDArray[np.uint8]) -> float:
    """Paint one picture and return the milliseconds that it took where it was painted."""
    began = time.perf_counter()
    painter.paint(image)
    taken = (time.perf_counter() - began) * 1000
    return painter.last_ms if isinstance(painter, RunsElsewhere) else taken
