import io
import logging
import struct
import zlib

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from realtime.errors import StylePictureError
from realtime.style_picture import decode_style_picture

HALVES = np.zeros((40, 64, 3), np.uint8)  # RGB: left red, right blue, a green line at the top
HALVES[:, :32, 0] = HALVES[:, 32:, 2] = 250
HALVES[:8, :, 1] = 200


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def decoded_rgb(data: bytes) -> NDArray[np.uint8]:
    return decode_style_picture(data, "x")[..., ::-1]


@pytest.mark.parametrize("kind", ["PNG", "WebP", "BMP", "TIFF"])
def test_every_kind_is_decoded(kind: str) -> None:
    options = {"lossless": True} if kind == "WebP" else {}
    np.testing.assert_array_equal(decoded_rgb(encode(Image.fromarray(HALVES), kind, **options)), HALVES)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_turned_pictures_are_set_upright(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    data = encode(Image.fromarray(HALVES), kind, exif=exif, **({"quality": 98} if kind == "JPEG" else {}))
    upright = {
        1: HALVES,
        2: HALVES[:, ::-1],
        3: HALVES[::-1, ::-1],
        4: HALVES[::-1],
        5: HALVES.transpose(1, 0, 2),
        6: np.rot90(HALVES, -1),
        7: HALVES[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(HALVES),
    }
    found = decoded_rgb(data)
    assert found.shape == upright[orientation].shape
    assert np.abs(found.astype(int) - upright[orientation]).mean() < 12


def test_grey_becomes_three_equal_colours() -> None:
    grey = np.arange(40 * 64, dtype=np.uint16).reshape(40, 64) % 256
    found = decoded_rgb(encode(Image.fromarray(grey.astype(np.uint8)), "PNG"))
    assert (found == grey[..., None]).all()


@pytest.mark.parametrize("colours", ["RGBA", "LA"])
def test_transparency_shows_white(colours: str) -> None:
    image = Image.fromarray(HALVES).convert(colours)
    alpha = np.full((40, 64), 255, np.uint8)
    alpha[:, 32:] = 0
    image.putalpha(Image.fromarray(alpha))
    found = decoded_rgb(encode(image, "PNG"))
    assert (found[:, 32:] == 255).all()
    assert found[20, 5].max() < 255


def test_half_transparent_is_half_white() -> None:
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 128))
    assert set(np.unique(decoded_rgb(encode(image, "PNG")))) == {127}


def test_16_bits_become_8() -> None:
    levels = np.full((40, 40, 3), 65535, np.uint16)
    levels[:, 20:] = 257 * 100
    data = cv2.imencode(".png", levels)[1].tobytes()
    found = decode_style_picture(data, "x")
    assert found.dtype == np.uint8 and found[0, 0, 0] == 255 and found[0, 30, 0] == 100


def test_of_an_animation_the_first_picture_is_taken_and_said(caplog: pytest.LogCaptureFixture) -> None:
    others = [Image.new("RGB", (64, 40), "white")]
    data = encode(Image.new("RGB", (64, 40), "black"), "GIF", save_all=True, append_images=others, duration=9)
    with caplog.at_level(logging.WARNING):
        assert decode_style_picture(data, "loop.gif").max() == 0
    assert "loop.gif is an animation: its first picture is the style" in caplog.text


def test_a_large_jpeg_is_decoded_smaller_but_not_too_small() -> None:
    data = encode(Image.new("RGB", (1200, 1000), "red"), "JPEG")
    assert decode_style_picture(data, "x", short_side=100).shape == (250, 300, 3)
    assert decode_style_picture(data, "x", short_side=501).shape == (1000, 1200, 3)


def test_a_tiny_picture_is_refused() -> None:
    with pytest.raises(StylePictureError, match=r"small\.png has 31x64 pixels, a style at least 32 a side"):
        decode_style_picture(encode(Image.new("RGB", (31, 64)), "PNG"), "small.png")


def bomb() -> bytes:
    """A PNG of 900 million black pixels in a megabyte."""
    side = 30000
    rows = zlib.compressobj(9)
    row = b"\0" * (side // 8 + 1)
    packed = b"".join(rows.compress(row) for _ in range(side)) + rows.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def test_a_decompression_bomb_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def must_not_be_called(*_: object) -> None:
        raise AssertionError("decoded")

    data = bomb()
    assert len(data) < 1_000_000
    monkeypatch.setattr(cv2, "imdecode", must_not_be_called)
    with pytest.raises(StylePictureError, match="30000x30000 pixels, a style at most 100 million"):
        decode_style_picture(data, "bomb.png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WebP", "TIFF"])
def test_a_damaged_picture_is_one_line(kind: str) -> None:
    data = encode(Image.fromarray(HALVES), kind)
    for damaged in (data[: len(data) // 3], data[:60] + bytes(len(data) - 60)):
        with pytest.raises(StylePictureError, match=r"hurt\.x") as caught:
            decode_style_picture(damaged, "hurt.x")
        assert "\n" not in str(caught.value)


def test_what_is_no_picture_is_told() -> None:
    with pytest.raises(StylePictureError, match="note.txt cannot be used as a style: it is no PNG, JPEG"):
        decode_style_picture(b"hello", "note.txt")


def test_pixels_that_are_no_whole_numbers_are_told() -> None:
    data = cv2.imencode(".tiff", np.zeros((40, 40, 3), np.float32))[1].tobytes()
    with pytest.raises(StylePictureError, match="float32 pixels; save it with 8 or 16 bits"):
        decode_style_picture(data, "x.tif")
