from collections.abc import Callable

import pytest

pytest.importorskip("fastapi", reason='needs pip install "livebrush[web]"')

from fastapi import FastAPI, Request, WebSocket
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from realtime.page.access import SAFE_HEADERS, WATCHES, Guard

ADDRESS, TOKEN, WATCH_TOKEN = "http://127.0.0.1:8720", "abcdefghijklmnop", "watchwatchwatchwatch"
Open = Callable[..., TestClient]


@pytest.fixture
def guarded() -> Open:
    def guard(*, host: str = "127.0.0.1", token: str | None = None, address: str = ADDRESS) -> TestClient:
        app = FastAPI()

        @app.api_route("/{path:path}", methods=["GET", "POST", "PATCH"])
        async def answer(path: str, request: Request) -> str:
            return "watching" if request.scope[WATCHES] else "in"

        @app.websocket("/ws")
        async def socket(socket: WebSocket) -> None:
            await socket.accept()
            await socket.send_text("watching" if socket.scope[WATCHES] else "in")
            await socket.close()

        secure = address.startswith("https")
        watch_token = None if token is None else WATCH_TOKEN
        guarded = Guard(app, host=host, token=token, watch_token=watch_token, secure=secure)
        return TestClient(guarded, base_url=address)

    return guard


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": "localhost:8720"},
        {"host": "[::1]:8720"},
        {"origin": ADDRESS},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
    ],
)
def test_the_page_itself_and_plain_programs_come_in(guarded: Open, headers: dict[str, str]) -> None:
    assert guarded().get("/api/state", headers=headers).json() == "in"


def test_another_address_of_this_machine_that_is_listened_on_is_the_pages_own(guarded: Open) -> None:
    page = guarded(host="127.0.0.2", address="http://127.0.0.2:8720")
    assert page.get("/api/state").json() == "in"
    assert page.get("/api/state", headers={"host": "127.0.0.3:8720"}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example:8720"},  # a name that was pointed to this machine
        {"host": "127.0.0.1.evil.example"},
        {"host": ""},
        {"host": "[::1"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:3000"},  # another program on this machine
        {"origin": "https://127.0.0.1:8720"},
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},  # a picture that another site embeds carries no origin
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_sites_are_kept_out(guarded: Open, headers: dict[str, str], method: str) -> None:
    answer = guarded().request(method, "/stream.mjpg", headers=headers)
    assert answer.status_code == 403 and "detail" in answer.json()


@pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"host": "evil.example"}])
def test_other_sites_open_no_websocket(guarded: Open, headers: dict[str, str]) -> None:
    with pytest.raises(WebSocketDisconnect) as refused, guarded().websocket_connect("/ws", headers=headers):
        pass
    assert refused.value.code == 1008


def test_a_websocket_of_the_page_opens(guarded: Open) -> None:
    with guarded().websocket_connect("/ws", headers={"origin": ADDRESS, "host": "127.0.0.1:8720"}) as socket:
        assert socket.receive_text() == "in"


def test_a_link_on_another_site_leads_to_the_page_and_nowhere_else(guarded: Open) -> None:
    visit = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert guarded().get("/", headers=visit).status_code == 200
    assert guarded().get("/api/state", headers=visit).status_code == 403
    framed = {**visit, "sec-fetch-dest": "iframe"}
    assert guarded().get("/", headers=framed).status_code == 403


def test_no_answer_lets_another_origin_read_it(guarded: Open) -> None:
    for answer in (guarded().get("/"), guarded().options("/", headers={"origin": "http://evil.example"})):
        assert not any(name.startswith("access-control") for name in answer.headers)
        assert SAFE_HEADERS.items() <= dict(answer.headers).items()


def test_beyond_loopback_nobody_comes_in_without_the_token(guarded: Open) -> None:
    client = guarded(host="0.0.0.0", token=TOKEN, address="https://studio.local:8720")
    for path in ("/", "/api/state", "/?token=", "/?token=abcdefghijklmnoX", "/?token=%ff%fe"):
        assert client.get(path).status_code == 403
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("wss://studio.local:8720/ws"):
        pass


def test_the_token_is_shown_once_and_then_kept_as_a_cookie_that_scripts_cannot_read(guarded: Open) -> None:
    client = guarded(host="0.0.0.0", token=TOKEN, address="https://studio.local:8720")
    answer = client.get(f"/?token={TOKEN}")
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert all(word in cookie for word in (TOKEN, "HttpOnly", "SameSite=Strict", "Secure"))
    assert client.get("/api/state").status_code == 200  # by its cookie
    assert "set-cookie" not in client.get("/api/state").headers
    with client.websocket_connect("wss://studio.local:8720/ws") as socket:
        assert socket.receive_text() == "in"


def test_a_token_does_not_make_up_for_another_sites_origin(guarded: Open) -> None:
    client = guarded(host="0.0.0.0", token=TOKEN, address="https://studio.local:8720")
    answer = client.get(f"/?token={TOKEN}", headers={"origin": "https://evil.example"})
    assert answer.status_code == 403 and TOKEN not in answer.text


def test_cookies_that_are_none_are_no_error(guarded: Open) -> None:
    client = guarded(host="0.0.0.0", token=TOKEN, address="https://studio.local:8720")
    for cookie in ("livebrush", "=;=;", "livebrush=\xff", 'a="'):
        assert client.get("/", headers={"cookie": cookie.encode("latin-1")}).status_code == 403


@pytest.fixture
def studio(guarded: Open) -> TestClient:
    return guarded(host="0.0.0.0", token=TOKEN, address="https://studio.local:8720")


def test_who_has_the_link_for_watching_sees_everything_and_changes_nothing(studio: TestClient) -> None:
    assert studio.get(f"/?token={WATCH_TOKEN}").json() == "watching"
    for path in ("/api/state", "/stream.mjpg"):
        assert studio.get(path).json() == "watching"  # by the cookie
    for method in ("POST", "PATCH", "PUT", "DELETE"):
        answer = studio.request(method, "/api/state")
        assert (answer.status_code, answer.json()["detail"]) == (403, "this link is for watching only")
    with studio.websocket_connect("wss://studio.local:8720/ws") as socket:
        assert socket.receive_text() == "watching"


def test_the_address_counts_before_the_cookie(studio: TestClient) -> None:
    studio.get(f"/?token={TOKEN}")
    assert studio.patch("/api/state").json() == "in"
    assert studio.get(f"/?token={WATCH_TOKEN}").json() == "watching"  # to see what the others see
    assert studio.patch("/api/state").status_code == 403
    assert studio.patch(f"/api/state?token={TOKEN}").json() == "in"


def test_a_page_without_a_token_has_no_link_for_watching(guarded: Open) -> None:
    assert guarded().patch(f"/api/state?token={WATCH_TOKEN}").json() == "in"
