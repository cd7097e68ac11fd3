"""The loop: three stages that overlap, so that it runs at the speed of the slowest of them.

    capture thread ──mailbox──> inference thread ──queue──> output, in the caller's thread

Before the network, a live source drops its oldest frame and a file waits, so that the age of what is
on screen stays bounded whatever the network's speed, and a file loses nothing. Output stays in the
caller's thread because windows work in the main thread only.

Whatever raises ends the run with that error: frames that were painted by then are still put out, all
threads end, and the error reaches the caller. Nothing hangs.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from realtime.frame import Frame
from realtime.mailbox import SLICE_S, Mailbox, MailboxClosed
from realtime.output import IDLE_S, Output, SinkOutput, WatchedWriter, Writer
from realtime.painter import OverlappingPainter, Painted, Painter
from realtime.timing import StageTimes

if TYPE_CHECKING:
    from realtime.sources import Source

__all__ = ["IDLE_S", "Output", "SinkOutput", "WatchedWriter", "Writer", "run"]

LARGE = 1920 * 1080  # pixels
# How long a source may keep the run from ending. A camera driver can block for good; its thread is
# then left to die with the process.
STUCK_SOURCE_S = 2.0
# How long a painting may, where the painter has an `interrupt`, which then is called.
STUCK_PAINTER_S = 1.5


def run(
    source: Source,
    painter: Painter,
    output: Output,
    *,
    times: StageTimes,
    stop: threading.Event | None = None,
    max_frames: int | None = None,
) -> None:
    """Paint a source until it ends, `stop` is set, or max_frames were put out. Closes the source.

    Every frame captured is either shown or dropped in `times` afterwards.

    Args:
        source: read in a thread of its own, which also closes it. Where it has an `interrupt`, that is
            called at the end, so that a `read` that waits returns.
        painter: called in a second thread. Where it has an `interrupt`, that is called at the end if a
            painting takes long, so that `paint` fails.
        output: called in this thread.
        times: takes every stage's times and the counts.
        stop: set it from anywhere to end the run between two frames.
        max_frames: a source that is not live is read no further than this.
    Raises:
        Whatever the source, the painter or the output raised first.
    """
    _Run(source, painter, output, times, stop or threading.Event(), max_frames).run()


class _Run:
    """One run's threads and what they share."""

    def __init__(
        self,
        source: Source,
        painter: Painter,
        output: Output,
        times: StageTimes,
        stop: threading.Event,
        max_frames: int | None,
    ) -> None:
        self._source = source
        self._painter = painter
        self._output = output
        self._times = times
        self._stop = stop
        self._max_frames = max_frames
        self._live = source.info.live
        width, height = source.info.size_wh
        # Of large pictures one that waits is enough: what a frame takes hardly scatters then, and each is
        # many megabytes.
        places = 1 if self._live or width * height >= LARGE else 2
        self._captured: Mailbox[Frame] = Mailbox(places, drops_oldest=self._live, on_drop=self._count_dropped)
        self._painted: Mailbox[Painted] = Mailbox(places, on_drop=self._count_dropped)
        self._gave_up = False
        self._error: BaseException | None = None
        self._error_lock = threading.Lock()

    def run(self) -> None:
        capture = threading.Thread(target=self._capture, name="livebrush-capture", daemon=True)
        paint = threading.Thread(target=self._paint, name="livebrush-infer", daemon=True)
        capture.start()
        paint.start()
        try:
            self._put_out()
        finally:
            self._captured.abort()
            self._painted.abort()
            # A source that waits for a camera to come back would wait for ever.
            getattr(self._source, "interrupt", lambda: None)()
            self._wait_for_painter(paint)
            capture.join(STUCK_SOURCE_S)
        if self._error is not None:
            raise self._error

    def _wait_for_painter(self, paint: threading.Thread) -> None:
        """Wait until the last painting is done; where the painter can, without one that hangs."""
        slices = 0
        while paint.is_alive():
            paint.join(SLICE_S)  # in slices, so that a second Ctrl-C gets through
            slices += 1
            if slices * SLICE_S >= STUCK_PAINTER_S:
                self._gave_up = True
                getattr(self._painter, "interrupt", lambda: None)()

    def _capture(self) -> None:
        try:
            self._capture_frames()
        except MailboxClosed:
            pass
        except BaseException as error:  # whatever it is, it is the caller's to know
            self._fail(error)
        finally:
            self._captured.close()
            self._close_source()

    def _capture_frames(self) -> None:
        limit = None if self._live else self._max_frames
        captured = 0
        while captured != limit:
            with self._times.measure("capture"):
                frame = self._source.read()
            if frame is None:
                return
            captured += 1
            self._times.count_captured()
            self._captured.put(frame)

    def _close_source(self) -> None:
        try:
            self._source.close()
        except BaseException as error:
            self._fail(error)

    def _paint(self) -> None:
        try:
            # A live frame would grow old while the one before it is painted.
            if not self._live and getattr(self._painter, "in_flight", 1) > 1:
                self._paint_overlapping(cast(OverlappingPainter, self._painter))
            while True:
                # Only then the newest frame: painting one early for a slow output would let it grow old.
                self._painted.wait_for_room()
                frame = self._captured.get()
                assert frame is not None  # without a timeout, get gives a frame or raises
                self._painted.put(self._paint_one(frame))
        except MailboxClosed:
            pass
        except BaseException as error:
            if not self._gave_up:  # what an interrupted painter raises is no news
                self._fail(error)
        finally:
            self._captured.abort()
            self._painted.close()

    def _paint_one(self, frame: Frame) -> Painted:
        try:
            return self._painter.paint(frame)
        except BaseException:
            self._times.count_dropped()
            raise

    def _paint_overlapping(self, painter: OverlappingPainter) -> None:
        """Begin with a frame while another is painted; until the source has ended and all is finished."""
        begun: deque[Callable[[], Painted]] = deque()
        try:
            while True:
                try:
                    # Nothing there yet? Then what was begun goes out first.
                    frame = self._captured.get(0 if begun else None)
                except MailboxClosed:
                    while begun:
                        self._finish_oldest(begun)
                    raise
                if frame is not None:
                    begun.append(self._begin(painter, frame))
                if frame is None or len(begun) == painter.in_flight:
                    self._finish_oldest(begun)
        finally:
            self._times.count_dropped(len(begun))

    def _begin(self, painter: OverlappingPainter, frame: Frame) -> Callable[[], Painted]:
        try:
            return painter.begin(frame)
        except BaseException:
            self._times.count_dropped()
            raise

    def _finish_oldest(self, begun: deque[Callable[[], Painted]]) -> None:
        finish = begun.popleft()
        try:
            painted = finish()
        except BaseException:
            self._times.count_dropped()
            raise
        self._painted.put(painted)

    def _put_out(self) -> None:
        shown = 0
        while not self._stop.is_set() and shown != self._max_frames:
            if self._output.paused:
                self._output.idle()
                self._stop.wait(IDLE_S)
                continue
            try:
                painted = self._painted.get(IDLE_S)
            except MailboxClosed:
                return
            if painted is None:
                self._output.idle()
            elif self._show(painted):
                shown += 1

    def _show(self, painted: Painted) -> bool:
        shown = False
        try:
            shown = self._output.show(painted)
        finally:
            if shown:
                self._times.count_shown(painted.frame.captured_at)
            else:
                self._times.count_dropped()
        return shown

    def _count_dropped(self, _: Frame | Painted) -> None:
        self._times.count_dropped()

    def _fail(self, error: BaseException) -> None:
        with self._error_lock:
            if self._error is None:
                self._error = error
