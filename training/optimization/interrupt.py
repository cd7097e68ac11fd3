"""Ctrl-C between two steps, never inside one: what is saved then is a state that can be gone on from."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """Whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.pressed = False

    def check(self) -> None:
        """Raise what Ctrl-C would have raised, now that a step is whole.

        Raises:
            KeyboardInterrupt: if it was pressed.
        """
        if self.pressed:
            raise KeyboardInterrupt


@contextmanager
def delayed_interrupt() -> Iterator[Interrupt]:
    """Hold Ctrl-C back until `check`; pressed twice, it acts at once."""
    interrupt = Interrupt()

    def press(number: int, frame: FrameType | None) -> None:
        if interrupt.pressed:
            raise KeyboardInterrupt
        interrupt.pressed = True

    try:
        before = signal.signal(signal.SIGINT, press)
    except ValueError:  # signals reach the main thread alone
        yield interrupt
        return
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)


def ignore_interrupt(_worker: int) -> None:
    """Leave Ctrl-C, which reaches every process, to the one that trains: for a DataLoader's workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
