"""What becomes of a request or message that anyone may send to the page; see `fuzz_targets`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from asgi import Answer, Asgi
from fuzz_targets import LONGEST_LINE, check_line, writes_nothing
from onnx_makers import make_style_onnx
from page_makers import ADDRESS, Page, open_page
from waiting import wait_until
from write_watch import nothing_written_outside

from realtime.errors import LivebrushError
from realtime.page.camera_source import decode_jpeg, jpeg_size
from realtime.page.rtc import OfferError, Peer
from realtime.page.wire import WireError, read_message

HOST = ADDRESS.removeprefix("http://")
SENT = {"hello", "state", "news", "figures", "pong", "error", "took", "answer", "refused"}


@writes_nothing
def try_message(text: str) -> bool:
    """Read a WebSocket's message; tell whether it is one."""
    try:
        read_message(text)
    except WireError as error:
        check_line(error)
        return False
    return True


@writes_nothing
def try_camera_picture(data: bytes) -> bool:
    """Decode a picture of a visitor's camera; tell whether it is one."""
    try:
        size_wh = jpeg_size(data)
        image = decode_jpeg(data)
    except LivebrushError as error:
        check_line(error)
        return False
    assert image.ndim == 3 and max(size_wh) <= 1920
    return True


def try_offer(sdp: str) -> bool:
    """Answer an offer of WebRTC; tell whether it can be."""

    async def ask() -> bool:
        peer = Peer("127.0.0.1", _take, lambda _: None)
        try:
            assert (await peer.answer(sdp)).startswith("v=0")
        except OfferError as error:
            check_line(error)
            return False
        finally:
            await peer.close()
        return True

    return asyncio.run(ask())


def make_offer() -> str:
    """Return what a browser offers that sends a video and takes one."""

    async def offer() -> str:
        from aiortc import RTCConfiguration, RTCPeerConnection

        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        connection.addTransceiver("video", "sendrecv")
        await connection.setLocalDescription(await connection.createOffer())
        text = str(connection.localDescription.sdp)
        await connection.close()
        return text

    return asyncio.run(offer())


async def _take(frame: Any) -> None:
    pass


class PageTarget:
    """A page that takes whatever is sent.

    Args:
        page: with a first painting.
        folder: the only one that it may write to.
    """

    def __init__(self, page: Page, folder: Path) -> None:
        self.page, self._folder = page, folder
        self._asgi = Asgi(page.client.app, HOST)  # type: ignore[arg-type]

    def close(self) -> None:
        """Give back the client."""
        self._asgi.close()

    def ask(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Iterable[tuple[bytes, bytes]] | None = None,
    ) -> Answer:
        """Ask for anything; return an answer that is no fault of the page's own."""
        with nothing_written_outside(self._folder):
            answer = self._asgi.ask(method, target, body, headers)
        assert 200 <= answer.status < 500 or answer.status == 503, answer
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["x-content-type-options"] == "nosniff"
        if answer.status >= 400:
            assert len(json.loads(answer.body)["detail"]) < LONGEST_LINE
        return answer

    def upload(self, data: bytes, title: str = "") -> bool:
        """Send a picture to become a style; tell whether it did."""
        answer = self.ask("POST", f"/api/styles?title={quote(title, errors='replace')}", data)
        assert answer.status in (201, 400, 422), answer
        return answer.status == 201

    def visit(self, messages: Sequence[str | bytes], *, camera: bool = False) -> list[dict[str, Any]]:
        """Open a WebSocket, say all of it, leave; return the page's messages, of which all are known."""
        with nothing_written_outside(self._folder):
            heard = self._asgi.talk("/ws?camera=1" if camera else "/ws", messages)
        assert heard[0]["type"] == "websocket.accept"
        said = [json.loads(each["text"]) for each in heard if each.get("text") is not None]
        for each in said:
            assert each["type"] in SENT
            assert "\n" not in each.get("text", "") and len(each.get("text", "")) < LONGEST_LINE
        assert self.page.house.viewers == 0
        return said


@contextmanager
def open_page_target(folder: Path) -> Iterator[PageTarget]:
    """Open a page in a folder of its own, that limits no one's uploads in number."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIVEBRUSH_STYLES", str(folder / "none"))
        patch.setattr("tempfile.tempdir", str(folder))
        style = make_style_onnx(folder / "tiny.onnx", kind="invert")
        with open_page(style) as page:
            page.give(10)
            wait_until(lambda: page.house.main.times.shown == 1)
            page.house.uploads.allows = lambda: True  # type: ignore[method-assign]
            target = PageTarget(page, folder)
            try:
                yield target
            finally:
                target.close()
