"""One stream of sound or subtitles on its way into another file: copied, or turned into what that holds."""

from __future__ import annotations

import logging
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any, Protocol

import av

from realtime.media import MEDIA_ERRORS
from realtime.subtitles import ASS_HEADER, TEXT_OF, convert_text, is_text

_log = logging.getLogger(__name__)
KINDS = {"audio": "sound", "subtitle": "subtitles"}
# By number of channels: many old files say "2 channels" and no more.
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}
_AAC_LAYOUTS = ("2.1", "6.1")
_OPUS_LAYOUTS = {**_LAYOUTS, 4: "quad", 7: "6.1"}
# Streams that FFmpeg adds to a file, and refuses when its header is written.
_REFUSED_LATE = {("mov", "flac"), ("mov", "opus"), ("mov", "truehd"), ("mp4", "truehd")}
_SPOKEN = {"aac": "AAC", "libopus": "Opus"}
# What Matroska's writers count and note of each stream: of another file it would be wrong.
_COUNTED = ("BPS", "DURATION", "NUMBER_OF_", "_STATISTICS")
# QuickTime has a list of its own, of both kinds of ISO 639-2 codes; FFmpeg drops what is not on it.
_QUICKTIME = {
    "deu": "ger",
    "nld": "dut",
    "ell": "gre",
    "isl": "ice",
    "zho": "chi",
    "sqi": "alb",
    "mkd": "mac",
}


class Track(Protocol):
    """One stream on its way from the source to the output."""

    @property
    def stream(self) -> Any:
        """The stream of the output."""

    def packets(self, packet: Any) -> list[Any]:
        """Return what is to be written for a packet of the source."""

    def flush(self) -> list[Any]:
        """Return what is still to be written at the end."""


def copy_facts(source: Any, copy: Any, holder: str) -> None:
    """Let a stream keep its language, title and purpose, as FFmpeg's format `holder` can say them."""
    for name, text in source.metadata.items():
        if not name.upper().startswith(_COUNTED):
            copy.metadata[name] = text
    if holder == "mov" and source.language in _QUICKTIME:
        copy.metadata["language"] = _QUICKTIME[source.language]
    if holder in ("mov", "mp4") and "title" in source.metadata:
        copy.metadata["handler_name"] = source.metadata["title"]  # what MP4 has in place of a title
    copy.disposition = source.disposition


def open_track(output: Any, stream: Any, offset_s: Fraction, note: Callable[[str], object]) -> Track | None:
    """Add a stream to the output: a copy if it can hold the codec, else the nearest that it can hold.

    Args:
        output: open for writing, its streams not yet complete.
        stream: of the source, sound or subtitles.
        offset_s: taken from every time.
        note: told what could not be copied as it is.
    """
    kind = KINDS[stream.type]
    holder = output.format.name
    if stream.codec_context is None:
        note(f"{kind} of an unknown codec are left out")
        return None
    codec = stream.codec_context.name
    if (holder, codec.removeprefix("lib")) not in _REFUSED_LATE:
        try:
            return _CopiedTrack(output.add_stream_from_template(stream), offset_s)
        except (ValueError, *MEDIA_ERRORS):
            pass  # what the file cannot hold
    if stream.type == "audio":
        made = "libopus" if holder == "webm" else "aac"
        track = _EncodedTrack(output, stream, offset_s, made)
        before, now = stream.layout, track.stream.layout
        other = f", {before.name} as {now.name}" if before.nb_channels != now.nb_channels else ""
        note(f"{holder} cannot hold {codec} sound; it is encoded as {_SPOKEN[made]}{other}")
        return track
    text = TEXT_OF.get(holder)
    if text is None or not is_text(codec):
        note(f"{holder} cannot hold {codec} subtitles; they are left out")
        return None
    note(f"{holder} cannot hold {codec} subtitles; they are written as {text}")
    return _TextTrack(output, codec, text, offset_s)


class _CopiedTrack:
    """Packets as they are; only their stream, and for a recorded broadcast their time, is another."""

    def __init__(self, stream: Any, offset_s: Fraction) -> None:
        self.stream = stream
        self._offset_s = offset_s

    def packets(self, packet: Any) -> list[Any]:
        _shift(packet, self._offset_s)
        packet.stream = self.stream
        return [packet]

    def flush(self) -> list[Any]:
        return []


class _TextTrack:
    """Subtitles, as another codec has their text."""

    def __init__(self, output: Any, codec: str, wanted: str, offset_s: Fraction) -> None:
        self.stream = output.add_stream(wanted)
        self.stream.codec_context.subtitle_header = ASS_HEADER
        self._codec, self._wanted = codec, wanted
        self._offset_s = offset_s

    def packets(self, packet: Any) -> list[Any]:
        data = convert_text(bytes(packet), self._codec, self._wanted)
        if not data:
            return []
        converted = av.Packet(data)
        for name in ("pts", "dts", "duration", "time_base", "is_keyframe"):
            setattr(converted, name, getattr(packet, name))
        _shift(converted, self._offset_s)
        converted.stream = self.stream
        return [converted]

    def flush(self) -> list[Any]:
        return []


class _EncodedTrack:
    """Sound, decoded and encoded again at the same rate and layout, as near as the codec has them."""

    def __init__(self, output: Any, stream: Any, offset_s: Fraction, codec: str) -> None:
        self._offset_s = offset_s
        rate = 48_000 if codec == "libopus" else min(stream.rate, 96_000)  # the highest AAC knows
        layout = _layout_for(codec, stream.layout)
        self.stream = output.add_stream(codec, rate=rate, layout=layout)
        sample_format = "s16" if codec == "libopus" else "fltp"
        self._open_resampler = partial(av.AudioResampler, format=sample_format, layout=layout, rate=rate)
        self._resampler = self._open_resampler()
        self._kind: tuple[str, str, int] | None = None  # of what came last; broadcasts change it

    def packets(self, packet: Any) -> list[Any]:
        return [made for frame in packet.decode() for made in self._encode(frame)]

    def flush(self) -> list[Any]:
        return [*self._encode(None), *self.stream.encode(None)]

    def _encode(self, frame: Any) -> list[Any]:
        parts = []
        if frame is not None:
            if frame.pts is not None:
                frame.pts -= round(self._offset_s / frame.time_base)
            kind = (frame.format.name, frame.layout.name, frame.sample_rate)
            if self._kind not in (None, kind):
                parts += self._resampler.resample(None)
                self._resampler = self._open_resampler()
            self._kind = kind
        parts += self._resampler.resample(frame)
        return [made for part in parts for made in self.stream.encode(part)]


def _layout_for(codec: str, layout: Any) -> str:
    """Return how an encoder is to have the channels of a source."""
    if codec == "aac" and layout.name in _AAC_LAYOUTS:
        return str(layout.name)
    layouts = _OPUS_LAYOUTS if codec == "libopus" else _LAYOUTS
    return layouts.get(layout.nb_channels, "stereo")


def _shift(packet: Any, offset_s: Fraction) -> None:
    """Let a packet begin earlier; one that would then begin before 0, a subtitle, is cut there."""
    offset = round(offset_s / packet.time_base)
    if not offset or packet.pts is None:
        return
    packet.pts -= offset
    packet.dts = None if packet.dts is None else packet.dts - offset
    if packet.pts < 0 and packet.duration:
        packet.duration = max(0, packet.duration + packet.pts)
        packet.pts = packet.dts = 0
