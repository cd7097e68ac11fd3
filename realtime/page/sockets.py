"""A viewer's WebSocket: pictures and figures go out, settings come in, and a camera's pictures too.

No more than `WINDOW` pictures are under way to a browser that has not said it showed them. So a slow viewer
sees fewer and never old ones, and one that never reads costs nothing.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import numpy as np
from av import VideoFrame
from fastapi import WebSocket, WebSocketDisconnect

from realtime.errors import LivebrushError
from realtime.mailbox import MailboxClosed
from realtime.page.access import ONLY_WATCH
from realtime.page.broadcast import Viewer
from realtime.page.camera_source import Decode, VisitorSource, check_side, decode_jpeg, jpeg_size
from realtime.page.describe import measure
from realtime.page.house import MAIN, FullError, House
from realtime.page.limits import RateLimit
from realtime.page.show import Show
from realtime.page.wire import (
    GotMessage,
    OfferMessage,
    PingMessage,
    SetMessage,
    WantMessage,
    WireError,
    read_message,
    write_message,
    write_picture,
)

if TYPE_CHECKING:
    from realtime.page.rtc import Peer

WINDOW = 3
TICK_S = 0.1
FIGURES_S = 0.5
SILENT_S = 30.0  # a viewer that says nothing at all for so long, with pictures under way, has gone
MESSAGES, MESSAGES_PER_S = 1200, 10.0
TRY_AGAIN, POLICY = 1013, 1008


async def attend(socket: WebSocket, house: House, *, own_camera: bool, watches: bool = False) -> None:
    """Serve one WebSocket until either side ends it.

    Args:
        own_camera: the visitor brings a camera.
        watches: the visitor may only watch.
    """
    await socket.accept()
    with ExitStack() as places:
        try:
            places.enter_context(house.seat())
            if own_camera and watches:
                raise FullError(ONLY_WATCH)
            if own_camera:
                places.enter_context(house.camera_place())
        except FullError as full:
            await socket.send_text(write_message("refused", text=str(full), watches=watches))
            await socket.close(TRY_AGAIN, "full")
            return
        visit = CameraVisit(socket, house) if own_camera else Visit(socket, house, watches=watches)
        try:
            await visit.run()
        finally:
            await visit.end()


class Visit:
    """One browser that watches.

    Args:
        socket: accepted.
        house: where it is.
        watches: it may change nothing.
    """

    def __init__(self, socket: WebSocket, house: House, *, watches: bool = False) -> None:
        self._socket, self._house, self._clock, self._watches = socket, house, house.clock, watches
        loop, self._awake = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the server ends
                loop.call_soon_threadsafe(self._awake.set)

        self._viewer = Viewer(wake)
        self._messages = RateLimit(MESSAGES, MESSAGES_PER_S, self._clock)
        self._session, self._show = MAIN, self._first_show()
        self._wants_pictures = True
        self._got = 0
        self._heard_at = self._clock()
        self._state, self._news_number = "", 0
        self._figures_at = -float("inf")

    def _first_show(self) -> Show | None:
        return self._house.main

    async def run(self) -> None:
        """Serve until either side ends."""
        self._enter(self._show)
        tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._receive())]
        done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for task in done:
            # However a connection breaks, it is over; what is ours to know is anything else.
            with suppress(WebSocketDisconnect, RuntimeError, OSError):
                task.result()

    async def end(self) -> None:
        """Leave."""
        if self._show is not None:
            self._show.broadcast.leave(self._viewer)

    def _enter(self, show: Show | None) -> None:
        self._show = show
        if show is not None:
            self._news_number, _ = show.news_since(0)  # what was said before is not for the newcomer
            show.broadcast.join(self._viewer)

    async def _greet(self) -> None:
        hello = write_message("hello", session=self._session, window=WINDOW, watches=self._watches)
        await self._socket.send_text(hello)

    async def _send(self) -> None:
        await self._greet()
        while True:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._awake.wait(), TICK_S)
            self._awake.clear()
            if self._show is None:
                continue
            await self._send_texts(self._show)
            await self._send_picture(self._show)
            if self._under_way() and self._clock() - self._heard_at > SILENT_S:
                await self._socket.close(POLICY, "no sign of life")
                return

    async def _send_texts(self, show: Show) -> None:
        state = self._house.state_text(self._session, show)
        if state != self._state:
            self._state = state
            await self._socket.send_text(f'{{"type":"state","state":{state}}}')
        now = self._clock()
        if now - self._figures_at < FIGURES_S:
            return
        self._figures_at = now
        self._news_number, news = show.news_since(self._news_number)
        for text in news:
            await self._socket.send_text(write_message("news", text=text))
        figures = measure(show).model_dump()
        await self._socket.send_text(
            write_message("figures", figures={**figures, "late": self._viewer.dropped})
        )

    async def _send_picture(self, show: Show) -> None:
        if not self._wants_pictures or self._under_way() >= WINDOW:
            return
        picture = show.broadcast.take(self._viewer)
        if picture is not None:
            await self._socket.send_bytes(write_picture(picture))

    def _under_way(self) -> int:
        """Return how many pictures were sent and not shown yet; those it was too slow for count as well."""
        return self._viewer.sent - self._got

    async def _receive(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            self._heard_at = self._clock()
            if not self._messages.allows():
                await self._socket.close(POLICY, "too many messages")
                return
            text, data = message.get("text"), message.get("bytes")
            try:
                if text is not None:
                    await self._take_text(text)
                elif data is not None:
                    await self._take_picture(data)
            except (LivebrushError, WireError) as error:
                await self._socket.send_text(write_message("error", text=str(error)))

    async def _take_text(self, text: str) -> None:
        message = read_message(text)
        if isinstance(message, GotMessage):
            self._got = min(self._got + 1, self._viewer.sent)
            self._awake.set()
        elif isinstance(message, PingMessage):
            now_ms = self._clock() * 1000
            await self._socket.send_text(write_message("pong", at=message.at, now=now_ms))
        elif isinstance(message, WantMessage):
            self._want(message)
        elif isinstance(message, SetMessage):
            await self._set(message)
        else:
            await self._take_offer(message)

    def _want(self, message: WantMessage) -> None:
        self._viewer.wants_original = message.original
        if message.pictures != self._wants_pictures and self._show is not None:
            change = self._show.broadcast.join if message.pictures else self._show.broadcast.leave
            change(self._viewer)
        self._wants_pictures = message.pictures

    async def _set(self, message: SetMessage) -> None:
        if self._watches:
            raise WireError(ONLY_WATCH)
        if self._show is None:
            return
        await asyncio.to_thread(self._show.change, message.change)
        self._house.state_text(self._session, self._show, fresh=True)
        self._awake.set()

    async def _take_picture(self, data: bytes) -> None:
        raise WireError("only a visitor with a camera sends pictures")

    async def _take_offer(self, message: OfferMessage) -> None:
        raise WireError("only a visitor with a camera makes offers")


class CameraVisit(Visit):
    """One browser that brings its camera: its show begins with its first picture."""

    _source: VisitorSource | None = None
    _opening: asyncio.Task[tuple[str, Show]] | None = None
    _closing: asyncio.Task[None] | None = None
    _peer: Peer | None = None

    def _first_show(self) -> Show | None:
        return None

    async def end(self) -> None:
        """Leave, and end the show; one that is just being opened, too."""
        await super().end()
        if self._opening is not None:
            # A task of its own: this one can be cancelled wherever it waits, and the show must end even then.
            self._closing = asyncio.create_task(self._close_show(self._opening))
        if self._peer is not None:
            await self._peer.close()
        if self._closing is not None:
            await asyncio.shield(self._closing)

    async def _close_show(self, opening: asyncio.Task[tuple[str, Show]]) -> None:
        with suppress(LivebrushError):
            session, _ = await opening
            await asyncio.to_thread(self._house.close_own, session)

    async def _take_picture(self, data: bytes) -> None:
        try:
            await self._put(jpeg_size(data), lambda: decode_jpeg(data))
        finally:
            await self._socket.send_text(write_message("took"))

    async def _take_frame(self, frame: VideoFrame) -> None:
        size_wh = frame.width, frame.height
        with suppress(LivebrushError):
            check_side(size_wh)
            await self._put(size_wh, lambda: np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))

    async def _take_offer(self, message: OfferMessage) -> None:
        try:
            from realtime.page.rtc import OfferError, Peer
        except ModuleNotFoundError as error:
            raise WireError(f"WebRTC needs {error.name}, which is not installed here") from error
        if self._peer is not None:
            await self._peer.close()
        self._peer = peer = Peer(self._house.config.host, self._take_frame, self._tap)
        try:
            answer = await peer.answer(message.sdp)
        except OfferError as error:
            raise WireError(str(error)) from error
        await self._socket.send_text(write_message("answer", sdp=answer))

    def _tap(self, connected: bool) -> None:
        if self._show is not None and self._peer is not None:
            self._show.broadcast.tap(self._peer.painted.put if connected else None)

    async def _put(self, size_wh: tuple[int, int], decode: Decode) -> None:
        if self._source is None:
            await self._begin(size_wh)
        if self._source is not None:
            with suppress(MailboxClosed):  # the show has ended, which the state says
                self._source.put(decode)

    async def _begin(self, size_wh: tuple[int, int]) -> None:
        self._source = VisitorSource(size_wh)
        self._opening = asyncio.create_task(asyncio.to_thread(self._house.open_own, self._source))
        # Opening goes on in its thread whatever becomes of this connection.
        self._session, show = await asyncio.shield(self._opening)
        self._enter(show)
        await self._greet()
