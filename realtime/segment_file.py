"""One painted piece of a film on disk: encoded packets, the hash of what made them, whole or not there.

    "LBSEGM1\\n", then for each packet: pts (8 bytes), flags (1), size (4), data
    then a record as JSON, its length (4), and the SHA-256 of all before it (32)

A piece is written under another name and renamed when it is safe on the disk. Whatever ends the process
leaves either the whole piece or none.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from realtime.errors import SinkError
from realtime.media import reason

_MAGIC = b"LBSEGM1\n"
_PACKET = struct.Struct("<qBI")
_LENGTH = struct.Struct("<I")
_HASH_BYTES = 32
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Found:
    """What was found in the source while a piece was decoded.

    Args:
        lost_s: times of what could not be decoded, in seconds.
        damaged_s: times of pictures that the decoder had to make up in part, in seconds.
        interlaced: it was filmed in fields, which were made whole pictures.
    """

    lost_s: tuple[float, ...] = ()
    damaged_s: tuple[float, ...] = ()
    interlaced: bool = False


@dataclass(frozen=True)
class Record:
    """What is known of a finished piece.

    Args:
        key: hash of all that made it: input, options, weights, version.
        frames: in it.
        first: time of its first frame in units of the film's time base; 0 without frames.
        delay: frames that the encoder holds back to put them in order.
        found: in its source.
    """

    key: str
    frames: int
    first: int
    delay: int
    found: Found = Found()


@dataclass(frozen=True)
class StoredPacket:
    """An encoded packet: its time in units of the film's time base, and whether decoding can begin there."""

    pts: int
    is_key: bool
    data: bytes


class SegmentWriter:
    """Writes one piece; `finish` gives it its name, `abandon` leaves nothing.

    Args:
        path: of the finished piece.
    Raises:
        SinkError: the disk is full or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # Named by the process too: one that outlived its parent must not write into this.
        self._part = path.with_suffix(f".{os.getpid()}.part")
        self._times: list[int] = []
        self._hash = hashlib.sha256()
        try:
            self._file: BinaryIO = self._part.open("wb")
            self._write(_MAGIC)
        except OSError as error:
            raise _cannot_write(path, error) from error

    def add(self, packet: Any) -> None:
        """Write one packet of the encoder."""
        data = bytes(packet)
        self._times.append(int(packet.pts))
        try:
            self._write(_PACKET.pack(packet.pts, bool(packet.is_keyframe), len(data)))
            self._write(data)
        except OSError as error:
            raise _cannot_write(self._path, error) from error

    def finish(self, key: str, found: Found = Found()) -> Record:
        """Put the piece in its place, and return its record."""
        times = self._times
        record = Record(key, len(times), min(times, default=0), reorder_delay(times), found)
        text = json.dumps(asdict(record), sort_keys=True).encode()
        try:
            self._write(text)
            self._write(_LENGTH.pack(len(text)))
            self._file.write(self._hash.digest())
            flush_to_disk(self._file)
            self._file.close()
            os.replace(self._part, self._path)
        except OSError as error:
            raise _cannot_write(self._path, error) from error
        return record

    def abandon(self) -> None:
        """Remove what was written; after `finish` there is nothing to remove."""
        with suppress(OSError):  # of what could not be written already
            self._file.close()
        self._part.unlink(missing_ok=True)

    def _write(self, data: bytes) -> None:
        self._hash.update(data)
        self._file.write(data)


def read_record(path: Path) -> Record | None:
    """Return the record of a whole piece; None if there is none or a byte of it is wrong."""
    try:
        with path.open("rb") as file:
            return _checked_record(file, path.stat().st_size)
    except (OSError, ValueError, TypeError, KeyError, struct.error):
        return None


def read_packets(path: Path) -> Iterator[StoredPacket]:
    """Yield the packets of a whole piece, in the order in which they are decoded.

    Raises:
        SinkError: if it cannot be read any more.
    """
    yield from _read(path, with_data=True)


def read_times(path: Path) -> list[int]:
    """Return the times of the packets of a whole piece, in the order in which they are decoded.

    Raises:
        SinkError: if it cannot be read any more.
    """
    return [packet.pts for packet in _read(path, with_data=False)]


def _read(path: Path, *, with_data: bool) -> Iterator[StoredPacket]:
    try:
        with path.open("rb") as file:
            end = _record_start(file, path.stat().st_size)[0]
            file.seek(len(_MAGIC))
            while file.tell() < end:
                pts, is_key, size = _PACKET.unpack(file.read(_PACKET.size))
                data = file.read(size) if with_data else b""
                if not with_data:
                    file.seek(size, os.SEEK_CUR)
                yield StoredPacket(pts, bool(is_key), data)
    except (OSError, ValueError, struct.error) as error:
        raise SinkError(
            f"{path} cannot be read any more: {reason(error)}; run the same command again"
        ) from error


def reorder_delay(times: list[int]) -> int:
    """Return how many frames must be held back so that none is decoded after it is to be shown."""
    ranks = {pts: rank for rank, pts in enumerate(sorted(times))}
    return max((place - ranks[pts] for place, pts in enumerate(times)), default=0)


def flush_to_disk(file: BinaryIO) -> None:
    """Wait until what was written has reached the disk: a new name must never stand for half a file."""
    file.flush()
    os.fsync(file.fileno())


def _checked_record(file: BinaryIO, length: int) -> Record | None:
    start, record_end = _record_start(file, length)
    file.seek(start)
    values = json.loads(file.read(record_end - start))
    digest = hashlib.sha256()
    file.seek(0)
    left = length - _HASH_BYTES
    while left > 0:
        chunk = file.read(min(left, _CHUNK))
        digest.update(chunk)
        left -= len(chunk)
    if file.read(_HASH_BYTES) != digest.digest():
        return None
    found = values["found"]
    times = {name: tuple(found[name]) for name in ("lost_s", "damaged_s")}
    return Record(**{**values, "found": Found(**{**found, **times})})


def _record_start(file: BinaryIO, length: int) -> tuple[int, int]:
    end = length - _HASH_BYTES - _LENGTH.size
    if end < len(_MAGIC):
        raise ValueError("too short")
    file.seek(end)
    start = end - int(_LENGTH.unpack(file.read(_LENGTH.size))[0])
    if start < len(_MAGIC):
        raise ValueError("too short")
    return start, end


def _cannot_write(path: Path, error: OSError) -> SinkError:
    return SinkError(
        f"{path} cannot be written: {reason(error)}; what is finished is kept: run the same command again"
    )
