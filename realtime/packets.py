"""Decodes one stream of a container to its end, and knows whether that was the end it should have."""

from __future__ import annotations

import logging
import os
import struct
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import av

from realtime.errors import SourceError
from realtime.media import MEDIA_ERRORS, reason

_log = logging.getLogger(__name__)
_STEP_BACK_S = 10  # where an index points behind the packet that is looked for


@dataclass(frozen=True)
class Place:
    """The packet of a key frame, where decoding can begin.

    Args:
        ordinal: packets of the stream before it, in the order of the file.
        pts: of the packet, in the stream's time base; None if it carries no time.
        dts: when it is decoded; None if unknown.
        size: of its data, in bytes.
    """

    ordinal: int
    pts: int | None
    dts: int | None
    size: int

    def is_at(self, packet: Any) -> bool:
        """Tell whether this is the packet."""
        return bool(packet.is_keyframe and packet.pts == self.pts and packet.size == self.size)


class PacketReader:
    """Gives every frame of a stream that can be decoded, then tells what was wrong.

    A packet that cannot be decoded is skipped as long as later ones can be: that is reported through
    `logging`. A break is what nothing follows: the file ends before its own index or stated length
    does, its last packets cannot be decoded, or reading fails.

    Args:
        container: open for reading.
        stream: the video stream of it to decode.
        path: the file on disk, to compare its length with what its container states; None for an address.
        begin: the key frame to begin with; None for the beginning.
    """

    def __init__(
        self, container: Any, stream: Any, path: Path | None = None, begin: Place | None = None
    ) -> None:
        self._container = container
        self._stream = stream
        self._path = path
        self._begin = begin
        self._read = 0 if begin is None else begin.ordinal
        self._failed = 0  # packets since the last that could be decoded
        self._decode_error = ""
        self._read_error = ""
        self.lost: list[int] = []
        """The times, in the stream's units, of packets that could not be decoded, so far."""
        self.trouble = ""
        """After the last frame: why the stream broke off, one line; empty if it ended as it should."""

    def frames(self) -> Generator[av.VideoFrame, None, None]:
        """Yield the frames in the order they are shown."""
        decoded = 0
        for packet in self._video_packets():
            failed_before = self._failed
            for frame in self._decode(packet):
                decoded += 1
                yield frame
            if self._failed and self._failed == failed_before and packet is not None:
                _log.warning("%d packets before frame %d could not be decoded", self._failed, decoded)
                self._failed = 0
        self.trouble = self._diagnosis()

    def _video_packets(self) -> Iterator[Any]:
        """Yield the stream's packets, and None at the end, which makes the decoder give what it holds."""
        try:
            for packet in packets_from(self._container, self._stream, self._begin):
                self._read += 1
                yield packet
        except MEDIA_ERRORS as error:
            self._read_error = reason(error)
        yield None

    def _decode(self, packet: Any) -> list[Any]:
        try:
            frames = self._stream.codec_context.decode(packet)
        except MEDIA_ERRORS as error:
            if packet is not None:
                self._failed += 1
                self.lost += [packet.pts] if packet.pts is not None else []
                self._decode_error = reason(error)
            return []
        return [frame for frame in frames if frame.width and frame.height]

    def _diagnosis(self) -> str:
        if self._read_error:
            return self._read_error
        short = cut_short(self._container, self._stream, self._read, self._path)
        return short or (self._decode_error if self._failed else "")


def packets_from(container: Any, stream: Any, begin: Place | None = None) -> Iterator[Any]:
    """Yield a stream's packets that hold data, from a place on; of a container that was just opened.

    Raises:
        SourceError: if that place is not there any more.
    """
    if begin is None or begin.ordinal == 0:
        yield from _whole_packets(container, stream)
        return
    for seek_to in _places_to_look(begin, stream):
        container.seek(seek_to, stream=stream, backward=True)
        found = False
        for packet in _whole_packets(container, stream):
            if not found and packet.is_keyframe and None not in (packet.pts, begin.pts):
                if packet.pts > begin.pts:
                    break  # the index led too far
                found = begin.is_at(packet)
            if found:
                yield packet
        if found:
            return
    raise SourceError(f"packet {begin.ordinal} of the film is not where it was; the file has changed")


def _places_to_look(begin: Place, stream: Any) -> Iterator[int]:
    assert begin.pts is not None  # only what carries times is begun in the middle
    at = begin.pts if begin.dts is None else min(begin.pts, begin.dts)
    step = round(_STEP_BACK_S / (stream.time_base or 1))
    first = stream.start_time or 0
    yield at
    while at > first:
        at, step = at - step, 4 * step
        yield max(at, first)


def _whole_packets(container: Any, stream: Any) -> Iterator[Any]:
    """Yield packets with data; of a container with an index, none that its file holds only in part."""
    has_index = container.format.name.startswith("mov")
    for packet in container.demux(stream):
        # PyAV marks the end by an empty packet; half a packet would give half a picture.
        if packet.size and not (has_index and packet.is_corrupt):
            yield packet


def cut_short(container: Any, stream: Any, read: int, path: Path | None) -> str:
    """Return how much is missing at the end of a file, by its own account; empty if nothing is.

    Args:
        read: packets of the stream that were there.
        path: the file; None for an address.
    """
    # The index of an MP4 or MOV lists exactly the packets to come, edits and fragments included.
    indexed = len(stream.index_entries) if container.format.name.startswith("mov") else 0
    if read < indexed:
        return f"the file is cut short: {indexed - read} of its {indexed} packets are missing"
    missing = missing_bytes(path) if path else 0
    return f"the file is cut short: its last {missing} bytes are missing" if missing else ""


def missing_bytes(path: Path) -> int:
    """Return how many bytes a Matroska, WebM or AVI file lacks by its own account; 0 for others.

    Raises:
        SourceError: it cannot be read, or is gone.
    """
    try:
        with path.open("rb") as file:
            length = os.fstat(file.fileno()).st_size
            start = file.read(4)
            file.seek(0)
            if start == b"\x1a\x45\xdf\xa3":
                end = _matroska_end(file)
            elif start == b"RIFF":
                end = _riff_end(file, length)
            else:
                end = 0
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {reason(error)}") from error
    return max(0, end - length)


def _matroska_end(file: BinaryIO) -> int:
    """Return where the segment ends; 0 when its writer did not know (RFC 8794, section 4 and 6)."""
    for identifier in (b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"):  # the EBML header, then the segment
        if file.read(4) != identifier:
            return 0
        first = file.read(1)
        if not first or not first[0]:
            return 0
        extra = 8 - first[0].bit_length()
        value = int.from_bytes(bytes([first[0] & (0x7F >> extra)]) + file.read(extra), "big")
        if value == (1 << 7 * (extra + 1)) - 1:  # all ones: unknown
            return 0
        file.seek(value, os.SEEK_CUR)
    return file.tell()


def _riff_end(file: BinaryIO, length: int) -> int:
    """Return where the last RIFF chunk ends; long AVI files have several."""
    end = 0
    while end < length:
        file.seek(end)
        header = file.read(8)
        if len(header) < 8 or header[:4] != b"RIFF":
            break
        (size,) = struct.unpack("<I", header[4:])
        if size in (0, 0xFFFFFFFF):  # never finished, or written to a pipe
            return 0
        end += 8 + size + size % 2
    return end
