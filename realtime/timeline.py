"""Presentation times that only grow, whatever a container says."""

from __future__ import annotations

from fractions import Fraction

JUMP_BACK_S = 1  # a broadcast's clock that wraps or restarts jumps further than frames are out of order


class Timeline:
    """Places frames in time: exactly where the container has them, wherever that makes sense.

    Args:
        time_base: seconds per unit.
        step: units between two frames, for frames that carry no time.
        offset: units taken from every given time.
    """

    def __init__(self, time_base: Fraction, *, step: int, offset: int = 0) -> None:
        self.time_base = time_base
        self._step = step
        self._offset = offset
        self._last: int | None = None

    @property
    def end(self) -> int:
        """When the last placed frame ends; 0 before the first."""
        return 0 if self._last is None else self._last + self._step

    def place(self, pts: int | None) -> int:
        """Return the frame's time in units, later than every one before.

        A missing time follows the last by one step; a repeated one by the least unit; where the clock
        jumps back by more than `JUMP_BACK_S` it is set on from there.
        """
        placed = self.end if pts is None else pts - self._offset
        if self._last is not None and placed <= self._last:
            if (self._last - placed) * self.time_base > JUMP_BACK_S:
                self._offset -= self.end - placed
                placed = self.end
            else:
                placed = self._last + 1
        self._last = placed
        return placed
