"""One stream for many viewers: each picture is encoded once, and nobody who is slow holds anybody up.

    output thread ──mailbox of 1──> encoder thread ── newest picture ──┬── viewer: takes it when it can
                                                                       └── viewer

A viewer is told that there is something new, and takes the newest picture then. What it did not take in time
it never sees; there is no queue that could grow.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.frame import Frame
from realtime.mailbox import Mailbox, MailboxClosed
from realtime.timing import Clock

Image = NDArray[np.uint8]
JPEG_QUALITY = 82
END_S = 2.0


@dataclass(frozen=True, eq=False, slots=True)
class Picture:
    """What is sent.

    Args:
        number: 1, 2, 3, ... of this broadcast.
        captured_at: clock seconds at which the source had it.
        jpeg: the painting.
        original: the frame before it was painted, as JPEG too; None where nobody wants it.
    """

    number: int
    captured_at: float
    jpeg: bytes
    original: bytes | None


@dataclass(frozen=True, eq=False, slots=True)
class _Raw:
    frame: Frame
    original: Image


class Viewer:
    """One who watches. Used by one thread; `wake` is called by another.

    Args:
        wake: called when there is a new picture; must return at once.
        wants_original: the frames before they were painted are wanted, too.
    """

    def __init__(self, wake: Callable[[], None], wants_original: bool = False) -> None:
        self.wake = wake
        self.wants_original = wants_original
        self.dropped = 0
        """How many pictures it was too slow for."""
        self.taken = 0
        """The number of the last picture it took; 0 for none."""
        self.sent = 0
        """How many it took."""


class Broadcast:
    """Encodes pictures for whoever watches, and keeps the newest.

    Args:
        most_fps: pictures a second at most; of those that come faster the newest is shown.
        quality: of the JPEGs, 1 to 100.
        clock: seconds.
    """

    def __init__(
        self, *, most_fps: int = 30, quality: int = JPEG_QUALITY, clock: Clock = time.perf_counter
    ) -> None:
        self._gap_s, self._quality, self._clock = 1 / most_fps, quality, clock
        self._raw: Mailbox[_Raw] = Mailbox(1, drops_oldest=True)
        self._lock = threading.Lock()
        self._viewers: set[Viewer] = set()
        self._newest: Picture | None = None
        self._tap: Callable[[Frame], None] | None = None
        self._ended = threading.Event()
        self._encoder = threading.Thread(target=self._encode, name="livebrush-jpeg", daemon=True)
        self._encoder.start()

    @property
    def viewers(self) -> int:
        """How many watch."""
        with self._lock:
            return len(self._viewers) + (self._tap is not None)

    @property
    def closed(self) -> bool:
        """True when nothing more will come."""
        return self._ended.is_set()

    @property
    def has_picture(self) -> bool:
        """True once a picture was encoded: whoever joins gets it."""
        return self._newest is not None

    @property
    def wants_original(self) -> bool:
        """True where somebody wants the frames before they were painted."""
        with self._lock:
            return any(viewer.wants_original for viewer in self._viewers)

    def join(self, viewer: Viewer) -> None:
        """Begin to tell a viewer of new pictures; the newest one is there for it at once."""
        with self._lock:
            self._viewers.add(viewer)

    def leave(self, viewer: Viewer) -> None:
        """Tell it no more."""
        with self._lock:
            self._viewers.discard(viewer)

    def tap(self, take: Callable[[Frame], None] | None) -> None:
        """Give all finished frames to somebody who encodes them in another way; None ends that."""
        with self._lock:
            self._tap = take

    def take(self, viewer: Viewer) -> Picture | None:
        """Return the newest picture, if the viewer has not had it; never waits."""
        with self._lock:
            picture = self._newest
        if picture is None or picture.number <= viewer.taken:
            return None
        if viewer.taken:
            viewer.dropped += picture.number - viewer.taken - 1
        viewer.taken = picture.number
        viewer.sent += 1
        return picture

    def publish(self, frame: Frame, original: Image) -> None:
        """Hand over a finished picture; returns at once, and does nothing where nobody watches.

        Args:
            frame: the painting.
            original: (H, W, 3) uint8 BGR, what was painted.
        """
        with self._lock:
            tap, watched = self._tap, bool(self._viewers)
        if tap is not None:
            tap(frame)
        if watched:
            with suppress(MailboxClosed):  # the show is over
                self._raw.put(_Raw(frame, original))

    def close(self) -> None:
        """End the encoder, and wake everybody so that they see it."""
        self._ended.set()
        self._raw.abort()
        self._wake_all()
        self._encoder.join(END_S)

    def _encode(self) -> None:
        due_at = -float("inf")
        try:
            while True:
                # Half a gap early is in time: a source of the same rate must not wait for its jitter.
                while (left_s := due_at - self._gap_s / 2 - self._clock()) > 0:
                    if self._ended.wait(left_s):
                        return
                raw = self._raw.get()
                assert raw is not None  # without a timeout, get gives something or raises
                due_at = max(due_at, self._clock()) + self._gap_s
                self._put_out(raw)
        except MailboxClosed:
            pass

    def _put_out(self, raw: _Raw) -> None:
        jpeg = encode_jpeg(raw.frame.image, self._quality)
        original = encode_jpeg(raw.original, self._quality) if self.wants_original else None
        with self._lock:
            number = 1 if self._newest is None else self._newest.number + 1
            self._newest = Picture(number, raw.frame.captured_at, jpeg, original)
        self._wake_all()

    def _wake_all(self) -> None:
        with self._lock:
            viewers = list(self._viewers)
        for viewer in viewers:
            viewer.wake()


def encode_jpeg(image: Image, quality: int = JPEG_QUALITY) -> bytes:
    """Return (H, W, 3) uint8 BGR as a JPEG file."""
    return cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))[1].tobytes()
