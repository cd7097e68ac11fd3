"""The frames of a film, piece by piece, each marked with the piece that it belongs to."""

from __future__ import annotations

import gc
import time
from bisect import bisect_left
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from math import ceil
from typing import cast

from realtime.errors import SourceBrokenError
from realtime.film_cut import FilmCut, Window, cut_frames, wanted_segments
from realtime.film_pictures import picture_frames
from realtime.film_scan import FilmScan, Segment
from realtime.frame import Frame
from realtime.segment_file import Found
from realtime.source_video import VideoSource
from realtime.sources import Clock, SourceInfo


@dataclass(frozen=True, eq=False, slots=True)
class FilmFrame(Frame):
    """A frame of a film that is painted in pieces.

    Args:
        segment: number of the piece.
        at_s: the frame's time in the film it comes from, in seconds.
        warms_up: it belongs to the piece before, and is painted once more only so that the piece goes on
            from it; it is not in the result.
        leads: how near the next piece is that is painted: 0 before its first frame to warm up, then rising
            to what is next to 1.
        number: of the picture among all of the film, from 0, whichever of them are wanted.
        taken_s: the picture's own time in the film, in seconds; with --fps it may be shown later, and again.
    """

    segment: int = 0
    at_s: Fraction = Fraction(0)
    warms_up: bool = False
    leads: float = 0.0
    number: int = 0
    taken_s: Fraction = Fraction(0)


class FilmSource:
    """Reads pieces of a film, in the order that they are given; see `realtime.sources.Source`.

    Every piece is decoded from its own key frame, also where the one before ends there: so a piece is
    made of the same frames whichever was painted before it, in this process or in another. Before them come
    the last frames of the piece before, to warm up; but not if that was the last to be read: they lead to
    this piece, and `realtime.film_seam` painted them with its beginning.

    Args:
        scan: what the film is made of.
        segments: to read.
        cut: which frames are wanted.
        window: the same in units of the film.
        info: what the film promises.
        decoded_wh: size of the film's first frame, as it is decoded.
        warm_up: how many frames of the piece before come first, marked.
        clock: seconds.
    """

    def __init__(
        self,
        scan: FilmScan,
        segments: Sequence[Segment],
        cut: FilmCut,
        window: Window,
        info: SourceInfo,
        *,
        decoded_wh: tuple[int, int],
        warm_up: int = 0,
        clock: Clock = time.perf_counter,
    ) -> None:
        self.info = info
        self.found: dict[int, Found] = {}
        """Of every piece that was read: what could not be decoded, and the like."""
        self._scan = scan
        self._segments = segments
        self._cut = cut
        self._window = window
        self._decoded_wh = decoded_wh
        # Of the film, counted by its own numbers, so that what is lost of it makes no difference.
        self._last_pictures = warm_up * max(cut.every, self._pictures_in_a_tick())
        self._read_last: int | None = None
        self._wanted = {piece.number for piece in wanted_segments(scan, window)} if warm_up else set[int]()
        self._clock = clock
        self._frames = self._read()

    def read(self) -> Frame | None:
        """Return the next frame, a `FilmFrame`, or None at the end."""
        return next(self._frames, None)

    def close(self) -> None:
        """Close the file."""
        self._frames.close()

    def _read(self) -> Generator[FilmFrame, None, None]:
        counted = None if self._scan.seekable or self._scan.files else self._open(None)
        try:
            for segment in self._segments:
                yield from self._before(segment, counted)
                yield from self._read_piece(segment, counted)
        finally:
            if counted is not None:
                counted.close()

    def _before(self, segment: Segment, counted: VideoSource | None) -> Iterator[FilmFrame]:
        """Yield the frames that a piece begins with, of the piece before, decoded as that was."""
        before = segment.number - 1
        if before not in self._wanted or before == self._read_last:  # it was painted with what it leads to
            return
        found = self.found.get(before)
        for frame in self._read_piece(self._scan.segments[before], counted):
            if frame.leads:
                yield replace(frame, segment=segment.number, warms_up=True, leads=0.0)
        self.found.pop(before, None)  # it is of the pieces that are painted
        if found is not None:
            self.found[before] = found

    def _pictures_in_a_tick(self) -> int:
        """Return how many pictures of the film come for each frame of the result, at least 1."""
        if self._cut.fps is None or self.info.fps is None:
            return 1
        return max(1, ceil(self.info.fps / self._cut.fps))

    def _read_piece(self, segment: Segment, counted: VideoSource | None) -> Iterator[FilmFrame]:
        yield from self._read_pictures(segment) if self._scan.files else self._decode(segment, counted)
        self._read_last = segment.number

    def _decode(self, segment: Segment, counted: VideoSource | None) -> Iterator[FilmFrame]:
        source = counted or self._open_before(segment)
        try:
            yield from self._cut_piece(_piece(source, segment, self._scan.offset), segment)
        finally:
            self.found[segment.number] = self._found_in(source, segment)
            if counted is None:
                source.close()
                gc.collect()  # PyAV's files and streams hold each other, and the decoder's pictures

    def _open_before(self, segment: Segment) -> VideoSource:
        """Open a film where decoding of a piece can begin.

        That is at its key frame, unless that is none: films without whole pictures, which are refreshed bit
        by bit, call so what only later frames complete. Then a piece earlier all will have been refreshed.
        """
        if segment.begin is not None and not self._shows_at_once(segment):
            return self._open(self._scan.segments[segment.number - 1])
        return self._open(segment)

    def _shows_at_once(self, segment: Segment) -> bool:
        """Tell whether decoding that begins at the piece's key frame gives that frame."""
        source, first = self._open(segment), None
        try:
            first = next(_piece(source, segment, self._scan.offset), None)
            return first is not None and first.pts + self._scan.offset == segment.first_pts
        finally:
            source.close()
            del source, first
            gc.collect()  # as above; another decoder is opened at once

    def _read_pictures(self, segment: Segment) -> Iterator[FilmFrame]:
        lost: list[int] = []
        frames = picture_frames(self._scan, segment, self.info.size_wh, lost, self._clock)
        yield from self._cut_piece(frames, segment)
        self.found[segment.number] = Found(tuple(float(n * self._scan.time_base) for n in lost))

    def _cut_piece(self, frames: Iterator[Frame], segment: Segment) -> Iterator[FilmFrame]:
        scan, window = self._scan, self._window
        end = window.film_end if segment.end_pts is None else segment.end_pts - scan.offset
        whole = (self._placed(frame, segment) for frame in frames)
        for frame in cut_frames(whole, self._cut, window, end):
            at_s = frame.pts * frame.time_base + window.shift * window.time_base
            yield replace(cast(FilmFrame, frame), at_s=at_s)

    def _placed(self, frame: Frame, segment: Segment) -> FilmFrame:
        """Return a frame with its place in the film; by its time, where frames before it may be lost."""
        values = {field.name: getattr(frame, field.name) for field in fields(frame)}
        pts, number = self._scan.pts, frame.index
        if self._scan.seekable and not self._scan.files and pts:
            number = min(bisect_left(pts, frame.pts + self._scan.offset), len(pts) - 1)
        taken_s = frame.pts * frame.time_base
        leads = self._leads(number, segment)
        return FilmFrame(**values, segment=segment.number, leads=leads, number=number, taken_s=taken_s)

    def _leads(self, number: int, segment: Segment) -> float:
        """Return how near the next piece is, in (0, 1) for what warms it up; 0 for all that is before."""
        if segment.end_index is None or segment.number + 1 not in self._wanted:
            return 0.0
        last_pictures = min(self._last_pictures, segment.end_index - segment.first_index)
        return leading(segment.end_index - number, last_pictures)

    def _open(self, segment: Segment | None) -> VideoSource:
        begin = None if segment is None else segment.begin
        return VideoSource(self._scan.path, clock=self._clock, begin=begin, decoded_wh=self._decoded_wh)

    def _found_in(self, source: VideoSource, segment: Segment) -> Found:
        return Found(
            self._times_in(source.lost, segment), self._times_in(source.damaged, segment), source.interlaced
        )

    def _times_in(self, moments: Sequence[int], segment: Segment) -> tuple[float, ...]:
        base, offset = self._scan.time_base, self._scan.offset
        return tuple(
            float((pts - offset) * base)
            for pts in moments
            if (segment.first_pts is None or pts >= segment.first_pts)
            and (segment.end_pts is None or pts < segment.end_pts)
        )


def leading(left: int, pictures: int) -> float:
    """Return how near the next piece is, in (0, 1); 0 before what warms it up.

    Args:
        left: pictures up to its first, 1 for the last of a piece.
        pictures: that warm it up.
    """
    return max(0.0, 1 - left / (pictures + 1))


def _piece(source: VideoSource, segment: Segment, offset: int) -> Iterator[Frame]:
    """Yield the frames of one piece, counted through the whole film; a break in the file ends them."""
    by_time = segment.begin is not None or segment.end_pts is not None
    index = segment.first_index
    while True:
        if not by_time and segment.end_index is not None and source.frames_read >= segment.end_index:
            return
        try:
            frame = source.read()
        except SourceBrokenError:  # known from reading the packets; the film's report names it
            return
        if frame is None or (segment.end_pts is not None and frame.pts >= segment.end_pts - offset):
            return
        if not by_time:
            if frame.index >= segment.first_index:
                yield frame
        elif segment.first_pts is None or frame.pts >= segment.first_pts - offset:
            yield replace(frame, index=index)
            index += 1
