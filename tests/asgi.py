"""Asks an ASGI application in the test's own thread: no server, no port, thousands in a few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from realtime.page.access import App

Headers = Iterable[tuple[bytes, bytes]]
SLOWEST_S = 60.0  # what takes longer hangs


@dataclass
class Answer:
    """What came back."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Asgi:
    """A client of one application.

    Args:
        app: that is asked.
        host: that it believes to be reached under.
    """

    def __init__(self, app: App, host: str) -> None:
        self._app, self._host = app, host.encode()
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        """Give back the loop and its threads."""
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def ask(self, method: str, target: str, body: bytes = b"", headers: Headers | None = None) -> Answer:
        """Ask once.

        Args:
            method: such as GET.
            target: path and query, escaped.
            body: of the request.
            headers: all of them; None for those that every client sends.
        Raises:
            TimeoutError: no answer came.
            Exception: whatever the application let through.
        """
        sent = [(b"host", self._host), (b"content-length", b"%d" % len(body))] if headers is None else headers
        return self._loop.run_until_complete(self._asked(self._scope("http", method, target, sent), body))

    def talk(self, target: str, messages: Sequence[str | bytes]) -> list[dict[str, Any]]:
        """Open a WebSocket, say all of it, leave; return what was sent meanwhile.

        Raises:
            TimeoutError: it was not let go.
            Exception: whatever the application let through.
        """
        headers = [(b"host", self._host), (b"origin", b"http://" + self._host)]
        return self._loop.run_until_complete(
            self._talked(self._scope("websocket", "GET", target, headers), messages)
        )

    def _scope(self, kind: str, method: str, target: str, headers: Headers) -> dict[str, Any]:
        path, _, query = target.partition("?")
        plain = unquote_to_bytes(path)
        return {
            "type": kind,
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http" if kind == "http" else "ws",
            "path": plain.decode("utf-8", "replace"),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in headers],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8720),
            "subprotocols": [],
            "state": {},
        }

    async def _asked(self, scope: dict[str, Any], body: bytes) -> Answer:
        answer = Answer()
        coming = [{"type": "http.request", "body": body, "more_body": False}]
        gone = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if coming:
                return coming.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                answer.body += message.get("body", b"")

        await asyncio.wait_for(self._app(scope, receive, send), SLOWEST_S)
        return answer

    async def _talked(self, scope: dict[str, Any], messages: Sequence[str | bytes]) -> list[dict[str, Any]]:
        coming: list[dict[str, Any]] = [{"type": "websocket.connect"}]
        for message in messages:
            kind = "text" if isinstance(message, str) else "bytes"
            coming.append({"type": "websocket.receive", kind: message})
        coming.append({"type": "websocket.disconnect", "code": 1000})
        coming.reverse()
        heard: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(0)  # the sender's turn
            return coming.pop() if len(coming) > 1 else coming[0]

        async def send(message: Any) -> None:
            heard.append(dict(message))

        await asyncio.wait_for(self._app(scope, receive, send), SLOWEST_S)
        return heard
