"""Which threads of ours are alive: none may be, once a run has ended."""

from __future__ import annotations

import threading

PREFIX = "livebrush"


def running_threads() -> list[str]:
    """Return the names of Livebrush's threads that are alive, sorted."""
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith(PREFIX))
