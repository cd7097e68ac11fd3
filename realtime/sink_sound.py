"""Copies the sound of a source file into the painted video, packet by packet, while it is written."""

from __future__ import annotations

import errno
import logging
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Protocol

import av

from realtime.media import MEDIA_ERRORS, reason, start_offset_s

_log = logging.getLogger(__name__)
# By number of channels: many old files say "2 channels" and no more.
_AAC_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}
_DISK_ERRORS = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


class SoundCopier:
    """Reads the source a second time, for its sound only, never further than the pictures are.

    All audio streams are copied as they are. One whose codec the output cannot hold is encoded as AAC.
    Trouble with the sound is reported through `logging` and ends the sound, not the video.

    Args:
        address: what PyAV opens; may hold credentials, and is never printed.
        output: open for writing, its streams not yet complete.
    """

    def __init__(self, address: str, output: Any) -> None:
        self._output = output
        self._tracks: dict[int, _Track] = {}
        self._waiting: deque[Any] = deque()
        self._pictures_until_s = Fraction(-1)  # of the source, as far as it was read
        self._input = None
        try:
            self._input = av.open(address, metadata_errors="ignore", timeout=(10.0, 10.0))
            self._offset_s = start_offset_s(self._input)
            for stream in self._input.streams.audio:
                track = _open_track(output, stream, self._offset_s)
                if track is not None:
                    self._tracks[stream.index] = track
            self._packets = self._read()
        except MEDIA_ERRORS as error:
            self._give_up(error)

    def copy_until(self, end_s: Fraction) -> None:
        """Write the sound that begins before `end_s` seconds."""
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
                self.copy_until(Fraction(1 << 40))
        for track in self._tracks.values():
            try:
                for packet in track.flush():
                    self._output.mux(packet)
            except MEDIA_ERRORS as error:
                _log.warning("the sound breaks off: %s", reason(error))
        self.close()

    def close(self) -> None:
        """Close the source without writing any more."""
        self._tracks = {}
        if self._input is not None:
            self._input.close()
            self._input = None

    def _read(self) -> Iterator[Any]:
        """Yield sound packets, noting how far the pictures go that lie between them."""
        assert self._input is not None
        pictures = self._input.streams.video[:1]
        streams = [*pictures, *(s for s in self._input.streams.audio if s.index in self._tracks)]
        for packet in self._input.demux(*streams):
            if not packet.size:
                continue
            if packet.stream_index in self._tracks:
                yield packet
            else:
                self._pictures_until_s = max(self._pictures_until_s, self._start_s(packet))

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

    def _write(self, packet: Any) -> None:
        try:
            for written in self._tracks[packet.stream_index].packets(packet):
                self._output.mux(written)
        except MEDIA_ERRORS as error:
            if getattr(error, "errno", None) in _DISK_ERRORS:
                raise  # the video has the same trouble, and is the one to report it
            self._give_up(error)

    def _give_up(self, error: BaseException) -> None:
        _log.warning("the sound is not copied any further: %s", reason(error))
        self.close()


class _Track(Protocol):
    """One audio stream on its way from the source to the output."""

    def packets(self, packet: Any) -> list[Any]: ...
    def flush(self) -> list[Any]: ...


def _open_track(output: Any, stream: Any, offset_s: Fraction) -> _Track | None:
    """Add an audio stream to the output: a copy if it can hold the codec, else AAC, else nothing."""
    if stream.codec_context is None:
        _log.warning("a sound track of an unknown codec is left out")
        return None
    try:
        return _CopiedTrack(output.add_stream_from_template(stream), round(offset_s / stream.time_base))
    except (ValueError, *MEDIA_ERRORS):
        _log.info(
            "%s cannot hold %s sound; it is encoded as AAC", output.format.name, stream.codec_context.name
        )
        return _EncodedTrack(output, stream, offset_s)


class _CopiedTrack:
    """Packets as they are; only their stream, and for a recorded broadcast their time, is another."""

    def __init__(self, stream: Any, offset: int) -> None:
        self._stream = stream
        self._offset = offset

    def packets(self, packet: Any) -> list[Any]:
        packet.stream = self._stream
        packet.pts = None if packet.pts is None else packet.pts - self._offset
        packet.dts = None if packet.dts is None else packet.dts - self._offset
        return [packet]

    def flush(self) -> list[Any]:
        return []


class _EncodedTrack:
    """Decoded and encoded again as AAC at the same rate and layout."""

    def __init__(self, output: Any, stream: Any, offset_s: Fraction) -> None:
        self._source = stream
        self._offset = round(offset_s * stream.rate)
        rate = min(stream.rate, 96_000)  # the highest AAC knows
        layout = _AAC_LAYOUTS.get(stream.layout.nb_channels, "stereo")
        self._stream = output.add_stream("aac", rate=rate, layout=layout)
        self._resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)

    def packets(self, packet: Any) -> list[Any]:
        return [made for frame in packet.decode() for made in self._encode(frame)]

    def flush(self) -> list[Any]:
        return [*self._encode(None), *self._stream.encode(None)]

    def _encode(self, frame: Any) -> list[Any]:
        return [made for part in self._resampler.resample(frame) for made in self._stream.encode(part)]
