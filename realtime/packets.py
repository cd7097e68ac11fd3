"""Decodes one stream of a container to its end, and knows whether that was the end it should have."""

from __future__ import annotations

import logging
import os
import struct
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import av

from realtime.media import MEDIA_ERRORS, reason

_log = logging.getLogger(__name__)


class PacketReader:
    """Gives every frame of a stream that can be decoded, then tells what was wrong.

    A packet that cannot be decoded is skipped as long as later ones can be: that is reported through
    `logging`. A break is what nothing follows: the file ends before its own index or stated length
    does, its last packets cannot be decoded, or reading fails.

    Args:
        container: open for reading.
        stream: the video stream of it to decode.
        path: the file on disk, to compare its length with what its container states; None for an address.
    """

    def __init__(self, container: Any, stream: Any, path: Path | None = None) -> None:
        self._container = container
        self._stream = stream
        self._path = path
        # The index of an MP4 or MOV lists exactly the packets to come, edits and fragments included.
        self._has_index = container.format.name.startswith("mov")
        self._read = 0
        self._failed = 0  # packets since the last that could be decoded
        self._decode_error = ""
        self._read_error = ""
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
            for packet in self._container.demux(self._stream):
                if not packet.size or (self._has_index and packet.is_corrupt):
                    continue  # PyAV marks the end by an empty packet; half a packet would give half a picture
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
                self._decode_error = reason(error)
            return []
        return [frame for frame in frames if frame.width and frame.height]

    def _diagnosis(self) -> str:
        if self._read_error:
            return self._read_error
        indexed = len(self._stream.index_entries) if self._has_index else 0
        if self._read < indexed:
            return f"the file is cut short: {indexed - self._read} of its {indexed} packets are missing"
        missing = missing_bytes(self._path) if self._path else 0
        if missing:
            return f"the file is cut short: its last {missing} bytes are missing"
        return self._decode_error if self._failed else ""


def missing_bytes(path: Path) -> int:
    """Return how many bytes a Matroska, WebM or AVI file lacks by its own account; 0 for others."""
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
