import io
import random
from pathlib import Path

import onnx
import pytest
from onnx_makers import make_style_onnx

from realtime.errors import StyleFileError
from realtime.onnx_metadata import append_metadata, parse_metadata, read_metadata


def test_all_entries_are_read(tiny_style: Path) -> None:
    assert set(read_metadata(tiny_style)) == {"livebrush", "another"}


def test_a_file_without_metadata_has_no_entries(tmp_path: Path) -> None:
    assert read_metadata(make_style_onnx(tmp_path / "bare.onnx", with_contract=False)) == {}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StyleFileError, match=r"gone\.onnx does not exist"):
        read_metadata(tmp_path / "gone.onnx")


def test_a_folder_is_no_style_file(tmp_path: Path) -> None:
    with pytest.raises(StyleFileError, match="cannot be read"):
        read_metadata(tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 100,
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 50,
        b"not a network\n" * 100,
        b"\xff" * 64,
        b"\x08\x08",  # ir_version and nothing else
        b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",  # a graph of 2^63 bytes
        b"\x72\xff\xff\xff\xff\x0f" + b"\x00" * 10,  # a metadata entry of 4 GB
    ],
)
def test_what_is_no_onnx_is_a_style_file_error_in_one_line(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "odd.onnx"
    path.write_bytes(data)
    with pytest.raises(StyleFileError) as caught:
        read_metadata(path)
    assert "odd.onnx" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_huge_metadata_entry_is_not_read_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "huge.onnx"
    size = 64 << 20
    length = bytes([size & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size >> 14 & 0x7F | 0x80, size >> 21])
    with path.open("wb") as stream:  # a file with a hole: its 64 MB take no room on disk
        stream.write(b"\x08\x08\x3a\x00\x72" + length)
        stream.truncate(stream.tell() + size)
    with pytest.raises(StyleFileError, match="metadata entry of 67108864 bytes"):
        read_metadata(path)


@pytest.mark.parametrize("length", [0, 1, 127, 128, 16384])
def test_an_entry_that_is_added_is_read_by_us_and_by_onnx(tiny_style: Path, length: int) -> None:
    text = "\u00e9" * length
    data = append_metadata(tiny_style.read_bytes(), {"added": text})
    assert parse_metadata(io.BytesIO(data), len(data), "x")["added"] == text
    entries = {entry.key: entry.value for entry in onnx.load_from_string(data).metadata_props}
    assert entries["added"] == text and set(entries) == {"livebrush", "another", "added"}


def is_refused(data: bytes) -> bool:
    try:
        parse_metadata(io.BytesIO(data), len(data), "damaged.onnx")
    except StyleFileError:
        return True
    return False


def test_every_truncation_is_either_read_or_a_style_file_error(tiny_style: Path) -> None:
    data = tiny_style.read_bytes()
    refused = sum(is_refused(data[:end]) for end in range(len(data)))
    # A cut between two fields of the outermost message leaves a valid, shorter one: those are few.
    assert refused > len(data) - 8


def test_random_damage_never_raises_anything_else(tiny_style: Path) -> None:
    data, dice = tiny_style.read_bytes(), random.Random(1)
    refused = 0
    for _ in range(5000):
        damaged = bytearray(data)
        for _ in range(dice.choice((1, 1, 2, 8, 64))):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        refused += is_refused(bytes(damaged))
    assert 0 < refused < 5000


def test_random_bytes_never_raise_anything_else() -> None:
    dice = random.Random(2)
    for _ in range(5000):
        # Small numbers make believable keys and lengths, so that the reader gets further in.
        size, most = dice.randrange(200), dice.choice((16, 128, 256))
        assert is_refused(bytes(dice.randrange(most) for _ in range(size)))
