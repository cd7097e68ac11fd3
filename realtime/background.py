"""Work that begins before its result is needed: how a camera, a network and a window open at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from realtime.mailbox import SLICE_S

Result = TypeVar("Result")


class Stopped(Exception):
    """The run was stopped before this was ready."""


class Background(Generic[Result]):
    """Does some work in a thread of its own, from now on.

    Args:
        work: returns the result, or raises what `result` is to raise.
    """

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work = work
        self._results: list[Result] = []
        self._error: BaseException | None = None
        # A daemon: a camera driver that never answers must not keep the process alive.
        self._thread = threading.Thread(target=self._do, name="livebrush-start", daemon=True)
        self._thread.start()

    def result(self, stop: threading.Event) -> Result:
        """Wait for the result and return it.

        Raises:
            Stopped: if `stop` is set first.
            Whatever the work raised.
        """
        while self._thread.is_alive():
            if stop.is_set():
                raise Stopped
            self._thread.join(SLICE_S)
        if self._error is not None:
            raise self._error
        return self._results[0]

    def wait(self, timeout_s: float) -> None:
        """Wait until the work has ended, well or not, but no longer than this."""
        self._thread.join(timeout_s)

    def _do(self) -> None:
        try:
            self._results.append(self._work())
        except BaseException as error:  # whatever it is, it is for whoever asks for the result
            self._error = error
