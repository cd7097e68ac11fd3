"""A plain stream of JPEGs that OBS, VLC and any browser open: multipart/x-mixed-replace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from realtime.page.broadcast import Viewer
from realtime.page.house import House

BOUNDARY = "livebrush"
MEDIA_TYPE = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
TICK_S = 1.0  # the last picture is sent again then: a player that sees nothing new takes a stream for dead


async def stream(house: House) -> AsyncIterator[bytes]:
    """Yield the pictures of the show for all, until whoever reads is gone or the show is closed."""
    loop, awake = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        with suppress(RuntimeError):  # the server ends
            loop.call_soon_threadsafe(awake.set)

    broadcast, viewer = house.main.broadcast, Viewer(wake)
    with house.seat():
        broadcast.join(viewer)
        try:
            last: bytes | None = None
            while not broadcast.closed:
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(awake.wait(), TICK_S)
                awake.clear()
                picture = broadcast.take(viewer)
                last = last if picture is None else picture.jpeg
                if last is not None:
                    yield _part(last)
        finally:
            broadcast.leave(viewer)


def _part(jpeg: bytes) -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
    return head.encode() + jpeg + b"\r\n"
