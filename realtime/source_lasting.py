"""A camera or a live address that comes back: what breaks off is opened again, for as long as it takes.

    reader thread ──mailbox of 1──> read(), in the capture thread

While there is no picture `read` waits, the loop keeps the last one, and `trouble` says how old it is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from realtime.frame import Frame
from realtime.mailbox import SLICE_S, Mailbox, MailboxClosed
from realtime.preprocess import fitted_into
from realtime.source_reader import Arrived, Means, SourceReader
from realtime.sources import Clock, Source, SourceInfo

STALL_S = 10.0  # OpenCV's V4L2 gives up by itself after this long; other drivers never do
OLD_S = 2.0  # a picture older than this is said to be old
BLACK_S = 2.0  # pictures that are black for longer than this are said to be
DARK, EVERY = 16, 16  # of 255; every 16th row and column is looked at
END_S = 1.0  # how long a reader that was told to leave is waited for


class LastingSource:
    """Reads a live source, and opens it again whenever it breaks off, ends or hangs.

    Every frame has the size of the first: another one is fitted into it with black bars, since a film that
    is being written cannot change its size. Times go on over a gap by the clock, and only grow.

    Args:
        source: open already, so that a wrong name is an error and not a wait.
        open_again: opens it anew, raising while that fails.
        tell: called with one line when it breaks off and when it is back, from a thread of its own; may be
            set later.
        clock: seconds.
        wait: waits before the next try; the default ends at once on `interrupt`.
    """

    def __init__(
        self,
        source: Source,
        open_again: Callable[[], Source],
        *,
        tell: Callable[[str], None] = lambda _: None,
        clock: Clock = time.perf_counter,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self.tell = tell
        self._clock = clock
        self._stop = threading.Event()
        self._first = source.info
        self._frames: Mailbox[Arrived] = Mailbox(1, drops_oldest=True)
        self._means = Means(
            self._first.name, open_again, self._frames, self._say, clock, wait or self._stop.wait
        )
        self._arrived_at = clock()
        self._black_since: float | None = None
        self._black_told = False
        self._times = GapTimes()
        self._stuck: SourceReader | None = None
        self._reader = SourceReader(source, self._means)

    @property
    def info(self) -> SourceInfo:
        """What the first connection promised, with the rate that is measured now."""
        return replace(self._first, fps=self._reader.fps or self._first.fps)

    @property
    def trouble(self) -> str | None:
        """One line while no picture comes, with the age of the last, or while all are black; else None."""
        now, black_since = self._clock(), self._black_since
        age_s = now - self._arrived_at
        if age_s > OLD_S:
            return f"{self._first.name}: no picture for {age_s:.0f} s"
        if black_since is not None and now - black_since > BLACK_S:
            return f"{self._first.name}: black pictures for {now - black_since:.0f} s"
        return None

    def read(self) -> Frame | None:
        """Wait for the next picture, however long that takes; None only after `interrupt`."""
        while not self._stop.is_set():
            try:
                arrived = self._frames.get(SLICE_S)
            except MailboxClosed:
                break
            if arrived is not None:
                gap_s, self._arrived_at = self._clock() - self._arrived_at, self._clock()
                frame = self._times.place(arrived)
                self._look_for_black(frame, gap_s)
                return frame.with_image(fitted_into(frame.image, self._first.size_wh))
            self._look_after()
        return None

    def interrupt(self) -> None:
        """Let `read` return None, from any thread: the run has ended."""
        self._stop.set()
        self._frames.abort()

    def close(self) -> None:
        """End the reader, which closes the source; one that hangs is left to die with the process."""
        self.interrupt()
        self._reader.leave()
        self._reader.thread.join(END_S)

    def _look_after(self) -> None:
        """Leave a reader that hangs. One at most: threads and handles must not pile up."""
        if self._stuck is not None and not self._stuck.thread.is_alive():
            self._stuck = None
        if self._stuck is None and self._reader.unanswered_s() > STALL_S:
            self._say(f"{self._first.name} does not answer; it is opened anew")
            self._stuck = self._reader
            self._stuck.leave()
            self._reader = SourceReader(None, self._means)

    def _look_for_black(self, frame: Frame, gap_s: float) -> None:
        """Tell once that pictures are black: a lens is covered, or the driver gives them to another."""
        if int(frame.image[::EVERY, ::EVERY].max()) > DARK:
            self._black_since, self._black_told = None, False
            return
        if gap_s > OLD_S:  # nobody knows what was in it
            self._black_since = None
        self._black_since = self._arrived_at if self._black_since is None else self._black_since
        if not self._black_told and self._arrived_at - self._black_since > BLACK_S:
            self._black_told = True
            name = self._first.name
            self._say(f"{name} gives black pictures; is its lens covered, or does another program use it?")

    def _say(self, text: str) -> None:
        self.tell(text)


class GapTimes:
    """Times that go on where a source was opened anew: by the clock over the gap, by the source within."""

    def __init__(self) -> None:
        self._last: Frame | None = None
        self._time_base = Fraction(1)
        self._connection: object = None
        self._shift = 0
        self._index = 0

    def place(self, arrived: Arrived) -> Frame:
        """Return the frame with its index and its time since the first frame ever, later than all before."""
        frame, last = arrived.frame, self._last
        if last is None:
            self._time_base, self._connection = frame.time_base, arrived.connection
        pts = round(frame.pts * frame.time_base / self._time_base)
        if arrived.connection is not self._connection and last is not None:
            self._connection = arrived.connection
            gap_s = max(0.0, frame.captured_at - last.captured_at)  # a clock that was set back counts as none
            self._shift = last.pts + round(gap_s / self._time_base) - pts
        pts += self._shift
        if last is not None:
            pts = max(pts, last.pts + 1)
        self._last = replace(frame, index=self._index, pts=pts, time_base=self._time_base)
        self._index += 1
        return self._last
