"""Read and add to an ONNX file's metadata with nothing but the wire format of protocol buffers.

Loading the `onnx` package for one string would cost half a second and 50 MB. An ONNX file is one
`ModelProto` message: a sequence of (key, value), where key = field number * 8 + wire type. The weights
are one big field that is skipped, not read. https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from realtime.errors import StyleFileError

ONNX_SUFFIX = ".onnx"
STEADY_SUFFIX = ".steady.onnx"  # a recurrent style, beside NAME.onnx

# Field numbers of ModelProto and StringStringEntryProto, from onnx.proto.
_IR_VERSION, _GRAPH, _METADATA_PROPS = 1, 7, 14
_ENTRY_KEY, _ENTRY_VALUE = 1, 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_ENTRY_BYTES = 1 << 20  # a length read from a broken file must not decide how much is read


class _WireError(Exception):
    """The bytes are no protocol buffer message."""


def read_metadata(path: Path) -> dict[str, str]:
    """Return the metadata properties of an ONNX file.

    Raises:
        StyleFileError: if the file is missing, cannot be read, is cut short or is no ONNX file.
    """
    if not path.exists():
        raise StyleFileError(f"style file {path} does not exist; check the path")
    try:
        with path.open("rb") as stream:
            return parse_metadata(stream, path.stat().st_size, str(path))
    except OSError as error:
        raise StyleFileError(f"{path} cannot be read ({error.strerror or error})") from error


def append_metadata(model: bytes | bytearray, entries: Mapping[str, str]) -> bytes:
    """Return an ONNX file with more metadata properties; a repeated field may go on at a message's end."""
    parts = [bytes(model)]
    for key, value in entries.items():
        entry = _bytes_field(_ENTRY_KEY, key.encode()) + _bytes_field(_ENTRY_VALUE, value.encode())
        parts.append(_bytes_field(_METADATA_PROPS, entry))
    return b"".join(parts)


def parse_metadata(stream: BinaryIO, size: int, name: str) -> dict[str, str]:
    """Return the metadata properties of the ONNX file in a stream of `size` bytes.

    Raises:
        StyleFileError: calling it `name`, if it is cut short or no ONNX file.
    """
    try:
        return _read_model(stream, size)
    except (_WireError, UnicodeDecodeError) as error:
        raise StyleFileError(
            f"{name} is no ONNX file, or a damaged one ({error}); export or download it again"
        ) from error


def _read_model(stream: BinaryIO, size: int) -> dict[str, str]:
    entries: dict[str, str] = {}
    seen: set[int] = set()
    for number, wire_type, length in _fields(stream, size):
        seen.add(number)
        if number in (_GRAPH, _METADATA_PROPS) and wire_type != _BYTES:
            raise _WireError(f"field {number} is no message")
        if number == _METADATA_PROPS:
            if length > _MAX_ENTRY_BYTES:
                raise _WireError(f"a metadata entry of {length} bytes")
            key, value = _read_entry(stream.read(length))
            entries[key] = value
    if not {_IR_VERSION, _GRAPH} <= seen:
        raise _WireError("it holds no graph")
    return entries


def _read_entry(data: bytes) -> tuple[str, str]:
    stream, texts = io.BytesIO(data), {_ENTRY_KEY: "", _ENTRY_VALUE: ""}
    for number, wire_type, length in _fields(stream, len(data)):
        if number in texts and wire_type == _BYTES:
            texts[number] = stream.read(length).decode("utf-8")
    return texts[_ENTRY_KEY], texts[_ENTRY_VALUE]


def _fields(stream: BinaryIO, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield (field number, wire type, length of the value); the stream stands at the value.

    After each one the stream is moved to the next field, whatever the caller read. Every round moves
    it forward by at least the key's byte, so this ends for any input.
    """
    while stream.tell() < end:
        number, wire_type = divmod(_varint(stream), 8)
        if number == 0:
            raise _WireError("field 0")
        if wire_type == _VARINT:
            start = stream.tell()
            _varint(stream)
            length = stream.tell() - start
            stream.seek(start)
        elif wire_type in (_FIXED64, _FIXED32):
            length = 8 if wire_type == _FIXED64 else 4
        elif wire_type == _BYTES:
            length = _varint(stream)
        else:
            raise _WireError(f"wire type {wire_type}")
        following = stream.tell() + length
        if following > end:
            raise _WireError("it is cut short")
        yield number, wire_type, length
        stream.seek(following)


def _bytes_field(number: int, value: bytes) -> bytes:
    return _to_varint(number * 8 + _BYTES) + _to_varint(len(value)) + value


def _to_varint(value: int) -> bytes:
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _varint(stream: BinaryIO) -> int:
    value = 0
    for shift in range(0, 70, 7):  # at most ten bytes hold 64 bits
        byte = stream.read(1)
        if not byte:
            raise _WireError("it is cut short")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise _WireError("an endless number")
