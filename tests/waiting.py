"""Wait for what another thread does: for the thing itself, never for a time."""

import threading
from collections.abc import Callable

LONG_S = 30  # only ever waited for by a test that fails


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for another thread; fails after LONG_S."""
    passed = threading.Event()
    for _ in range(LONG_S * 100):
        if condition():
            return
        passed.wait(0.01)
    raise AssertionError("it did not happen")
