"""Paints pieces of a film and keeps each as soon as it is whole."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from realtime.encoder import PictureEncoder
from realtime.engine import Engine
from realtime.errors import SinkError
from realtime.film_mask import mask_painters
from realtime.film_painter import look_at, make_painter
from realtime.film_plan import FilmPlan
from realtime.film_scan import Segment
from realtime.film_seam import SeamPainter
from realtime.film_source import FilmFrame, FilmSource
from realtime.film_store import Pieces
from realtime.frame import Frame
from realtime.media import MEDIA_ERRORS, reason
from realtime.painter import Look, NetworkSize, Painted, Painter
from realtime.pipeline import SinkOutput, run
from realtime.process import give_back_memory
from realtime.segment_file import Found, SegmentWriter
from realtime.steady import SharedLooks
from realtime.style_timeline import StyleTimeline
from realtime.timing import StageTimes

FrameCounter = Callable[[], object]


def paint_segments(
    plan: FilmPlan,
    segments: Sequence[Segment],
    engines: Mapping[str, Engine],
    pieces: Pieces,
    keys: Mapping[int, str],
    *,
    stop: threading.Event,
    count: FrameCounter,
    times: StageTimes,
) -> bool:
    """Paint some pieces of a film; return False if `stop` was set before the last was whole.

    Args:
        plan: of the film.
        segments: to paint, in order.
        engines: of the styles, by name.
        pieces: where they go.
        keys: of the pieces, by number.
        stop: set it from anywhere to end between two frames.
        count: called after each frame.
        times: takes every stage's times.
    Raises:
        LivebrushError: whatever went wrong; the pieces finished before are kept.
    """
    options = plan.options
    source = FilmSource(
        plan.scan,
        segments,
        plan.cut,
        plan.window,
        plan.info,
        decoded_wh=plan.decoded_wh,
        warm_up=options.warm_up,
    )
    painter = _painter(plan, engines, times)
    look = Look(options.timeline.strength, options.original_colors, options.detail)
    sink = _SegmentSink(plan, segments, pieces, keys, source.found, count)
    output = _PiecesOutput(
        [sink], times, look=partial(look_at, options.timeline, look), output_wh=plan.video.size_wh
    )
    try:
        run(source, painter, output, times=times, stop=stop)
        if stop.is_set():
            return False
        sink.finish()
        return True
    finally:
        sink.close()
        getattr(painter, "close", lambda: None)()


def _painter(plan: FilmPlan, engines: Mapping[str, Engine], times: StageTimes) -> Painter:
    """Return what paints every piece, and lets none be seen to end where pieces have a past."""
    make = partial(_piece_painter, plan, engines, times)
    return SeamPainter(make) if plan.options.warm_up else make()


def _piece_painter(plan: FilmPlan, engines: Mapping[str, Engine], times: StageTimes) -> Painter:
    """Return what paints every frame, or each of its parts."""
    options, size = plan.options, NetworkSize(plan.options.network_wh)
    looks = None if options.mask is None else SharedLooks()
    painter = make_painter(options.timeline, engines, times, size, options.steady, looks)
    if options.mask is None:
        return painter

    def style(name: str) -> Painter:
        return make_painter(StyleTimeline(name), engines, times, size, options.steady, looks)

    return mask_painters(options.mask, painter, style, plan.scan, times)


class _PiecesOutput(SinkOutput):
    """Leaves out what is painted only to warm up."""

    def show(self, painted: Painted) -> bool:
        frame = painted.frame
        return not (isinstance(frame, FilmFrame) and frame.warms_up) and super().show(painted)


class _SegmentSink:
    """Encodes each piece's frames into its file; a piece is finished when a frame of a later one comes."""

    def __init__(
        self,
        plan: FilmPlan,
        segments: Sequence[Segment],
        pieces: Pieces,
        keys: Mapping[int, str],
        found: Mapping[int, Found],
        count: FrameCounter,
    ) -> None:
        self._plan = plan
        self._left = [segment.number for segment in segments]
        self._pieces = pieces
        self._keys = keys
        self._found = found
        self._count = count
        self._writer: SegmentWriter | None = None
        self._last: int | None = None

    def write(self, frame: Frame) -> None:
        assert isinstance(frame, FilmFrame)
        while self._left[0] != frame.segment:
            self._finish_piece()
        try:
            self._encode(frame)
        except MEDIA_ERRORS as error:
            raise SinkError(f"{self._plan.output} cannot be encoded: {reason(error)}") from error
        self._count()

    def finish(self) -> None:
        """Finish every piece; those that gave no frame too."""
        while self._left:
            self._finish_piece()

    def close(self) -> None:
        """Leave nothing of a piece that is not whole."""
        if self._writer is not None:
            self._writer.abandon()
            self._writer = None

    def _encode(self, frame: Frame) -> None:
        writer = self._open_piece()
        base = self._plan.video.time_base
        pts = frame.pts if frame.time_base == base else round(frame.pts * frame.time_base / base)
        if self._last is not None:
            pts = max(pts, self._last + 1)  # an encoder accepts no two frames of one time
        self._last = pts
        for packet in self._encoder.encode(frame.image, pts):
            writer.add(packet)

    def _open_piece(self) -> SegmentWriter:
        if self._writer is None:
            self._encoder = PictureEncoder(self._plan.video)
            self._writer = SegmentWriter(self._pieces.piece(self._left[0]))
            self._last = None
        return self._writer

    def _finish_piece(self) -> None:
        number = self._left[0]
        if self._writer is None:
            self._writer = SegmentWriter(self._pieces.piece(number))
        else:
            for packet in self._encoder.flush():
                self._writer.add(packet)
            del self._encoder  # before the next one is made: at 1080p each holds a hundred megabytes
            give_back_memory()
        self._writer.finish(self._keys[number], self._found.get(number, Found()))
        self._writer = None
        self._left.pop(0)
