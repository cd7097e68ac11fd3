"""Files that anyone may have made: whatever is in them, they are used or refused with a named error.

A few inputs each by default, the same ones every time. LIVEBRUSH_FUZZ=100000 tries that many, others each
time: LIVEBRUSH_FUZZ=100000 python -m pytest tests/realtime/test_fuzz.py
"""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fuzz_targets import (
    try_contract,
    try_mask_picture,
    try_style_bytes,
    try_style_file,
    try_style_picture,
    try_timeline,
)
from onnx_makers import make_style_onnx

from realtime.errors import LivebrushError
from realtime.style_spec import UnknownPartError, parse_mix
from realtime.testing import make_contract

pytest.importorskip("hypothesis", reason="needs hypothesis: pip install hypothesis")
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

COUNT = os.environ.get("LIVEBRUSH_FUZZ")
FUZZ = settings(
    max_examples=int(COUNT or 60),
    deadline=None if COUNT is None else 30_000,  # ms: a hang. No test of each change depends on the clock
    derandomize=COUNT is None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["0:59", "1:2:3", "9" * 5000, "9" * 5000 + ":1", "\u0663", "-1", "1e9", ""])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)
NESTED = st.sampled_from(
    ["[" * 200_000, '{"at":' * 100_000, "[" * 3000 + "]" * 3000, "\ud800", "NaN", "1" * 9000]
)

VALID_CONTRACT = json.loads(make_contract().to_json())


@st.composite
def changed(draw: st.DrawFn, good: bytes) -> bytes:
    """A good file with some bytes changed, left out or put in, and perhaps its end cut off."""
    data = bytearray(good)
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        kind = draw(st.sampled_from(["set", "insert", "delete"]))
        if kind == "set" and data:
            data[place] = draw(st.integers(0, 255))
        elif kind == "insert":
            data[place:place] = draw(st.binary(max_size=8))
        else:
            del data[place : place + draw(st.integers(1, 40))]
    end = draw(st.one_of(st.just(len(data)), st.integers(0, len(data))))
    return bytes(data[:end])


@FUZZ
@given(
    st.dictionaries(st.sampled_from(sorted(VALID_CONTRACT)), JSON, max_size=4),
    st.sets(st.sampled_from(sorted(VALID_CONTRACT)), max_size=2),
)
def test_a_contract_is_read_or_refused_and_reads_back_as_it_was(
    values: dict[str, Any], without: set[str]
) -> None:
    plain = {name: value for name, value in (VALID_CONTRACT | values).items() if name not in without}
    try_contract(json.dumps(plain))


@FUZZ
@given(st.text() | NESTED | JSON.map(json.dumps))
def test_what_is_no_contract_is_refused(text: str) -> None:
    assert not try_contract(text)


@pytest.fixture(scope="module")
def style_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_style_onnx(tmp_path_factory.mktemp("styles") / "tiny.onnx", kind="invert").read_bytes()


@FUZZ
@given(data=st.data())
def test_a_style_file_is_read_or_refused(style_bytes: bytes, data: st.DataObject) -> None:
    content = data.draw(changed(style_bytes) | st.binary(max_size=200))
    try_style_bytes(content)


def package() -> bytes:
    """Return a package as torch compiles it, of which only what is read is there."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "tiny/data/aotinductor/model/m_metadata.json", json.dumps({"AOTI_DEVICE_KEY": "cpu"})
        )
    return file.getvalue()


PACKAGE = package()


@FUZZ
@given(data=st.data())
def test_a_style_file_on_disk_and_a_package_are_read_or_refused(
    style_bytes: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name, good in (("fuzzed.onnx", style_bytes), ("fuzzed.pt2", PACKAGE)):
        (folder / name).write_bytes(data.draw(changed(good)))
        try_style_file(folder / name)


def pictures() -> dict[str, bytes]:
    """Return a small picture in every kind of file that is read, by suffix."""
    rows, columns = np.mgrid[0:48, 0:64]
    image = np.stack([rows * 5, columns * 4, rows + columns], axis=2).astype(np.uint8)
    with_alpha = np.dstack([image, np.full((48, 64), 90, np.uint8)])
    encoded = {
        suffix: cv2.imencode(suffix, image)[1].tobytes()
        for suffix in (".jpg", ".bmp", ".tiff", ".webp", ".gif")
    }
    return encoded | {".png": cv2.imencode(".png", with_alpha)[1].tobytes()}


PICTURES = pictures()


@FUZZ
@given(
    st.sampled_from(sorted(PICTURES)).flatmap(lambda suffix: changed(PICTURES[suffix]))
    | st.binary(max_size=300)
)
def test_a_style_picture_is_decoded_or_refused(content: bytes) -> None:
    try_style_picture(content)


@FUZZ
@given(
    suffix=st.sampled_from([".png", ".jpg", ".bmp", ".tiff", ".webp"]),
    labels=st.lists(st.integers(0, 255), max_size=2),
    data=st.data(),
)
def test_a_mask_picture_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, labels: list[int], data: st.DataObject
) -> None:
    file = tmp_path_factory.getbasetemp() / f"mask{suffix}"
    file.write_bytes(data.draw(changed(PICTURES[suffix])))
    try_mask_picture(file, labels)


ENTRY = st.fixed_dictionaries(
    {}, optional={"at": SCALARS, "style": SCALARS, "strength": SCALARS, "fade": SCALARS}
) | st.fixed_dictionaries(
    {"at": st.floats(0, 1e6) | st.integers(0, 10**6), "style": st.sampled_from(["a", "b", "c"])},
    optional={"strength": st.floats(0, 1), "fade": st.floats(0, 100)},
)


@FUZZ
@given(
    text=st.lists(ENTRY | JSON, max_size=5).map(json.dumps) | NESTED | st.text(max_size=60),
    moments=st.lists(st.fractions(0, 10**6), max_size=4),
)
def test_a_timeline_is_read_or_refused_and_its_shares_add_up(
    tmp_path_factory: pytest.TempPathFactory, text: str, moments: list[Fraction]
) -> None:
    file = tmp_path_factory.getbasetemp() / "timeline.json"
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    try_timeline(file, moments)


@FUZZ
@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from(["a", "b.jpg", ":", ",", "0.5", "random:", "7", " ", "-1", "nan"]), max_size=8
    ).map("".join)
)
def test_a_mix_is_understood_or_refused(text: str) -> None:
    try:
        parts = parse_mix(text, {"a", "udnie"})
    except (LivebrushError, UnknownPartError):
        return
    assert parts


def test_the_mutations_reach_both_the_good_and_the_bad() -> None:
    """That what is fuzzed is not refused always, for some reason that has nothing to do with it."""
    good: list[bool] = []

    @FUZZ
    @given(changed(PICTURES[".bmp"]))
    def try_it(content: bytes) -> None:
        good.append(try_style_picture(content))

    try_it()
    assert True in good and False in good


@pytest.mark.parametrize("labels", [(), (1, 7)])
def test_a_damaged_mask_of_two_thousand_million_rows_is_never_unpacked(
    tmp_path: Path, labels: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by atheris: OpenCV takes the height for a negative one, and unpacks 4 GB from 60 bytes."""
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", 32, 2**31 + 24, 8, 0, 0, 0, 0)
    file = tmp_path / "mask.png"
    file.write_bytes(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + ihdr + struct.pack(">I", zlib.crc32(ihdr)) + bytes(20)
    )
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it is unpacked"))
    assert not try_mask_picture(file, labels)


@pytest.mark.parametrize("labels", [(), (1, 7)])
@pytest.mark.parametrize("after", [b"", bytes(300)])
def test_a_damaged_mask_whose_chunk_is_longer_than_the_file_is_never_unpacked(
    tmp_path: Path, labels: tuple[int, ...], after: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by atheris: OpenCV takes memory for the whole chunk, 4 GB for 385 bytes, before it reads it."""
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", 32, 24, 8, 0, 0, 0, 0)
    whole = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + ihdr + struct.pack(">I", zlib.crc32(ihdr))
    file = tmp_path / "mask.png"
    file.write_bytes(whole + struct.pack(">I", 0x39028002) + b"IDAT" + after)
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it is unpacked"))
    assert not try_mask_picture(file, labels)
