"""Anything at all is sent to the page: no crash, no fault of its own, nothing written outside.

LIVEBRUSH_FUZZ=100000 sends as many; a few are enough for each change.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_makers import ADDRESS, Page, grey, open_page

pytest.importorskip("schemathesis", reason="needs pip install schemathesis")

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from waiting import wait_until

from realtime.errors import LivebrushError
from realtime.page.access import COOKIE
from realtime.page.broadcast import encode_jpeg
from realtime.page.camera_source import decode_jpeg, jpeg_size
from realtime.page.changes import Change
from realtime.page.gallery import Gallery, plain_title
from realtime.page.rtc import OfferError, Peer
from realtime.page.wire import WireError, read_message

COUNT = int(os.environ.get("LIVEBRUSH_FUZZ", "0"))
QUIET = list(HealthCheck)
some = settings(max_examples=COUNT or 60, deadline=None, suppress_health_check=QUIET)
few = settings(max_examples=COUNT or 6, deadline=None, suppress_health_check=QUIET)
HOST = {"host": ADDRESS.removeprefix("http://")}
JPEG = encode_jpeg(grey(90))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    from onnx_makers import make_style_onnx

    folder = tmp_path_factory.mktemp("fuzz")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIVEBRUSH_STYLES", str(folder / "none"))
        patch.setenv("TMPDIR", str(folder))
        style = make_style_onnx(folder / "tiny.onnx", kind="invert")
        with open_page(style) as page:
            page.give(10)
            wait_until(lambda: page.house.main.times.shown == 1)
            page.house.uploads.allows = lambda: True  # type: ignore[method-assign]
            yield page


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_whatever_its_own_description_allows_or_not_is_no_fault(page: Page, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", page.client.app, headers=HOST)
    asked = set()
    for found in schema.get_all_operations():
        operation = found.ok()

        @few
        @given(operation.as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case) -> None:
            answer = case.call(headers=HOST)
            case.validate_response(answer, checks=[not_a_server_error])
            assert "access-control-allow-origin" not in answer.headers
            asked.add((case.method, case.path))

        try:
            ask()
        except Unsatisfiable:  # whatever is sent to it is allowed
            continue
    assert ("PATCH", "/api/state") in asked and ("POST", "/api/styles") in asked


@some
@given(st.binary(max_size=400))
def test_any_bytes_as_a_style_picture(page: Page, data: bytes) -> None:
    assert page.client.post("/api/styles", content=data).status_code == 400


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A JPEG with a few bytes that are others, or cut short."""
    data = bytearray(JPEG)
    for _ in range(draw(st.integers(1, 8))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(1, len(data)))])


@some
@given(damaged())
def test_a_damaged_picture_of_a_camera(data: bytes) -> None:
    try:
        size_wh = jpeg_size(data)
        image = decode_jpeg(data)
    except LivebrushError as error:
        assert "\n" not in str(error)
    else:
        assert image.ndim == 3 and max(size_wh) <= 1920


@some
@given(damaged())
def test_a_damaged_picture_as_a_style(page: Page, data: bytes) -> None:
    assert page.client.post("/api/styles", content=data).status_code in (201, 400)


json_like = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
types = st.sampled_from(["set", "got", "ping", "want", "offer", "hello"])
fields = st.sampled_from([*Change.model_fields, "change", "number", "at", "pictures", "sdp"])
messages = st.fixed_dictionaries({"type": types}) | st.dictionaries(fields, json_like, max_size=4)


@some
@given(messages | json_like)
def test_any_message(message: Any) -> None:
    import json

    try:
        read_message(json.dumps(message))
    except WireError as error:
        assert "\n" not in str(error)


@some
@given(st.text(max_size=300))
def test_any_text_as_a_message(text: str) -> None:
    with pytest.raises(WireError):
        read_message(text)


@some
@given(st.text(max_size=300))
def test_any_title_becomes_one_line_that_can_be_shown(text: str) -> None:
    title = plain_title(text)
    assert title and title.isprintable() and len(title) <= 60


headers = st.dictionaries(
    st.sampled_from(["host", "origin", "cookie", "sec-fetch-site", "sec-fetch-mode", "content-length"]),
    st.binary(max_size=40).filter(lambda value: not set(value) & set(b"\r\n\x00"))
    | st.sampled_from([b"127.0.0.1:8720", ADDRESS.encode(), COOKIE.encode() + b"=x", b"same-origin"]),
)


@some
@given(headers)
def test_any_headers(page: Page, values: dict[str, bytes]) -> None:
    answer = page.client.get("/api/state", headers=list(values.items()))
    assert answer.status_code in (200, 403)
    if values.get("origin", ADDRESS.encode()) != ADDRESS.encode():
        assert answer.status_code == 403


SDP = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:0"]
SDP += ["a=rtpmap:96 VP8/90000", "a=setup:actpass", "a=ice-ufrag:abcd", "a=ice-pwd:" + "x" * 22, "a=sendrecv"]


@few
@given(st.lists(st.sampled_from(SDP) | st.text(max_size=30), max_size=14))
def test_any_offer(lines: list[str]) -> None:
    import asyncio

    async def take(frame: Any) -> None:
        pass

    async def ask() -> None:
        peer = Peer("127.0.0.1", take, lambda _: None)
        try:
            await peer.answer("\r\n".join(lines))
        except OfferError as error:
            assert "\n" not in str(error)
        finally:
            await peer.close()

    asyncio.run(ask())


def test_nothing_was_written_outside_of_its_folders(page: Page, tmp_path: Path) -> None:
    assert isinstance(page.house.gallery, Gallery)
    before = set(os.listdir("."))
    for name in ("../x", "/etc/x", "..\\x", "\x00", "a" * 4000):
        page.client.post("/api/styles", params={"title": name[:200]}, content=JPEG)
        page.client.get(f"/api/recordings/{name.replace(chr(0), '%00')}")
    assert set(os.listdir(".")) == before
