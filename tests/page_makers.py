"""A page for tests: its source gives a frame when the test says so, and nothing listens on a port."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("fastapi", reason='needs pip install "livebrush[web]"')

from fastapi.testclient import TestClient

from realtime.catalog import find_style
from realtime.page.app import make_app
from realtime.page.camera_source import VisitorSource
from realtime.page.config import ServeConfig
from realtime.page.house import House
from realtime.page.wire import HEADER
from realtime.timing import Clock

ADDRESS = "http://127.0.0.1:8720"
SIZE_WH = (96, 64)
MOST_MESSAGES = 300  # a test that waits for what never comes ends then, in vain


def grey(value: int, size_wh: tuple[int, int] = SIZE_WH) -> NDArray[np.uint8]:
    """Return a picture of one grey."""
    return np.full((size_wh[1], size_wh[0], 3), value, np.uint8)


class Page:
    """A house, its source, and a client.

    Args:
        house: started.
        source: of the show for all.
        client: asks as a browser on this machine does.
    """

    def __init__(self, house: House, source: VisitorSource, client: TestClient) -> None:
        self.house, self.source, self.client = house, source, client
        self.greeting: dict[str, Any] = {}
        """The first message of the last WebSocket."""

    def give(self, value: int) -> None:
        """Have the source give a frame of one grey."""
        image = grey(value)
        self.source.put(lambda: image)

    @contextmanager
    def watch(self, query: str = "", first: str = "hello") -> Iterator[Any]:
        """Open a WebSocket as the page does, and wait until it is served."""
        headers = {"host": ADDRESS.removeprefix("http://"), "origin": ADDRESS}
        with self.client.websocket_connect(f"/ws{query}", headers=headers) as socket:
            self.greeting = next_message(socket, first)
            yield socket

    def change(self, **values: Any) -> Any:
        """Set something; return the state."""
        answer = self.client.patch("/api/state", json=values)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def open_page(
    style: Path,
    token: str | None = None,
    watch_token: str | None = None,
    *,
    clock: Clock = time.perf_counter,
    **options: Any,
) -> Iterator[Page]:
    """Open a page that paints with a style file."""
    source = VisitorSource(SIZE_WH)
    house = House(ServeConfig(style=find_style(str(style)), **options), source, clock=clock).start()
    try:
        with TestClient(make_app(house, token, watch_token), base_url=ADDRESS) as client:
            yield Page(house, source, client)
    finally:
        house.close()


def next_message(socket: Any, kind: str) -> dict[str, Any]:
    """Return the next message of a kind, leaving out others."""
    for _ in range(MOST_MESSAGES):
        message = socket.receive()
        text = message.get("text")
        if text is not None and json.loads(text)["type"] == kind:
            return dict(json.loads(text))
    raise AssertionError(f"no {kind} came")


def next_picture(socket: Any) -> tuple[int, bytes, bytes]:
    """Return number, original and painting of the next picture, leaving out messages."""
    for _ in range(MOST_MESSAGES):
        data = socket.receive().get("bytes")
        if data is not None:
            number, original_bytes, _ = HEADER.unpack_from(data)
            middle = HEADER.size + original_bytes
            return number, data[HEADER.size : middle], data[middle:]
    raise AssertionError("no picture came")
