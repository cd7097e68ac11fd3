"""When a file's frame is due on screen, by the file's own timestamps."""

from __future__ import annotations

import threading
from collections.abc import Callable

from realtime.frame import Frame
from realtime.timing import Clock

# A frame later than this moves the whole schedule: after a stall the film goes on from where it is,
# it does not race to catch up.
CATCH_UP_S = 0.1
PICTURE_S = 2.0


def film_time(frame: Frame) -> float:
    """Return when a video's frame is due, seconds from the video's start."""
    return frame.time_s()


def slide_time(frame: Frame) -> float:
    """Return when a folder's picture is due: each stays `PICTURE_S` seconds."""
    return frame.index * PICTURE_S


class Pacer:
    """Tells how long a frame has to wait. A network that is too slow slows the film; nothing is dropped.

    Args:
        time_of: when a frame is due, seconds from any beginning.
        clock: seconds.
    """

    def __init__(self, time_of: Callable[[Frame], float], clock: Clock) -> None:
        self._time_of = time_of
        self._clock = clock
        self._zero_at: float | None = None

    def left_s(self, frame: Frame) -> float:
        """Return the seconds until the frame is due; 0 or less when it is."""
        now, time_s = self._clock(), self._time_of(frame)
        if self._zero_at is None or now - (self._zero_at + time_s) > CATCH_UP_S:
            self._zero_at = now - time_s
        return self._zero_at + time_s - now

    def restart(self) -> None:
        """Let the next frame be due at once: after a pause."""
        self._zero_at = None


def wait_until_due(
    pacer: Pacer | None,
    frame: Frame,
    stop: threading.Event,
    idle: Callable[[], None],
    slice_s: float,
) -> bool:
    """Wait until a frame is due; False if `stop` was set before.

    Args:
        pacer: says when; None for now.
        idle: called after every slice of the wait.
        slice_s: longest wait in one piece, seconds.
    """
    while pacer is not None and not stop.is_set():
        left_s = pacer.left_s(frame)
        if left_s <= 0:
            break
        stop.wait(min(left_s, slice_s))
        idle()
    return not stop.is_set()
