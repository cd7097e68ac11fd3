"""A film or a folder of pictures that begins again at its end, for as long as somebody wants to see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from realtime.frame import Frame
from realtime.sources import Source, SourceInfo


class LoopedSource:
    """Reads a source again and again; times and numbers go on.

    Args:
        source: open, and not live.
        open_again: opens it anew.
    """

    def __init__(self, source: Source, open_again: Callable[[], Source]) -> None:
        self._source, self._open_again = source, open_again
        self._read_any = False
        self._first_index = self._first_pts = 0
        self._last: Frame | None = None
        self._step_pts = 1

    @property
    def info(self) -> SourceInfo:
        """What the source promises, but for an end."""
        return replace(self._source.info, frame_count=None)

    def read(self) -> Frame | None:
        """Return the next frame; None only if the source has none at all."""
        frame = self._source.read()
        if frame is None:
            if not self._read_any:
                return None
            self._begin_again()
            frame = self._source.read()
            if frame is None:
                return None
        self._read_any = True
        return self._placed(frame)

    def close(self) -> None:
        """Let go of the source."""
        self._source.close()

    def _begin_again(self) -> None:
        self._source.close()
        self._source = self._open_again()
        self._read_any = False
        if self._last is not None:
            self._first_index, self._first_pts = self._last.index + 1, self._last.pts + self._step_pts

    def _placed(self, frame: Frame) -> Frame:
        placed = replace(frame, index=self._first_index + frame.index, pts=self._first_pts + frame.pts)
        if self._last is not None:
            self._step_pts = max(1, placed.pts - self._last.pts)
        self._last = placed
        return placed
