"""Reads a film once without decoding it: where it can be cut, and a hash of what each piece is made of."""

from __future__ import annotations

import hashlib
import struct
from array import array
from bisect import bisect_left
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from realtime.errors import SourceError
from realtime.media import MEDIA_ERRORS, reason, start_offset_s
from realtime.packets import Place, cut_short
from realtime.source_video import OPEN_TIMEOUT_S, READ_TIMEOUT_S, open_container, pick_stream

SEGMENT_FRAMES = 240


@dataclass(frozen=True)
class Segment:
    """A piece of a film that is painted by itself.

    Args:
        number: 0-based place in the film.
        begin: key frame at which decoding begins; None for the film's beginning.
        first_pts: frames before it belong to the piece before; None if there is none.
        end_pts: frames from here on belong to the next; None for the last piece.
        first_index: frames of the film before it.
        end_index: frames of the film up to its end; None for the last piece.
        digest: hash of the packets that it is decoded from.
    """

    number: int
    begin: Place | None
    first_pts: int | None
    end_pts: int | None
    first_index: int
    end_index: int | None
    digest: str


@dataclass(frozen=True)
class FilmScan:
    """What a film is made of.

    Args:
        path: of the file.
        stamp: size and time of change of the file when it was read.
        segments: in order.
        seekable: pieces are told apart by time; else by counting frames from the beginning.
        pts: of every frame, sorted, in units of time_base; frames without a time are not in it.
        time_base: seconds per unit.
        offset: units that a recorded broadcast's times are shifted by.
        last_duration: of the last frame, in units; 0 if the file does not say.
        frames: how many there should be.
        digest: hash of every packet of every stream.
        trouble: why the file ends before its end, one line; empty if it does not.
        files: of a sequence of pictures; empty for a film.
    """

    path: Path
    stamp: tuple[int, int]
    segments: tuple[Segment, ...]
    seekable: bool
    pts: array[int]
    time_base: Fraction
    offset: int
    last_duration: int
    frames: int
    digest: str
    trouble: str
    files: tuple[Path, ...] = ()

    def check_unchanged(self) -> None:
        """Raise SourceError if the file is not the one that was read, or is gone."""
        if not self.files and _stamp_of_film(self.path) != self.stamp:
            raise SourceError(f"{self.path} was changed while it was painted; run the same command again")


def stamp(path: Path) -> tuple[int, int]:
    """Return size and time of change of a file, which tell that it was written to."""
    facts = path.stat()
    return facts.st_size, facts.st_mtime_ns


def _stamp_of_film(path: Path) -> tuple[int, int]:
    try:
        return stamp(path)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {reason(error)}") from error


def scan_film(path: Path, *, segment_frames: int = SEGMENT_FRAMES) -> FilmScan:
    """Read all packets of a film.

    Args:
        path: a file on disk.
        segment_frames: pieces have at least this many frames, up to the next key frame.
    Raises:
        SourceError: it cannot be read or holds no video.
    """
    read = _stamp_of_film(path)
    container = open_container(path, str(path), (OPEN_TIMEOUT_S, READ_TIMEOUT_S))
    with container:
        stream = pick_stream(container, str(path))
        cutter = _Cutter(segment_frames)
        film = hashlib.sha256(repr((container.format.name, _facts(container))).encode())
        trouble = _read(container, stream, cutter, film)
        trouble = trouble or cut_short(container, stream, cutter.ordinal, path)
        base = Fraction(stream.time_base or Fraction(1, 1000))
        offset = round(start_offset_s(container) / base)
    segments = cutter.segments() if cutter.seekable else cutter.counted_segments(film.hexdigest())
    return FilmScan(
        path=path,
        stamp=read,
        segments=segments,
        seekable=cutter.seekable,
        pts=array("q", sorted(cutter.pts)),
        time_base=base,
        offset=offset,
        last_duration=cutter.last_duration,
        frames=cutter.frames,
        digest=film.hexdigest(),
        trouble=trouble,
    )


def _read(container: Any, stream: Any, cutter: _Cutter, film: Any) -> str:
    has_index = container.format.name.startswith("mov")
    try:
        for packet in container.demux():
            if not packet.size:
                continue
            data = _bytes(packet)
            film.update(data)
            if packet.stream_index == stream.index and not (has_index and packet.is_corrupt):
                cutter.take(packet, data)
    except MEDIA_ERRORS as error:
        return reason(error)
    return ""


def _bytes(packet: Any) -> bytes:
    """Return all that makes a packet what it is."""
    times = (packet.stream_index, packet.pts, packet.dts, packet.duration, packet.is_keyframe)
    return repr(times).encode() + struct.pack("<I", packet.size) + bytes(packet)


def _facts(container: Any) -> list[Any]:
    """Return what streams say about themselves: a changed header changes every frame."""
    facts: list[Any] = [sorted(container.metadata.items()), container.chapters()]
    for stream in container.streams:
        context = stream.codec_context
        facts.append((stream.type, str(stream.time_base), sorted(stream.metadata.items())))
        facts.append(None if context is None else (context.name, context.extradata))
    return facts


class _Cutter:
    """Takes the packets of a stream in the order of the file, and cuts at key frames."""

    def __init__(self, segment_frames: int) -> None:
        self._least = segment_frames
        self._begins: list[tuple[Place, int]] = []  # and the key frame's time
        self._hashes: list[Any] = []
        self._in_segment = 0
        self._key = b""  # of the newest piece, until frames are shown before it
        self._latest = 0  # time of the last frame shown so far
        self.seekable = True
        self.ordinal = 0
        self.frames = 0
        self.pts = array("q")
        self.last_duration = 0

    def take(self, packet: Any, data: bytes) -> None:
        """Take the next packet, and all that makes it."""
        self.seekable = self.seekable and packet.pts is not None
        pts = packet.pts or 0
        if not self._begins or (packet.is_keyframe and self._in_segment >= self._least):
            self._cut(packet, pts, data)
        elif self.seekable and pts < self._begins[-1][1]:
            self._take_leading(pts, data)
        self._hashes[-1].update(data)
        self.ordinal += 1
        if packet.is_discard:
            return
        self.frames += 1
        self._in_segment += 1
        if packet.pts is not None:
            self.pts.append(pts)
        if pts >= self._latest:
            self._latest, self.last_duration = pts, int(packet.duration or 0)

    def _cut(self, packet: Any, pts: int, data: bytes) -> None:
        if self._begins and pts <= self._latest:
            self.seekable = False  # the clock jumps: time does not tell the pieces apart
        self._begins.append((Place(self.ordinal, packet.pts, packet.dts, packet.size), pts))
        self._hashes.append(hashlib.sha256())
        self._in_segment = 0
        self._key = data

    def _take_leading(self, pts: int, data: bytes) -> None:
        """A frame that comes after a key frame and is shown before it, made from both pieces."""
        if len(self._begins) == 1:
            return
        if pts < self._begins[-2][1]:
            self.seekable = False
        self._hashes[-2].update(self._key + data)
        self._key = b""

    def segments(self) -> tuple[Segment, ...]:
        """Return the pieces, told apart by time."""
        if not self._begins:
            return ()
        ordered = sorted(self.pts)
        starts = [pts for _, pts in self._begins]
        indexes = [0, *(bisect_left(ordered, pts) for pts in starts[1:])]
        return tuple(
            Segment(
                number=number,
                begin=place if number else None,
                first_pts=starts[number] if number else None,
                end_pts=starts[number + 1] if number + 1 < len(starts) else None,
                first_index=indexes[number],
                end_index=indexes[number + 1] if number + 1 < len(starts) else None,
                digest=self._hashes[number].hexdigest(),
            )
            for number, (place, _) in enumerate(self._begins)
        )

    def counted_segments(self, digest: str) -> tuple[Segment, ...]:
        """Return pieces of equal length, told apart by counting from the film's beginning."""
        firsts = range(0, max(1, self.frames), self._least)
        pieces = [
            Segment(n, None, None, None, first, first + self._least, digest) for n, first in enumerate(firsts)
        ]
        return (*pieces[:-1], replace(pieces[-1], end_index=None)) if self.frames else ()
