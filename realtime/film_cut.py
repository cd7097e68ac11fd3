"""Which frames of a film are wanted, and when they are shown: --start, --end, --fps and --every."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from realtime.errors import OptionError
from realtime.film_scan import FilmScan, Segment
from realtime.frame import Frame


@dataclass(frozen=True)
class FilmCut:
    """What is wanted of a film.

    Args:
        start_s: of the film, where the result begins, at 0; None for the film's own beginning.
        end_s: of the film, where the result ends; None for the film's own end.
        fps: frames a second of the result, at even times; None for the film's own times.
        every: one frame in so many.
    Raises:
        OptionError: if nothing would be left, or for numbers that cannot be.
    """

    start_s: Fraction | None = None
    end_s: Fraction | None = None
    fps: Fraction | None = None
    every: int = 1

    def __post_init__(self) -> None:
        if self.start_s is not None and self.start_s < 0:
            raise OptionError(f"--start must be 0 or later, got {float(self.start_s):g}")
        if self.end_s is not None and self.end_s <= (self.start_s or 0):
            raise OptionError(
                f"--end must be later than {float(self.start_s or 0):g}, got {float(self.end_s):g}"
            )
        if self.fps is not None and not 0 < self.fps <= 1000:
            raise OptionError(f"--fps must be more than 0 and at most 1000, got {float(self.fps):g}")
        if self.every < 1:
            raise OptionError(f"--every must be 1 or more, got {self.every}")
        if self.fps is not None and self.every > 1:
            raise OptionError("--fps and --every both say which frames are left out; give one")

    @property
    def shift_s(self) -> Fraction:
        """What is taken from every time of the film."""
        return self.start_s or Fraction(0)


@dataclass(frozen=True)
class Window:
    """A cut in the units of one film, after its offset was taken.

    Args:
        time_base: seconds per unit.
        first: time of the first frame that is wanted; it may begin before the cut. None for all.
        end: frames from here on are not wanted; None for all.
        shift: units taken from every time.
        film_end: when the last wanted frame ends.
    """

    time_base: Fraction
    first: int | None
    end: int | None
    shift: int
    film_end: int


def window_of(cut: FilmCut, scan: FilmScan) -> Window:
    """Return the cut in units of the film; the frame that is on screen at the start is the first.

    Raises:
        OptionError: if the film ends before the start.
    """
    base, offset, pts = scan.time_base, scan.offset, scan.pts
    film_end = (pts[-1] - offset + max(1, scan.last_duration)) if pts else 0
    shift = round(cut.shift_s / base)
    first = end = None
    if cut.start_s is not None and pts:
        if shift >= film_end:
            raise OptionError(
                f"{scan.path} lasts {float(film_end * base):.2f} s, --start is {float(cut.start_s):g}"
            )
        at = bisect_right(pts, shift + offset) - 1
        first = pts[max(at, 0)] - offset
    if cut.end_s is not None:
        end = ceil(cut.end_s / base)
        film_end = min(film_end, end)
    return Window(base, first, end, shift, film_end)


def wanted_segments(scan: FilmScan, window: Window) -> tuple[Segment, ...]:
    """Return the pieces that hold wanted frames; pieces of a film without times are all kept."""
    if not scan.seekable:
        return scan.segments
    end = None if window.end is None else window.end + scan.offset
    first = None if window.first is None else window.first + scan.offset
    return tuple(
        segment
        for segment in scan.segments
        if not (end is not None and segment.first_pts is not None and segment.first_pts >= end)
        and not (first is not None and segment.end_pts is not None and segment.end_pts <= first)
    )


def count_frames(scan: FilmScan, window: Window, cut: FilmCut) -> int:
    """Return how many frames the result will have if all can be decoded; for showing how far it is."""
    if cut.fps is not None:
        return max(1, ceil((window.film_end - window.shift) * window.time_base * cut.fps))
    first = 0 if window.first is None else bisect_left(scan.pts, window.first + scan.offset)
    end = scan.frames if window.end is None else bisect_left(scan.pts, window.end + scan.offset)
    return max(0, -(-end // cut.every) - -(-first // cut.every))


def cut_frames(frames: Iterable[Frame], cut: FilmCut, window: Window, end: int) -> Iterator[Frame]:
    """Yield the wanted frames of one piece, at the times of the result.

    Args:
        frames: of the piece, with times of the film.
        cut: what is wanted.
        window: the same in units.
        end: when the piece ends, in units of the film.
    """
    wanted = (
        replace(frame, pts=max(0, frame.pts - window.shift) if window.first is not None else frame.pts)
        for frame in frames
        if (window.first is None or frame.pts >= window.first)
        and (window.end is None or frame.pts < window.end)
        and frame.index % cut.every == 0
    )
    if cut.fps is None:
        yield from wanted
    else:
        yield from _at_even_times(wanted, cut.fps, window.time_base, min(end, window.film_end) - window.shift)


def _at_even_times(frames: Iterator[Frame], fps: Fraction, base: Fraction, end: int) -> Iterator[Frame]:
    """Yield for each tick within the piece the frame that is on screen then; the same picture may repeat."""
    current = next(frames, None)
    if current is None:
        return
    tick = ceil(current.pts * base * fps)
    while current is not None:
        following = next(frames, None)
        until = end if following is None else following.pts
        while tick < until * base * fps:
            yield replace(current, pts=tick, time_base=1 / fps, index=tick)
            tick += 1
        current = following
