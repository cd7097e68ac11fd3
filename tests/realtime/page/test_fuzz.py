"""Anything at all is sent to the page: no crash, no fault of its own, nothing written outside.

LIVEBRUSH_FUZZ=100000 sends as many; a few are enough for each change.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from page_makers import ADDRESS, grey

pytest.importorskip("schemathesis", reason="needs pip install schemathesis")

import requests
import schemathesis
from fuzz_page import (
    HOST,
    PageTarget,
    make_offer,
    open_page_target,
    try_camera_picture,
    try_message,
    try_offer,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from realtime.page.access import COOKIE
from realtime.page.broadcast import encode_jpeg
from realtime.page.changes import Change
from realtime.page.gallery import plain_title

COUNT = int(os.environ.get("LIVEBRUSH_FUZZ", "0"))


def tries(count: int) -> settings:
    """Return how often to try: so often for each change, else as often as was asked for."""
    deadline = 30_000 if COUNT else None  # ms: a hang. No test of each change depends on the clock
    return settings(
        max_examples=COUNT or count,
        deadline=deadline,
        suppress_health_check=list(HealthCheck),
        database=None,
    )


some, few = tries(60), tries(6)
PARTS = 12  # of the page's description: operations, with what it allows and with what it does not
a_part = settings(few, max_examples=-(-few.max_examples // PARTS) if COUNT else few.max_examples)
JPEG = encode_jpeg(grey(90))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageTarget]:
    with open_page_target(tmp_path_factory.mktemp("fuzz")) as target:
        yield target


def from_its_description(page: PageTarget) -> Any:
    return schemathesis.openapi.from_asgi(
        "/api/openapi.json", page.page.client.app, headers={"host": HOST}
    ).get_all_operations()


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_whatever_its_own_description_allows_or_not_is_no_fault(
    page: PageTarget, mode: GenerationMode
) -> None:
    asked = set()
    for found in from_its_description(page):
        operation = found.ok()

        @a_part
        @given(operation.as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case) -> None:
            plan = case.as_transport_kwargs(base_url=ADDRESS)
            made = requests.Request(**plan).prepare()
            headers = [(name.encode(), str(value).encode()) for name, value in made.headers.items()]
            body = made.body.encode() if isinstance(made.body, str) else made.body or b""
            page.ask(made.method or "", made.path_url, body, [(b"host", HOST.encode()), *headers])
            asked.add((case.method, case.path))

        try:
            ask()
        except Unsatisfiable:  # whatever is sent to it is allowed
            continue
    assert ("PATCH", "/api/state") in asked and ("POST", "/api/styles") in asked


@some
@given(st.binary(max_size=400), st.text(max_size=20))
def test_any_bytes_as_a_style_picture(page: PageTarget, data: bytes, title: str) -> None:
    assert not page.upload(data, title)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A JPEG with a few bytes that are others, or cut short."""
    data = bytearray(JPEG)
    for place, value in draw(CHANGES):
        data[place] = value
    return bytes(data[: draw(st.integers(1, len(data)))] if draw(st.booleans()) else data)


CHANGES = st.lists(st.tuples(st.integers(0, len(JPEG) - 1), st.integers(0, 255)), min_size=1, max_size=8)


@some
@given(damaged())
def test_a_damaged_picture_of_a_camera(data: bytes) -> None:
    try_camera_picture(data)


@some
@given(damaged())
def test_a_damaged_picture_as_a_style(page: PageTarget, data: bytes) -> None:
    page.upload(data)


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
    try_message(json.dumps(message))


@some
@given(st.text(max_size=300))
def test_any_text_as_a_message(text: str) -> None:
    assert not try_message(text)


@some
@given(st.text(max_size=300))
def test_any_title_becomes_one_line_that_can_be_shown(text: str) -> None:
    title = plain_title(text)
    assert title and title.isprintable() and len(title) <= 60


headers = st.dictionaries(
    st.sampled_from(["host", "origin", "cookie", "sec-fetch-site", "sec-fetch-mode", "content-length"]),
    st.binary(max_size=40).filter(lambda value: not set(value) & set(b"\r\n\x00"))
    | st.sampled_from([HOST.encode(), ADDRESS.encode(), COOKIE.encode() + b"=x", b"same-origin"]),
)


@some
@given(headers)
def test_any_headers(page: PageTarget, values: dict[str, bytes]) -> None:
    sent = {"host": HOST.encode(), **values}
    answer = page.ask("GET", "/api/state", headers=[(name.encode(), value) for name, value in sent.items()])
    assert answer.status in (200, 403)
    if values.get("origin", ADDRESS.encode()) != ADDRESS.encode():
        assert answer.status == 403


changes = st.dictionaries(
    st.sampled_from(sorted(Change.model_fields)),
    st.booleans()
    | st.floats(0, 1)
    | st.sampled_from(["tiny", "original", "off", "motion", "key", "#00ff00", ""])
    | json_like,
    max_size=3,
)
said = st.lists(
    st.builds(lambda change: json.dumps({"type": "set", "change": change}), changes)
    | st.sampled_from(
        ['{"type":"want","pictures":false}', '{"type":"got","number":1}', '{"type":"ping","at":1}']
    )
    | messages.map(json.dumps)
    | st.text(max_size=40)
    | damaged()
    | st.binary(max_size=40),
    max_size=4,
)


@few
@given(said, st.booleans())
def test_any_conversation(page: PageTarget, messages: list[str | bytes], camera: bool) -> None:
    page.visit(messages, camera=camera)


LINES = make_offer().splitlines()


@st.composite
def offers(draw: st.DrawFn) -> str:
    """A browser's offer with lines that are others, or lack, or stand twice."""
    lines = list(LINES)
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(lines) - 1))
        lines[place : place + draw(st.integers(0, 2))] = draw(
            st.lists(st.sampled_from(LINES) | st.text(max_size=30), max_size=2)
        )
        line = lines[place] if place < len(lines) else ""
        cut = draw(st.integers(0, len(line)))
        lines[place : place + 1] = [line[:cut] + draw(st.text("0123456789 -:/=", max_size=4)) + line[cut:]]
    return "\r\n".join(lines)


@few
@given(offers() | st.text(min_size=1, max_size=200))
def test_any_offer_of_a_visitor(page: PageTarget, sdp: str) -> None:
    said = page.visit([json.dumps({"type": "offer", "sdp": sdp})], camera=True)
    assert {each["type"] for each in said} & {"answer", "error"}


def test_what_is_sent_reaches_both_the_good_and_the_bad(page: PageTarget) -> None:
    """That what is fuzzed is not refused always, for some reason that has nothing to do with it."""
    assert page.upload(JPEG) and not page.upload(JPEG[:40])
    assert try_camera_picture(JPEG) and try_offer("\r\n".join(LINES) + "\r\n")
    offer = json.dumps({"type": "offer", "sdp": "\r\n".join(LINES) + "\r\n"})
    said = page.visit([offer, JPEG, '{"type":"ping","at":1}'], camera=True)
    assert {"hello", "answer", "took", "pong"} <= {each["type"] for each in said}


def test_no_name_reaches_a_file_elsewhere(page: PageTarget) -> None:
    for name in ("../x", "/etc/x", "..\\x", "\x00", "a" * 4000, "%2e%2e%2fx"):
        assert page.upload(JPEG, name[:200])
        for path in ("/api/recordings/", "/static/", "/api/styles/"):
            assert page.ask("GET", path + name.replace("\x00", "%00")).status == 404
