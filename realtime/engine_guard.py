"""A watch over an engine that paints live: one that hangs is left, one that gives no picture is found out.

The engine is called in a thread of its own, for nothing in Python can take a thread back that waits in a
driver. What hangs dies with the process.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent import futures
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from realtime.errors import EngineError
from realtime.mailbox import SLICE_S
from realtime.timing import Clock

HANG_S = 10.0  # a picture at 4K on an old processor takes half of that
END_S = 1.0  # how long a thread that was told to leave is waited for
DARK, EVERY = 24, 16  # of 255; every 16th row and column is looked at

Answer = TypeVar("Answer")


class EngineHangsError(EngineError):
    """An engine gave no answer for `HANG_S`, or until the run ended."""


class NoPictureError(EngineError):
    """A network gave black for a picture that is not: the numbers in it are none any more (NaN)."""


class EngineGuard:
    """Calls functions of engines, one at a time, and gives up on one that does not return.

    Args:
        limit_s: how long a call may take.
        clock: seconds.
    """

    def __init__(self, limit_s: float = HANG_S, clock: Clock = time.perf_counter) -> None:
        self._limit_s = limit_s
        self._clock = clock
        self._worker: _Worker | None = None
        self._interrupted = threading.Event()

    def call(self, function: Callable[[], Answer]) -> Answer:
        """Return what the function returns, or raise what it raises.

        Raises:
            EngineHangsError: it does neither in time. Its thread is left, and so must be its engine.
        """
        worker = self._worker = self._worker or _Worker()
        answer = worker.begin(function)
        began = self._clock()
        try:
            while True:
                try:
                    return cast(Answer, answer.result(SLICE_S))
                except futures.TimeoutError:
                    if answer.done():  # a time-out of its own
                        raise
                took_s = self._clock() - began
                if self._interrupted.is_set() or took_s > self._limit_s:
                    self._worker = None
                    worker.leave()
                    raise EngineHangsError(f"it gave no picture for {took_s:.0f} s")
        finally:
            # It holds the exception, which holds this frame: a circle around an engine and its pictures.
            del answer

    def interrupt(self) -> None:
        """Let a call that waits give up now: the run has ended."""
        self._interrupted.set()

    @property
    def interrupted(self) -> bool:
        """True once the run has ended."""
        return self._interrupted.is_set()

    def close(self) -> None:
        """End the thread."""
        if self._worker is not None:
            self._worker.leave()
            self._worker.thread.join(END_S)
            self._worker = None


class _Worker:
    """A thread that calls one function after another, until it is told to leave."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], futures.Future[Any]] | None]
        self._jobs = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._run, name="livebrush-engine", daemon=True)
        self.thread.start()

    def begin(self, function: Callable[[], Any]) -> futures.Future[Any]:
        """Have a function called; the answer comes later."""
        answer: futures.Future[Any] = futures.Future()
        self._jobs.put((function, answer))
        return answer

    def leave(self) -> None:
        """End the thread after what it does now."""
        self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            function, answer = job
            try:
                answer.set_result(function())
            except BaseException as error:
                answer.set_exception(error)
            # A painting that this thread still knew would not be used again as memory.
            del job, function, answer


def check_picture(frame_image: NDArray[np.uint8], painting: NDArray[np.uint8]) -> None:
    """Raise NoPictureError if a painting is black and what it was painted from is not.

    A network whose numbers overflow gives NaN, and as 8 bits those are 0. Both are (H, W, 3) uint8.
    """
    sample = painting[::EVERY, ::EVERY]
    if not sample.any() and int(frame_image[::EVERY, ::EVERY].max()) > DARK and not painting.any():
        raise NoPictureError("it gave no picture but black (NaN)")
