import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
import pytest
from page_makers import MOST_MESSAGES, Page, grey, next_message, next_picture, open_page
from waiting import wait_until

from realtime.page.broadcast import encode_jpeg
from realtime.page.sockets import MESSAGES, WINDOW
from realtime.testing import FakeClock


@pytest.fixture
def page(tiny_style: Path) -> Iterator[Page]:
    with open_page(tiny_style, viewers=3, cameras=1) as page:
        yield page


def test_a_viewer_is_greeted_told_the_state_and_the_figures(page: Page) -> None:
    with page.watch() as socket:
        assert page.greeting["session"] == "main"
        assert next_message(socket, "state")["state"]["painting"]["style"] == "tiny"
        assert next_message(socket, "figures")["figures"]["viewers"] == 1


def test_what_one_sets_all_are_told(page: Page) -> None:
    with page.watch() as one, page.watch() as other:
        next_message(other, "state")
        one.send_json({"type": "set", "change": {"strength": 0.25}})
        assert next_message(other, "state")["state"]["strength"] == 0.25


def test_a_viewer_that_says_nothing_gets_a_few_pictures_and_no_more(page: Page) -> None:
    with page.watch() as silent, page.watch() as watching:
        for value in range(WINDOW + 5):
            page.give(value)
            number, _, _ = next_picture(watching)
            watching.send_json({"type": "got", "number": number})
        for _ in range(WINDOW):
            next_picture(silent)
        page.give(200)
        next_picture(watching)
        # What comes now is figures and the like: its window is full.
        for _ in range(3):
            message = silent.receive()
            assert message.get("bytes") is None
            if json.loads(message["text"])["type"] == "figures":
                break
        silent.send_json({"type": "got", "number": 1})
        _, _, painting = next_picture(silent)  # the newest one, not the oldest that it missed
        assert abs(mean_of(painting) - (255 - 200)) <= 2


def test_the_frame_before_it_was_painted_comes_along_for_the_split_view(page: Page) -> None:
    with page.watch() as socket:
        page.give(30)
        assert next_picture(socket)[1] == b""
        socket.send_json({"type": "want", "pictures": True, "original": True})
        socket.send_json({"type": "ping", "at": 1.5})
        assert next_message(socket, "pong")["at"] == 1.5  # by now it is wanted
        page.give(30)
        _, original, painting = next_picture(socket)
        assert mean_of(original) == 30 and mean_of(painting) == 225


def test_a_page_that_is_hidden_gets_no_pictures_until_it_is_seen_again(page: Page) -> None:
    with page.watch() as socket:
        socket.send_json({"type": "want", "pictures": False})
        wait_until(lambda: page.house.main.broadcast.viewers == 0)
        socket.send_json({"type": "want", "pictures": True})
        wait_until(lambda: page.house.main.broadcast.viewers == 1)
        page.give(9)
        next_picture(socket)


def test_when_all_have_left_nothing_is_painted(page: Page) -> None:
    with page.watch() as socket:
        page.give(1)
        next_picture(socket)
    wait_until(lambda: page.house.main.broadcast.viewers == 0)
    assert page.house.main.output.paused and page.house.viewers == 0


def test_a_pause_holds_the_picture_and_shows_what_is_set_meanwhile(page: Page) -> None:
    with page.watch() as socket:
        page.give(55)
        next_picture(socket)
        page.change(paused=True)
        page.change(strength=0.0)
        while mean_of(next_picture(socket)[2]) != 55:
            socket.send_json({"type": "got", "number": 1})
        assert page.house.main.times.shown == 1


def test_the_last_picture_of_a_pause_is_there_for_a_newcomer(page: Page) -> None:
    with page.watch() as socket:
        page.give(55)
        next_picture(socket)
        page.change(paused=True)
    with page.watch() as again:
        assert mean_of(next_picture(again)[2]) == 200


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '{"type":"nosuch"}',
        '{"type":"set"}',
        '{"type":"set","change":{"strength":9}}',
        '{"type":"set","change":{"style":"nosuch"}}',
        '{"type":"got","number":-1}',
        '{"type":"ping","at":"NaN"}',
        '{"type":"offer","sdp":"v=0"}',
        '{"type":"want","extra":1}',
        "x" * 100_000,
        "[" * 50_000,
    ],
)
def test_a_message_that_makes_no_sense_is_answered_in_one_line_and_the_show_goes_on(
    page: Page, text: str
) -> None:
    with page.watch() as socket:
        socket.send_text(text)
        said = next_message(socket, "error")["text"]
        assert said and "\n" not in said
        page.give(5)
        next_picture(socket)


def test_a_viewer_that_floods_is_put_out(tiny_style: Path) -> None:
    with open_page(tiny_style, clock=FakeClock()) as page:
        with page.watch() as socket:
            for _ in range(MESSAGES + 1):
                socket.send_text('{"type":"got","number":0}')
            for _ in range(MOST_MESSAGES):
                message = socket.receive()
                if message["type"] == "websocket.close":
                    break
            assert message["code"] == 1008
        wait_until(lambda: page.house.viewers == 0)


def test_who_finds_no_seat_is_told_so_politely(page: Page) -> None:
    with ExitStack() as opened:
        for _ in range(3):
            opened.enter_context(page.watch())
        late = opened.enter_context(page.watch(first="refused"))
        assert "all 3 places are taken" in page.greeting["text"]
        assert late.receive()["code"] == 1013
    with page.watch():
        pass


def test_twenty_viewers_see_the_same_picture_and_one_more_is_refused(tiny_style: Path) -> None:
    with open_page(tiny_style) as page, ExitStack() as opened:
        sockets = [opened.enter_context(page.watch()) for _ in range(20)]
        page.give(55)
        paintings = {next_picture(socket)[2] for socket in sockets}
        assert len(paintings) == 1
        opened.enter_context(page.watch(first="refused"))


def test_a_visitors_camera_is_painted_for_that_visitor_alone(page: Page) -> None:
    with page.watch("?camera=1") as own, page.watch() as other:
        next_message(other, "state")
        own.send_bytes(encode_jpeg(grey(55, (128, 80))))
        session = next_message(own, "hello")["session"]
        assert session != "main"
        number, _, painting = next_picture(own)
        assert number == 1 and abs(mean_of(painting) - 200) <= 2
        own.send_json({"type": "set", "change": {"strength": 0.0}})
        assert next_message(own, "state")["state"]["own_camera"]
        assert page.client.get("/api/state").json()["strength"] == 1.0
        assert page.client.get(f"/api/snapshot.png?session={session}").status_code == 200
        page.give(1)
        next_picture(other)
    wait_until(lambda: page.house.show(session) is None)


def test_a_camera_that_finds_no_place_is_told_so_and_the_show_can_still_be_watched(page: Page) -> None:
    with page.watch("?camera=1"):
        with page.watch("?camera=1", first="refused"):
            assert "1 visitors' cameras" in page.greeting["text"]
        with page.watch():
            assert page.greeting["session"] == "main"


def test_what_a_camera_may_not_send_is_answered_and_the_rest_is_painted(page: Page) -> None:
    good = encode_jpeg(grey(55))
    bad = [b"", b"x", good[:40], encode_jpeg(grey(1, (2400, 40))), encode_jpeg(grey(1, (8, 8)))]
    bad.append(cv2.imencode(".png", grey(1))[1].tobytes())
    with page.watch("?camera=1") as own:
        for data in bad:
            own.send_bytes(data)
            assert "\n" not in next_message(own, "error")["text"]
        own.send_bytes(good)
        assert abs(mean_of(next_picture(own)[2]) - 200) <= 2
        own.send_bytes(good[:-60] + bytes(58) + b"\xff\xd9")  # decodes to something, or is left out
        own.send_bytes(good)
        next_picture(own)


def test_a_viewer_without_a_camera_may_send_none(page: Page) -> None:
    with page.watch() as socket:
        socket.send_bytes(encode_jpeg(grey(1)))
        assert "only a visitor with a camera" in next_message(socket, "error")["text"]


def mean_of(jpeg: bytes) -> int:
    return int(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).mean().round())


def test_who_may_only_watch_gets_pictures_and_changes_nothing(tiny_style: Path) -> None:
    with (
        open_page(tiny_style, token="t" * 16, watch_token="w" * 16) as page,
        page.watch(f"?token={'w' * 16}") as socket,
    ):
        assert page.greeting["watches"] is True
        socket.send_json({"type": "set", "change": {"strength": 0.25}})
        assert next_message(socket, "error")["text"] == "this link is for watching only"
        assert page.house.main.controls.strength == 1
        page.give(30)
        _, _, painting = next_picture(socket)
        assert abs(mean_of(painting) - (255 - 30)) <= 2
        with page.watch(f"?token={'t' * 16}") as other:
            assert page.greeting["watches"] is False
            other.send_json({"type": "set", "change": {"strength": 0.25}})
            assert next_message(socket, "state")["state"]["strength"] == 0.25


def test_who_may_only_watch_brings_no_camera(tiny_style: Path) -> None:
    with (
        open_page(tiny_style, token="t" * 16, watch_token="w" * 16) as page,
        page.watch(f"?token={'w' * 16}&camera=1", first="refused"),
    ):
        assert page.greeting["text"] == "this link is for watching only"
        assert page.greeting["watches"] is True
