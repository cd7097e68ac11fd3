"""Puts the painted pieces of a film together, with all of the source that is not its pictures. Lossless."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

import av

from realtime.codecs import CODECS, PICTURES
from realtime.encoder import VideoFormat, configure
from realtime.errors import SinkError
from realtime.media import MEDIA_ERRORS, location, reason, start_offset_s
from realtime.process import keep_scheduling
from realtime.segment_file import Record, StoredPacket, read_packets, read_times
from realtime.track_copier import FOREVER_S, TrackCopier
from realtime.tracks import copy_facts

_KINDS = ("audio", "subtitle", "attachment")
_SILENT = (".gif", ".webp", PICTURES)
# Facts about how the source was written, not about the film.
_FINE = 90_000  # a second, at least: of the unit that an MP4 is timed in
_NOT_COPIED = ("major_brand", "minor_version", "compatible_brands", "encoder")


@dataclass(frozen=True)
class Joint:
    """What is joined.

    Args:
        pieces: files of the pieces, in order.
        records: of the pieces.
        video: how they were encoded.
        source: the film whose sound and the rest are copied; None for pictures.
        start_s: of the source, where the result begins; None for its own beginning.
        end_s: of the source, where the result ends; None for its own end.
        film_end: when the last frame ends, in units of the result's time base.
    """

    pieces: Sequence[Path]
    records: Sequence[Record]
    video: VideoFormat
    source: Path | None
    start_s: Fraction | None
    end_s: Fraction | None
    film_end: int


@dataclass(frozen=True)
class Joined:
    """What became of the rest of the source.

    Args:
        notes: what could not be kept as it is, one line each.
        lost: what of its tracks is missing, likewise.
    """

    notes: Sequence[str]
    lost: Sequence[str] = ()


def join(joint: Joint, path: Path) -> Joined:
    """Write the film; the same bytes every time.

    Raises:
        SinkError: the disk is full or cannot be written; nothing of it has the final name.
    """
    _clear(path)
    if joint.video.codec == "png":
        return Joined(_write_pictures(joint, path))
    try:
        return _Joining(joint, path).run()
    except MEDIA_ERRORS as error:
        raise SinkError(
            f"{path} cannot be written: {reason(error)}; what is painted is kept: run the same command again"
        ) from error


class _Joining:
    """One output while it is written."""

    def __init__(self, joint: Joint, path: Path) -> None:
        self._joint = joint
        self._path = path
        self._base = joint.video.time_base

    def run(self) -> Joined:
        suffix = self._path.suffix
        with ExitStack() as opened:
            output: Any = av.open(
                location(self._path), "w", container_options=_container_options(suffix, self._base)
            )
            opened.enter_context(output)
            stream = self._add_video(output)
            copier = None
            notes = []
            if self._joint.source is not None:
                notes = self._copy_facts(output, stream, silent=suffix in _SILENT)
                if suffix not in _SILENT:
                    copier = self._open_copier(output)
                    opened.callback(copier.close)
            with keep_scheduling():  # which opens the encoder, though nothing is encoded
                output.start_encoding()
            self._write(output, stream, copier)
            if copier is None:
                return Joined(notes)
            return Joined(list(dict.fromkeys(notes + copier.notes)), copier.lost)

    def _add_video(self, output: Any) -> Any:
        video = self._joint.video
        stream = output.add_stream(CODECS[video.codec].encoder, rate=video.rate, options=video.options)
        configure(stream.codec_context, video)
        stream.time_base = self._base
        if stream.codec.canonical_name == "hevc" and self._path.suffix in (".mp4", ".mov"):
            # Apple's players play no hev1. Our parameter sets are in the header alone, as hvc1 has them.
            stream.codec_context.codec_tag = "hvc1"
        return stream

    def _open_copier(self, output: Any) -> TrackCopier:
        return TrackCopier(
            location(self._joint.source or Path()), output, kinds=_KINDS, start_s=self._joint.start_s
        )

    def _copy_facts(self, output: Any, stream: Any, *, silent: bool) -> list[str]:
        """Copy title, chapters and the picture's language; say what has no place in the output."""
        with av.open(location(self._joint.source or Path()), metadata_errors="ignore") as source:
            for name, text in source.metadata.items():
                if name.lower() not in _NOT_COPIED:
                    output.metadata[name] = text
            pictures = source.streams.video
            if pictures and not silent:
                copy_facts(pictures[0], stream, output.format.name)
            chapters = list(_shifted_chapters(source, self._joint))
            if chapters and not silent:
                output.set_chapters(chapters)
            return list(_left_out(source, silent=silent, suffix=self._path.suffix))

    def _write(self, output: Any, stream: Any, copier: TrackCopier | None) -> None:
        for packet in _timed(self._joint):
            if copier is not None:
                copier.copy_until(packet.dts * self._base)
            packet.time_base = self._base
            packet.stream = stream
            output.mux(packet)
        if copier is not None:
            # Not until the last picture ends: sound may go on after it.
            joint = self._joint
            copier.copy_until(FOREVER_S if joint.end_s is None else joint.end_s - (joint.start_s or 0))
            copier.flush()


def _timed(joint: Joint) -> Iterator[Any]:
    """Yield the pieces' packets with times to decode and durations that fit across the seams.

    A frame is decoded when the frame that is `delay` places before it in the film is shown. Every piece
    has its own frames in order and is held back by the film's longest delay.
    """
    delay = max((record.delay for record in joint.records), default=0)
    firsts = [record.first for record in joint.records if record.frames] + [joint.film_end]
    earlier: deque[int] = deque(maxlen=delay + 1)
    for piece, record in zip(joint.pieces, joint.records, strict=True):
        if not record.frames:
            continue
        firsts.pop(0)
        yield from _timed_piece(piece, firsts[0], delay, earlier)


def _timed_piece(piece: Path, following: int, delay: int, earlier: deque[int]) -> Iterator[Any]:
    shown = sorted(read_times(piece))
    durations = dict(zip(shown, _differences([*shown, max(following, shown[-1] + 1)]), strict=True))
    if not earlier:  # before the film's first frame: as far apart as its first two
        step = durations[shown[0]]
        earlier.extend(shown[0] - step * back for back in range(delay, 0, -1))
    for packet, moment in zip(read_packets(piece), shown, strict=True):
        earlier.append(moment)
        timed: Any = av.Packet(packet.data)
        timed.pts, timed.dts = packet.pts, earlier[0]
        timed.duration = durations[packet.pts]
        timed.is_keyframe = packet.is_key
        yield timed


def _differences(moments: Sequence[int]) -> list[int]:
    return [later - earlier for earlier, later in pairwise(moments)]


def _shifted_chapters(source: Any, joint: Joint) -> Iterator[dict[str, Any]]:
    offset_s = start_offset_s(source) + (joint.start_s or 0)
    film_end_s = joint.film_end * joint.video.time_base
    for chapter in source.chapters():
        base = Fraction(chapter["time_base"])
        start, end = (round(chapter[name] - offset_s / base) for name in ("start", "end"))
        if joint.start_s is not None or joint.end_s is not None:
            start, end = max(0, start), min(end, round(film_end_s / base))
        if end > start:
            yield {**chapter, "start": start, "end": end}


def _left_out(source: Any, *, silent: bool, suffix: str) -> Iterator[str]:
    holder = suffix or "a folder of pictures"
    lost = ("audio", "subtitle") if silent else ()
    counts = [(sum(s.type == kind for s in source.streams), kind) for kind in lost]
    # MP4 keeps chapters in a track of data, too.
    is_mp4 = source.format.name.startswith("mov")
    data = sum(s.type == "data" for s in source.streams) - (1 if is_mp4 and source.chapters() else 0)
    counts += [(data, "data"), (len(source.streams.video) - 1, "video")]
    for count, kind in counts:
        if count > 0:
            tracks = f"{count} {kind} track{'s' if count > 1 else ''}"
            yield f"{tracks} left out" + (f": {holder} holds none" if kind in lost else "")
    files = sum(stream.type == "attachment" for stream in source.streams)
    if files and suffix != ".mkv":
        yield f"{files} attached file{'s' if files > 1 else ''} left out: {holder} holds none"
    yield from _lost_of_pictures(source)


def _lost_of_pictures(source: Any) -> Iterator[str]:
    """Yield what the pictures have that no network sees, which takes and gives 8 bits of three colours."""
    stream = next((one for one in source.streams.video if one.codec_context is not None), None)
    if stream is None or stream.codec_context.format is None:
        return
    components = stream.codec_context.format.components
    see_through = any(one.is_alpha for one in components) and source.format.name != "gif"  # always has it
    if see_through or stream.metadata.get("alpha_mode") == "1":
        yield "transparency left out"
    deepest = max(one.bits for one in components)
    if deepest > 8:
        yield f"painted with 8 bits a colour, of {deepest}"


def _container_options(suffix: str, time_base: Fraction) -> dict[str, str]:
    options = {"fflags": "+bitexact"}  # no random numbers, and no name of the library's version
    if suffix in (".mp4", ".mov"):
        options["movflags"] = "+faststart"  # the index in front: a browser plays it while it still comes
        # The unit in which a late beginning is written, also the sound's: the usual 1/1000 s would round it,
        # and so would that of 7 frames a second.
        unit = time_base.denominator * ceil(_FINE / time_base.denominator)
        options["movie_timescale"] = str(unit if unit < 1 << 31 else _FINE)
    elif suffix in (".mkv", ".webm"):
        # Sound may begin before 0, in what its decoder throws away: everything would be moved for it.
        options["avoid_negative_ts"] = "disabled"
    elif suffix in (".gif", ".webp"):
        options["loop"] = "0"
    return options


def _write_pictures(joint: Joint, folder: Path) -> list[str]:
    try:
        folder.mkdir()
        for number, packet in enumerate(_in_order(joint.pieces)):
            (folder / f"{number:06d}.png").write_bytes(packet.data)
    except OSError as error:
        raise SinkError(f"{folder} cannot be written: {reason(error)}") from error
    if joint.source is None:
        return []
    with av.open(location(joint.source), metadata_errors="ignore") as source:
        return list(_left_out(source, silent=True, suffix=PICTURES))


def _in_order(pieces: Iterable[Path]) -> Iterator[StoredPacket]:
    for piece in pieces:
        yield from read_packets(piece)


def _clear(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
