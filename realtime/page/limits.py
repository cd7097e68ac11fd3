"""How much anybody may ask for: so many in a time, and bodies of so many bytes."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator

from realtime.timing import Clock


class RateLimit:
    """Allows so many in a time, on the average, and as many at once. From any thread.

    Args:
        count: how many.
        per_s: in how many seconds.
        clock: seconds, never going back.
    """

    def __init__(self, count: int, per_s: float, clock: Clock) -> None:
        self._most, self._per_s, self._clock = float(count), per_s, clock
        self._left, self._at = float(count), clock()
        self._lock = threading.Lock()

    def allows(self) -> bool:
        """Count one, and tell whether it is within the limit; one that is not costs nothing."""
        with self._lock:
            now = self._clock()
            self._left = min(self._most, self._left + (now - self._at) * self._most / self._per_s)
            self._at = now
            if self._left < 1:
                return False
            self._left -= 1
            return True


class TooLargeError(Exception):
    """A body has more bytes than are taken."""


async def read_limited(chunks: AsyncIterator[bytes], most: int) -> bytes:
    """Return a body, reading no more of it than fits.

    Raises:
        TooLargeError: it has more than `most` bytes.
    """
    body = bytearray()
    async for chunk in chunks:
        if len(body) + len(chunk) > most:
            raise TooLargeError
        body += chunk
    return bytes(body)
