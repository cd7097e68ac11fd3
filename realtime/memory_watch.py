"""Memory that runs short while a show goes on: what is kept only for speed is given back, and said."""

from __future__ import annotations

import time
from collections.abc import Callable

from realtime.frame import Frame
from realtime.process import available_mb
from realtime.timing import Clock

SHORT_MB = 300.0  # below this, systems begin to swap or to end programs
ENOUGH_MB = 2 * SHORT_MB
LOOK_EVERY_S = 2.0


class MemoryWatch:
    """Looks at the memory now and then, between frames; see `realtime.output.WatchedWriter`.

    Args:
        spare: called with True when memory is short, so that nothing is kept that is not needed now, and
            with False when there is enough again.
        tell: called with a line when it becomes short.
        available: MB of 10^6 bytes that can still be had.
        clock: seconds.
    """

    def __init__(
        self,
        spare: Callable[[bool], None],
        tell: Callable[[str], None],
        *,
        available: Callable[[], float] = available_mb,
        clock: Clock = time.perf_counter,
    ) -> None:
        self._spare, self._tell = spare, tell
        self._available, self._clock = available, clock
        self._next_at = -float("inf")
        self._is_short = False

    def write(self, frame: Frame) -> None:
        """Look, if it is time."""
        self.idle(paused=False)

    def idle(self, *, paused: bool) -> None:
        """Look, if it is time."""
        now = self._clock()
        if now < self._next_at:
            return
        self._next_at = now + LOOK_EVERY_S
        left_mb = self._available()
        if not self._is_short and left_mb < SHORT_MB:
            self._is_short = True
            self._spare(True)
            self._tell(
                f"memory is short ({left_mb:.0f} MB left): other styles are loaded anew when they are asked "
                "for; close other programs"
            )
        elif self._is_short and left_mb > ENOUGH_MB:
            self._is_short = False
            self._spare(False)
