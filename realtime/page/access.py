"""Who may reach the page: its own name, its own origin, its token. One ASGI layer around everything.

A browser carries requests of any website to this machine, so that listening on loopback alone does not keep
strangers out. What is looked at, in this order:

| looked at          | against                                                                          |
| ------------------ | -------------------------------------------------------------------------------- |
| `Host`             | a name of somebody else that points to this machine (DNS rebinding)              |
| `Origin`           | a script of another site: WebSockets too, which browsers let through              |
| `Sec-Fetch-Site`   | pictures and streams that another site embeds, which carry no `Origin`           |
| token or cookie    | whoever is on the same network                                                   |

There are two tokens: with one a visitor may do everything, with the other only watch.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from realtime.page.config import is_loopback

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "livebrush"
WATCHES = "livebrush.watches"
"""Key of an application's scope: True for a visitor who may only watch."""
REFUSED = 1008  # a WebSocket's code: against the policy
ONLY_WATCH = "this link is for watching only"
_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
_STRANGE_SITES = ("cross-site", "same-site")  # another port of this machine is same-site

SAFE_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' blob:; media-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), fullscreen=(self), microphone=(), geolocation=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Guard:
    """Lets through to an ASGI application what may reach it, and puts safe headers on all answers.

    Args:
        app: behind it.
        host: that is listened on.
        token: that must be shown once, in the address or as cookie; None for none.
        watch_token: with this one visitors may only watch; None where there is no such link.
        secure: served with TLS.
    """

    def __init__(
        self, app: App, *, host: str, token: str | None, watch_token: str | None = None, secure: bool
    ) -> None:
        self._app = app
        self._local = is_loopback(host)
        self._names = (*_LOCAL_NAMES, host.strip("[]").lower())
        self._token, self._watch_token = token, watch_token
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or WebSocket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = _headers(scope)
        watches = self._only_watches(scope, headers)
        why = self._why_not(scope, headers)
        if why is None and watches and _changes_something(scope):
            why = ONLY_WATCH
        if why is None:
            await self._app({**scope, WATCHES: watches}, receive, self._with_headers(scope, send))
        elif scope["type"] == "websocket":
            await receive()  # the opening; closing before it was accepted answers 403
            await send({"type": "websocket.close", "code": REFUSED, "reason": why})
        else:
            await _answer(self._with_headers(scope, send), why)

    def _why_not(self, scope: Scope, headers: Mapping[str, str]) -> str | None:
        host = headers.get("host", "")
        if self._local and _name_of(host) not in self._names:
            return "this address is not the page's own"
        origin = headers.get("origin")
        if origin is not None and origin != f"{'https' if self._secure else 'http'}://{host}":
            return "another site may not use this page"
        if headers.get("sec-fetch-site") in _STRANGE_SITES and not _is_visit(scope, headers):
            return "another site may not use this page"
        return self._why_no_token(scope, headers)

    def _why_no_token(self, scope: Scope, headers: Mapping[str, str]) -> str | None:
        if self._token is None:
            return None
        shown = _shown_tokens(scope, headers)
        if not shown:
            return "open the page by its whole address, with its token"
        right = any(_same(each, token) for each in shown for token in (self._token, self._watch_token))
        return None if right else "that token is wrong"

    def _only_watches(self, scope: Scope, headers: Mapping[str, str]) -> bool:
        """Tell whether the first token that is right, the address's before the cookie's, is for watching."""
        for shown in _shown_tokens(scope, headers):
            if _same(shown, self._token):
                return False
            if _same(shown, self._watch_token):
                return True
        return False

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        extra = [(name.encode(), value.encode()) for name, value in SAFE_HEADERS.items()]
        token = _token_in_address(scope)
        if token and (_same(token, self._token) or _same(token, self._watch_token)):
            secure = "; Secure" if self._secure else ""
            cookie = f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict{secure}"
            extra.append((b"set-cookie", cookie.encode()))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *extra]}
            await send(message)

        return send_with_headers


def _same(shown: str, token: str | None) -> bool:
    return token is not None and hmac.compare_digest(shown.encode(), token.encode())


def _changes_something(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] not in ("GET", "HEAD")


def _is_visit(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Tell whether somebody followed a link to the page itself."""
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and scope["path"] == "/"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _name_of(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _token_in_address(scope: Scope) -> str | None:
    query = scope.get("query_string", b"").decode("latin-1")
    return dict(parse_qsl(query)).get("token")


def _shown_tokens(scope: Scope, headers: Mapping[str, str]) -> list[str]:
    shown = [_token_in_address(scope)]
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        cookie = None
    shown.append(None if cookie is None else cookie.value)
    return [token for token in shown if token]


async def _answer(send: Send, why: str) -> None:
    body = json.dumps({"detail": why}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
