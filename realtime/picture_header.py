"""Reads a picture file, and what it says before its pixels: kind, size, orientation, whether it moves.

Read from the bytes, so that a file of a few kilobytes that would unpack to gigabytes is never unpacked.
PNG, JPEG, GIF, WebP, BMP and TIFF.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from realtime.errors import StylePictureError

MIN_SIDE = 32
MAX_MEGAPIXELS = 100
MAX_FILE_MB = 256
# Of what is not a style: as OpenCV has it for every kind but damaged PNGs.
MOST_SIDE, MOST_PIXELS = 2**20, 2**30
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_HEAD = 24  # bytes up to the height
UPRIGHT = 1  # of EXIF's eight orientations
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_ORIENTATION = 256, 257, 274
_TIFF_SHORT, _TIFF_LONG = 3, 4
# Start-of-frame markers of JPEG: all of 0xC0 to 0xCF but tables, restarts and arithmetic conditioning.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_GIF_EXTENSION, _GIF_PICTURE = 0x21, 0x2C
_JPEG_SCAN, _JPEG_APP1, _JPEG_END = 0xDA, 0xE1, b"\xff\xd9"
_WEBP_MOVES = 0x02  # of an extended WebP's flags


class HeaderError(Exception):
    """The bytes are none of these kinds of pictures, or a damaged one; says what is wrong in a few words."""


@dataclass(frozen=True)
class PictureHeader:
    """What the first bytes say.

    Args:
        kind: "PNG", "JPEG", "GIF", "WebP", "BMP" or "TIFF".
        size_wh: in pixels, as stored.
        orientation: EXIF's, 1 to 8: how the stored pixels are to be turned; 1 for not at all.
        moves: it is an animation.
    """

    kind: str
    size_wh: tuple[int, int]
    orientation: int = UPRIGHT
    moves: bool = False


def read_bytes(path: Path) -> bytes:
    """Return a picture file as it is.

    Raises:
        StylePictureError: if it is missing, cannot be read, or is too large.
    """
    try:
        size_mb = path.stat().st_size / 1e6
        if size_mb > MAX_FILE_MB:
            raise StylePictureError(f"{path} has {size_mb:.0f} MB, a style picture at most {MAX_FILE_MB}")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise StylePictureError(f"style picture {path} does not exist; check the path") from error
    except OSError as error:
        raise StylePictureError(f"{path} cannot be read ({error.strerror or error})") from error


def check_header(data: bytes, name: str) -> PictureHeader:
    """Return what a picture file says of itself, if the picture can be a style.

    Args:
        data: the whole file.
        name: of the file, for messages.
    Raises:
        StylePictureError: it is no picture, too small or too large.
    """
    try:
        header = read_header(data)
    except HeaderError as error:
        raise StylePictureError(f"{name} cannot be used as a style: {error}") from error
    width, height = header.size_wh
    if min(width, height) < MIN_SIDE:
        raise StylePictureError(f"{name} has {width}x{height} pixels, a style at least {MIN_SIDE} a side")
    if width * height > MAX_MEGAPIXELS * 1_000_000:
        raise StylePictureError(
            f"{name} has {width}x{height} pixels, a style at most {MAX_MEGAPIXELS} million: make it smaller"
        )
    return header


def read_header(data: bytes) -> PictureHeader:
    """Return what a picture file says of itself.

    Raises:
        HeaderError: it is no such file, or cut short, or has no pixels.
    """
    try:
        header = _read(data)
    except (struct.error, IndexError) as error:
        raise HeaderError("it is cut short") from error
    if min(header.size_wh) < 1:
        raise HeaderError("it has no pixels")
    return header


def is_animation(path: Path) -> bool:
    """Tell whether a picture file is one that moves; what cannot be read as a picture does not."""
    try:
        return read_header(path.read_bytes()).moves
    except (OSError, HeaderError):
        return False


def promises_too_much(data: bytes) -> bool:
    """Tell whether a PNG claims sides that no picture has, or a chunk longer than what is left of the file.

    OpenCV would take a height from 2^31 on for a negative one, and has memory for a whole chunk before it
    reads it: both were 4 GB, of files of 400 bytes. It decodes no PNG that is cut short.

    Args:
        data: the whole file, of any kind.
    """
    if not data.startswith(_PNG) or len(data) < _PNG_HEAD:
        return False
    width, height = struct.unpack_from(">II", data, 16)
    if max(width, height) > MOST_SIDE or width * height > MOST_PIXELS:
        return True
    whole = len(_PNG)
    for _, _, end in _png_chunks(data):
        whole = end + 4  # its checksum
    return len(data) - whole >= 8  # a length and a name, of a chunk that ends beyond the file


def _read(data: bytes) -> PictureHeader:
    if data.startswith(_PNG):
        return _read_png(data)
    if data.startswith(b"\xff\xd8\xff"):
        return _read_jpeg(data)
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return _read_gif(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _read_webp(data)
    if data.startswith(b"BM"):
        return _read_bmp(data)
    if data[:4] in (b"II*\0", b"MM\0*"):
        tags = _tiff_tags(data)
        size_wh = tags.get(_TIFF_WIDTH, 0), tags.get(_TIFF_HEIGHT, 0)
        # The orientation is left out: what decodes the file has turned it already.
        return PictureHeader("TIFF", size_wh)
    raise HeaderError("it is no PNG, JPEG, GIF, WebP, BMP or TIFF")


def _read_png(data: bytes) -> PictureHeader:
    size_wh, orientation, moves = (0, 0), UPRIGHT, False
    for name, start, end in _png_chunks(data):
        if name == b"IHDR":
            size_wh = struct.unpack_from(">II", data, start)
        elif name == b"eXIf":
            orientation = _orientation(data[start:end])
        elif name == b"acTL":
            moves = struct.unpack_from(">I", data, start)[0] > 1
        elif name == b"IEND":
            return PictureHeader("PNG", size_wh, orientation, moves)
    raise HeaderError("it is cut short")


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end of every chunk that is whole."""
    place = 8
    while place + 12 <= len(data):
        length = struct.unpack_from(">I", data, place)[0]
        start, end = place + 8, place + 8 + length
        if end + 4 > len(data):
            return
        yield data[place + 4 : start], start, end
        place = end + 4


def _read_jpeg(data: bytes) -> PictureHeader:
    size_wh, orientation, place = (0, 0), UPRIGHT, 2
    while True:
        while data[place] == 0xFF and data[place + 1] == 0xFF:  # fill bytes
            place += 1
        if data[place] != 0xFF:
            raise HeaderError("its markers are damaged")
        marker, length = data[place + 1], struct.unpack_from(">H", data, place + 2)[0]
        start, end = place + 4, place + 2 + length
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, start + 1)
            size_wh = width, height
        elif marker == _JPEG_APP1 and data[start : start + 6] == b"Exif\0\0":
            orientation = _orientation(data[start + 6 : end])
        elif marker == _JPEG_SCAN:
            if data.find(_JPEG_END, end) < 0:
                raise HeaderError("it is cut short")
            return PictureHeader("JPEG", size_wh, orientation)
        place = end


def _read_gif(data: bytes) -> PictureHeader:
    size_wh = struct.unpack_from("<HH", data, 6)
    place, pictures = 13 + _gif_table_bytes(data[10]), 0
    while pictures < 2 and place < len(data) and data[place] in (_GIF_EXTENSION, _GIF_PICTURE):
        if data[place] == _GIF_EXTENSION:
            place += 2
        else:
            pictures += 1
            place += 11 + _gif_table_bytes(data[place + 9])
        while data[place]:  # blocks of up to 255 bytes, then one of none
            place += 1 + data[place]
        place += 1
    return PictureHeader("GIF", size_wh, moves=pictures > 1)


def _gif_table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _read_webp(data: bytes) -> PictureHeader:
    if struct.unpack_from("<I", data, 4)[0] + 8 > len(data) + 1:  # one byte of padding may be missing
        raise HeaderError("it is cut short")
    size_wh, orientation, moves, place = (0, 0), UPRIGHT, False, 12
    while place + 8 <= len(data):
        name, length = data[place : place + 4], struct.unpack_from("<I", data, place + 4)[0]
        start = place + 8
        if name == b"VP8X":
            moves = bool(data[start] & _WEBP_MOVES)
            sides = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (start + 4, start + 7))
            size_wh = next(sides), next(sides)
        elif name == b"VP8 " and size_wh == (0, 0):
            width, height = struct.unpack_from("<HH", data, start + 6)
            size_wh = width & 0x3FFF, height & 0x3FFF
        elif name == b"VP8L" and size_wh == (0, 0):
            bits = struct.unpack_from("<I", data, start + 1)[0]
            size_wh = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        elif name == b"EXIF":
            orientation = _orientation(data[start : start + length].removeprefix(b"Exif\0\0"))
        place = start + length + length % 2
    return PictureHeader("WebP", size_wh, orientation, moves)


def _read_bmp(data: bytes) -> PictureHeader:
    if struct.unpack_from("<I", data, 14)[0] == 12:  # OS/2
        return PictureHeader("BMP", struct.unpack_from("<HH", data, 18))
    width, height = struct.unpack_from("<ii", data, 18)
    return PictureHeader("BMP", (width, abs(height)))  # below 0: stored from the top


def _orientation(tiff: bytes) -> int:
    """Return the orientation in EXIF data; upright where it is damaged, which hides no pixels."""
    try:
        found = _tiff_tags(tiff).get(_TIFF_ORIENTATION, UPRIGHT)
    except (struct.error, IndexError):
        return UPRIGHT
    return found if 1 <= found <= 8 else UPRIGHT


def _tiff_tags(data: bytes) -> dict[int, int]:
    """Return the tags of the first directory that are one whole number each."""
    order = "<" if data[:2] == b"II" else ">"
    place = struct.unpack_from(f"{order}I", data, 4)[0]
    count = struct.unpack_from(f"{order}H", data, place)[0]
    tags: dict[int, int] = {}
    for entry in range(place + 2, place + 2 + 12 * count, 12):
        tag, kind, numbers = struct.unpack_from(f"{order}HHI", data, entry)
        if numbers == 1 and kind in (_TIFF_SHORT, _TIFF_LONG):
            tags[tag] = struct.unpack_from(f"{order}{'H' if kind == _TIFF_SHORT else 'I'}", data, entry + 8)[
                0
            ]
    return tags
