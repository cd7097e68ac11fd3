"""What a show tells its viewers, one line at a time."""

from __future__ import annotations

import threading
from collections import deque

KEPT = 20


class News:
    """The last lines that were told, each with a number. From any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: deque[tuple[int, str]] = deque(maxlen=KEPT)
        self._number = 0

    def tell(self, line: str) -> None:
        """Have all viewers told of something, in one line."""
        with self._lock:
            self._number += 1
            self._lines.append((self._number, line))

    def since(self, number: int) -> tuple[int, list[str]]:
        """Return the number of the newest line, and those after a number, as far as they are kept."""
        with self._lock:
            return self._number, [line for at, line in self._lines if at > number]
