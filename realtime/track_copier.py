"""Copies sound and subtitles of a source file into the painted one, packet by packet, as it is written."""

from __future__ import annotations

import errno
import logging
from collections import deque
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import av

from realtime.media import MEDIA_ERRORS, reason, start_offset_s
from realtime.packet_clock import PacketClock
from realtime.tracks import KINDS, Track, copy_facts, open_track

_log = logging.getLogger(__name__)
_DISK_ERRORS = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_CLOCK_JUMPS = 0x0200  # AVFMT_TS_DISCONT: in other files subtitles may lie out of order, and no more
FOREVER_S = Fraction(1 << 40)


class TrackCopier:
    """Reads the source a second time, for all but its pictures, never further than the pictures are.

    Streams are copied as they are, with their languages and titles. Sound that the output cannot hold is
    encoded anew, subtitles become the text that it can hold; what is left has no place in it. A packet
    that cannot be decoded or written is left out, and counted; trouble with the file ends the tracks, not
    the video. Both are reported through `logging`.

    Args:
        address: what PyAV opens; may hold credentials, and is never printed.
        output: open for writing, its streams not yet complete.
        kinds: of streams to copy, of "audio", "subtitle" and "attachment".
        start_s: of the source, where the output begins; None for its own beginning.
    """

    def __init__(
        self,
        address: str,
        output: Any,
        *,
        kinds: Sequence[str] = ("audio",),
        start_s: Fraction | None = None,
    ) -> None:
        self.notes: list[str] = []
        """What could not be copied as it is, one line each."""
        self._output = output
        self._is_cut = start_s is not None
        self._tracks: dict[int, Track] = {}
        self._lost_s: dict[str, list[Fraction]] = {}  # by kind: when packets begin that are left out
        self._waiting: deque[Any] = deque()
        self._pictures_until_s = Fraction(-1)  # of the source, as far as it was read
        self._input = None
        try:
            self._input = av.open(address, metadata_errors="ignore", timeout=(10.0, 10.0))
            self._offset_s = start_offset_s(self._input) + (start_s or 0)
            for stream in self._input.streams:
                if stream.type in kinds:
                    self._add(stream)
            self._packets = self._read()
        except MEDIA_ERRORS as error:
            self._give_up(error)

    def copy_until(self, end_s: Fraction) -> None:
        """Write what begins before `end_s` seconds of the output."""
        while self._tracks:
            packet = self._next()
            if packet is None:
                return
            if self._start_s(packet) >= end_s:
                self._waiting.appendleft(packet)
                return
            self._write(packet)

    def finish(self, last_s: Fraction, end_s: Fraction) -> None:
        """Write what is left of the sound, and close.

        All of it if the last picture written, at `last_s`, is the source's last, since sound may go on
        a little longer; else, after a stop half-way, only what begins before `end_s`.
        """
        if self._tracks:
            self.copy_until(end_s)
            if not self._source_goes_on(last_s):
                self.copy_until(FOREVER_S)
        self.flush()

    def flush(self) -> None:
        """Write what encoders still hold, and close."""
        for line in self.lost:
            _log.warning("%s", line)
        for track in self._tracks.values():
            try:
                for packet in track.flush():
                    self._output.mux(packet)
            except MEDIA_ERRORS as error:
                _log.warning("the sound breaks off: %s", reason(error))
        self.close()

    @property
    def lost(self) -> list[str]:
        """What of the source's tracks is missing in the output, one line each."""
        lines = []
        for kind, moments in self._lost_s.items():
            many = "1 packet" if len(moments) == 1 else f"{len(moments)} packets"
            first, last = float(min(moments)), float(max(moments))
            lines.append(f"{many} of {kind} could not be copied, from {first:.2f} to {last:.2f} s")
        return lines

    def close(self) -> None:
        """Close the source without writing any more."""
        self._tracks = {}
        if self._input is not None:
            self._input.close()
            self._input = None

    def _add(self, stream: Any) -> None:
        holder = self._output.format.name
        if stream.type == "attachment":
            if holder == "matroska":  # fonts of its subtitles; no other file holds them
                copy_facts(stream, self._output.add_stream_from_template(stream), holder)
            return
        track = open_track(self._output, stream, self._offset_s, self._note)
        if track is not None:
            copy_facts(stream, track.stream, holder)
            self._tracks[stream.index] = track

    def _note(self, text: str) -> None:
        self.notes.append(text)
        _log.info("%s", text)

    def _read(self) -> Iterator[Any]:
        """Yield the tracks' packets, noting how far the pictures go that lie between them."""
        assert self._input is not None
        pictures = self._input.streams.video[:1]
        streams = [*pictures, *(s for s in self._input.streams if s.index in self._tracks)]
        packets: Iterator[Any] = (one for one in self._input.demux(*streams) if one.size)
        if self._input.format.flags & _CLOCK_JUMPS:
            packets = PacketClock(pictures[0].index if pictures else None).in_order(packets)
        for packet in packets:
            if packet.stream_index not in self._tracks:
                self._pictures_until_s = max(self._pictures_until_s, self._start_s(packet))
            elif not self._is_cut or self._is_after_start(packet):
                yield packet

    def _next(self) -> Any | None:
        if self._waiting:
            return self._waiting.popleft()
        try:
            return next(self._packets, None)
        except MEDIA_ERRORS as error:
            self._give_up(error)
            return None

    def _source_goes_on(self, last_s: Fraction) -> bool:
        """Return whether the source has pictures after `last_s`."""
        later_s = last_s + Fraction(1, 1000)
        while self._pictures_until_s <= later_s:
            packet = self._read_on()
            if packet is None:
                return self._pictures_until_s > later_s
            self._waiting.append(packet)
        return True

    def _read_on(self) -> Any | None:
        try:
            return next(self._packets, None)
        except MEDIA_ERRORS:
            return None

    def _start_s(self, packet: Any) -> Fraction:
        moment = packet.pts if packet.pts is not None else packet.dts or 0
        return Fraction(moment * packet.time_base) - self._offset_s

    def _is_after_start(self, packet: Any) -> bool:
        """Tell whether a packet belongs to the output: sound is cut between packets, a subtitle within."""
        start_s = self._start_s(packet)
        if packet.stream.type == "subtitle":
            return bool(start_s + (packet.duration or 0) * packet.time_base > 0)
        return start_s >= 0

    def _write(self, packet: Any) -> None:
        start_s = self._start_s(packet)
        try:
            for written in self._tracks[packet.stream_index].packets(packet):
                self._output.mux(written)
        except (ValueError, *MEDIA_ERRORS) as error:
            if getattr(error, "errno", None) in _DISK_ERRORS:
                raise  # the video has the same trouble, and is the one to report it
            _log.debug("a packet at %.2f s is left out: %s", start_s, reason(error))
            self._lost_s.setdefault(KINDS[packet.stream.type], []).append(start_s)

    def _give_up(self, error: BaseException) -> None:
        text = f"sound and subtitles are not copied any further: {reason(error)}"
        self.notes.append(text)
        _log.warning("%s", text)
        self.close()
