"""A visitor's camera over WebRTC, and the painting back: one connection, agreed on over the WebSocket.

Only addresses that the page itself listens on take part, and no server elsewhere is asked for others.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from fractions import Fraction

from aioice import ice
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

from realtime.frame import Frame
from realtime.page.config import is_loopback

TakeFrame = Callable[[VideoFrame], Awaitable[None]]
TIME_BASE = Fraction(1, 90_000)
ANSWER_S = 10.0
MOST_MEDIA = 2
EVERYWHERE = ("0.0.0.0", "::")


class OfferError(Exception):
    """An offer cannot be answered."""


class PaintedTrack(MediaStreamTrack):
    """The painting as a video track: always the newest picture, none twice."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._server = asyncio.get_running_loop()
        self._there = asyncio.Event()
        self._newest: Frame | None = None
        self._last_pts = -1

    def put(self, frame: Frame) -> None:
        """Take a finished picture; from any thread, and at once."""
        self._newest = frame
        with suppress(RuntimeError):  # the server ends
            self._server.call_soon_threadsafe(self._there.set)

    async def recv(self) -> VideoFrame:
        """Wait for a picture that was not sent yet."""
        while self._newest is None:
            if self.readyState != "live":
                raise MediaStreamError
            await self._there.wait()
            self._there.clear()
        frame, self._newest = self._newest, None
        sent = VideoFrame.from_ndarray(frame.image, "bgr24")
        self._last_pts = max(self._last_pts + 1, round(frame.time_s() / TIME_BASE))
        sent.pts, sent.time_base = self._last_pts, TIME_BASE
        return sent

    def stop(self) -> None:
        """End the track, and whoever waits for a picture of it."""
        super().stop()
        self._there.set()


class Peer:
    """One WebRTC connection.

    Args:
        host: that the page listens on.
        take: is given the camera's frames.
        connected: is told whether the painting gets through.
    """

    def __init__(self, host: str, take: TakeFrame, connected: Callable[[bool], None]) -> None:
        _gather_on(host)
        self.painted = PaintedTrack()
        self._take = take
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._reading: asyncio.Task[None] | None = None

        @self._connection.on("track")
        def begin(track: MediaStreamTrack) -> None:
            if track.kind == "video" and self._reading is None:
                self._reading = asyncio.create_task(self._read(track))

        @self._connection.on("connectionstatechange")
        def tell() -> None:
            connected(self._connection.connectionState == "connected")

    async def answer(self, sdp: str) -> str:
        """Return what is answered to an offer.

        Raises:
            OfferError: it makes no sense, or asks for more than a video each way.
        """
        # Names that only the local network resolves are not looked up: the browser finds us.
        sdp = re.sub(r"a=candidate:[^\r\n]*\.local[^\r\n]*\r?\n", "", sdp)
        if not 1 <= len(re.findall(r"^m=", sdp, re.MULTILINE)) <= MOST_MEDIA:
            raise OfferError("an offer has one video")
        try:
            return await asyncio.wait_for(self._answer(sdp), ANSWER_S)
        except Exception as error:  # whatever a parser of somebody else's text may raise
            await self.close()
            raise OfferError(f"that offer cannot be answered ({type(error).__name__})") from error

    async def _answer(self, sdp: str) -> str:
        await self._connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        self._connection.addTrack(self.painted)
        await self._connection.setLocalDescription(await self._connection.createAnswer())
        return str(self._connection.localDescription.sdp)

    async def close(self) -> None:
        """End it."""
        self.painted.stop()
        if self._reading is not None:
            self._reading.cancel()
        await self._connection.close()

    async def _read(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if isinstance(frame, VideoFrame):
                    await self._take(frame)


def _gather_on(host: str) -> None:
    """Have connections offered on the page's own address alone; aioice offers all but loopback by itself."""
    if is_loopback(host):
        ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
    elif host.strip("[]") not in EVERYWHERE:
        ice.get_host_addresses = lambda use_ipv4, use_ipv6: [host.strip("[]")]
