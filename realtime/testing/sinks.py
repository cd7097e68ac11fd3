"""Sinks that keep what they are given."""

from __future__ import annotations

from collections.abc import Callable

from realtime.frame import Frame
from realtime.sinks import ClosingSink


class CollectingSink(ClosingSink):
    """A sink that keeps every frame, in `frames`.

    Args:
        on_write: called with each frame before it is kept; it may raise.
    """

    def __init__(self, on_write: Callable[[Frame], object] | None = None) -> None:
        self.frames: list[Frame] = []
        self.closed = False
        self._on_write = on_write

    def write(self, frame: Frame) -> None:
        """Keep the frame."""
        if self._on_write is not None:
            self._on_write(frame)
        self.frames.append(frame)

    def close(self) -> None:
        """Remember that the sink was closed, in `closed`."""
        self.closed = True
