import io
import random
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from realtime.errors import StylePictureError
from realtime.picture_header import HeaderError, read_bytes, read_header

KINDS = ("PNG", "JPEG", "GIF", "WebP", "BMP", "TIFF")


def encode(kind: str, size_wh: tuple[int, int] = (50, 37), **options: object) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (size_wh[1], size_wh[0], 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_tells_its_size(kind: str) -> None:
    header = read_header(encode(kind))
    assert (header.kind, header.size_wh, header.orientation, header.moves) == (kind, (50, 37), 1, False)


@pytest.mark.parametrize("options", [{"lossless": True}, {"lossless": False}, {"exact": True}])
def test_every_form_of_webp_tells_its_size(options: dict[str, object]) -> None:
    assert read_header(encode("WebP", **options)).size_wh == (50, 37)


@pytest.mark.parametrize("options", [{"progressive": True}, {"quality": 5}, {"comment": b"x" * 70}])
def test_every_form_of_jpeg_tells_its_size(options: dict[str, object]) -> None:
    assert read_header(encode("JPEG", **options)).size_wh == (50, 37)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WebP"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_orientation_is_read(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    assert read_header(encode(kind, exif=exif)).orientation == orientation


def test_an_orientation_that_there_is_not_counts_as_upright() -> None:
    exif = Image.Exif()
    exif[274] = 99
    assert read_header(encode("JPEG", exif=exif)).orientation == 1


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WebP"])
def test_an_animation_is_told_from_a_picture(kind: str) -> None:
    others = [Image.new("RGB", (50, 37), colour) for colour in ("red", "blue")]
    assert read_header(encode(kind, save_all=True, append_images=others, duration=50)).moves


def test_a_bitmap_stored_from_the_top_has_a_height_all_the_same() -> None:
    data = bytearray(encode("BMP"))
    struct.pack_into("<i", data, 22, -37)
    assert read_header(bytes(data)).size_wh == (50, 37)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WebP"])
def test_a_file_that_is_cut_short_is_told(kind: str) -> None:
    data = encode(kind)
    with pytest.raises(HeaderError, match="cut short"):
        read_header(data[: len(data) // 2])


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\x89PNG", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"BM", b"II*\0"]
)
def test_what_is_no_picture_is_a_header_error(data: bytes) -> None:
    with pytest.raises(HeaderError):
        read_header(data)


@pytest.mark.parametrize("kind", KINDS)
def test_random_damage_never_raises_anything_else(kind: str) -> None:
    data, dice = encode(kind, (12, 9)), random.Random(3)
    for _ in range(400):
        damaged = bytearray(data)
        for _ in range(dice.choice((1, 4, 16))):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        try:
            read_header(bytes(damaged[: dice.randrange(len(damaged) + 1)]))
        except HeaderError as error:
            assert "\n" not in str(error)


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(StylePictureError, match=r"gone\.jpg does not exist"):
        read_bytes(tmp_path / "gone.jpg")
    with pytest.raises(StylePictureError, match="cannot be read"):
        read_bytes(tmp_path)


def test_a_file_beyond_any_picture_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    with path.open("wb") as stream:
        stream.truncate(300_000_000)  # a hole: it takes no room on disk
    with pytest.raises(StylePictureError, match="300 MB"):
        read_bytes(path)
