"""The thread that opens, reads and closes a live source: all that a driver may hang in is done here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from realtime.errors import LivebrushError
from realtime.frame import Frame
from realtime.mailbox import Mailbox, MailboxClosed
from realtime.sources import Clock, Source

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 5.0

Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class Arrived:
    """A frame, and the connection it came through: one that was opened anew begins its times anew."""

    frame: Frame
    connection: object


@dataclass(frozen=True, eq=False)
class Means:
    """What a reader works with.

    Args:
        name: of the source, without secrets.
        open_again: opens the source anew, raising while that fails.
        frames: where they go; aborted when the run ends.
        tell: called with one line when the source breaks off and when it is back.
        clock: seconds.
        wait: waits before the next try.
    """

    name: str
    open_again: Callable[[], Source]
    frames: Mailbox[Arrived]
    tell: Callable[[str], None]
    clock: Clock
    wait: Callable[[float], object]


class SourceReader:
    """Reads from now on, and opens the source again for as long as it takes, until it is told to leave.

    Args:
        source: open already; None to begin by opening.
        means: see there.
    """

    def __init__(self, source: Source | None, means: Means) -> None:
        self.fps: float | None = None
        """Of the frames that come now, as the source measures it."""
        self._source = source
        self._means = means
        self._left = threading.Event()
        self._asked_at: float | None = None
        self._pauses = growing_pauses()
        self.thread = threading.Thread(target=self._run, name="livebrush-source", daemon=True)
        self.thread.start()

    def leave(self) -> None:
        """Have it close the source and end as soon as the driver lets it; it hands over nothing more."""
        self._left.set()

    def unanswered_s(self) -> float:
        """Return how long ago it asked the driver something that was not answered yet, in seconds."""
        asked_at = self._asked_at
        return 0.0 if asked_at is None else self._means.clock() - asked_at

    def _run(self) -> None:
        source, lost_at = self._source, None if self._source else self._means.clock()
        while not self._left.is_set():
            if source is None:
                source = self._open()
            if source is not None:
                opened_at = self._means.clock()
                why = self._hand_over(source, lost_at)
                self._close(source)
                source = None
                lost_at = self._means.clock()
                if not self._left.is_set():
                    self._means.tell(f"{why}; the last picture stays until it is back")
                    self._rest(lost_at - opened_at)
        if source is not None:
            self._close(source)

    def _open(self) -> Source | None:
        """Try until it works; None once told to leave."""
        while not self._left.is_set():
            try:
                return self._ask(self._means.open_again)
            except Exception:  # whatever it was, it may be gone at the next try
                self._means.wait(next(self._pauses))
        return None

    def _rest(self, lasted_s: float) -> None:
        """Wait before what broke off at once is opened once more; what had lasted is opened without."""
        if lasted_s >= LONGEST_PAUSE_S:
            self._pauses = growing_pauses()
        else:
            self._means.wait(next(self._pauses))

    def _hand_over(self, source: Source, lost_at: float | None) -> str:
        """Hand over every frame until there is no more; return why, in one line without secrets."""
        connection, name = object(), self._means.name
        try:
            while True:
                frame = self._ask(source.read)
                if frame is None:
                    return f"{name} has ended"
                if self._left.is_set():
                    return ""
                if lost_at is not None:
                    self._means.tell(f"{name} is back after {self._means.clock() - lost_at:.0f} s")
                    lost_at = None
                self.fps = source.info.fps
                self._means.frames.put(Arrived(frame, connection))
        except MailboxClosed:
            self.leave()
            return ""
        except LivebrushError as error:
            return str(error)
        except Exception as error:  # a stranger's text may hold the address with its password
            return f"{name} failed ({type(error).__name__})"

    def _close(self, source: Source) -> None:
        try:
            self._ask(source.close)
        except Exception as error:
            self._means.tell(f"{self._means.name} could not be closed ({type(error).__name__})")

    def _ask(self, call: Callable[[], Answer]) -> Answer:
        self._asked_at = self._means.clock()
        try:
            return call()
        finally:
            self._asked_at = None


def growing_pauses() -> Iterator[float]:
    """Return the seconds between two tries, for ever: each twice the one before, up to `LONGEST_PAUSE_S`."""
    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
