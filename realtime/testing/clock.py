"""A clock that a test moves."""

from __future__ import annotations

import threading


class FakeClock:
    """A clock that stands still until it is moved: `clock()` reads it, in seconds."""

    def __init__(self, now_s: float = 0.0) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()

    def __call__(self) -> float:
        with self._lock:
            return self._now_s

    def advance(self, seconds: float) -> None:
        """Move the clock on."""
        with self._lock:
            self._now_s += seconds
