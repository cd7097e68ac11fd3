"""Addresses that misbehave: they redirect, trickle, send something else, and never tell the password."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from clip_makers import numbered_picture, read_number, write_clip
from http_server import Quiet, Server

from realtime.camera_again import open_lasting
from realtime.errors import LivebrushError, SourceError
from realtime.source_lasting import LastingSource
from realtime.source_video import VideoSource

Serve = Callable[[type[Quiet]], Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers that end with the test."""
    servers: list[Server] = []

    def start(handler: type[Quiet]) -> Server:
        servers.append(Server(handler))
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def jpeg_part(number: int) -> bytes:
    jpeg = cv2.imencode(".jpg", numbered_picture(number))[1].tobytes()
    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
    return head.encode() + jpeg + b"\r\n"


def begin_stream(handler: Quiet) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
    handler.end_headers()


def all_said(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def test_an_address_that_redirects_is_followed_and_the_new_one_is_not_told(
    serve: Serve, tmp_path: Path
) -> None:
    data = write_clip(tmp_path / "a.mkv", count=10).read_bytes()

    class Redirecting(Quiet):
        def do_GET(self) -> None:
            if self.path.startswith("/old"):
                self.send_response(302)
                self.send_header("Location", f"http://{self.headers['Host']}/new.mkv?token=n3w-s3cret")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    source = VideoSource(serve(Redirecting).address("/old.mkv"))
    numbers = []
    while (frame := source.read()) is not None:
        numbers.append(read_number(frame.image))
    source.close()
    assert numbers == list(range(10))
    assert "s3cret" not in repr(source.info)


@pytest.mark.parametrize("target", ["/again", "file:///etc/hostname", "gopher://127.0.0.1/"])
def test_an_address_that_redirects_in_a_circle_or_to_a_file_of_ours_is_refused(
    serve: Serve, target: str
) -> None:
    asked: list[str] = []

    class Circle(Quiet):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", target)
            self.end_headers()

    address = serve(Circle).address("/cam?key=s3cret")
    with pytest.raises(SourceError, match="cannot be opened") as refused:
        VideoSource(address, timeouts_s=(5.0, 5.0))
    assert "s3cret" not in all_said(refused.value)
    assert len(asked) < 50


def test_an_address_that_slows_to_a_trickle_is_left_and_opened_again(serve: Serve) -> None:
    """After one picture come single bytes, without end: a stream that is alive and gives nothing."""
    times: list[int] = []

    class Trickle(Quiet):
        def do_GET(self) -> None:
            times.append(1)
            begin_stream(self)
            number = len(times)
            try:
                for _ in range(3):  # of which the last is known to be whole by the next one's beginning
                    self.wfile.write(jpeg_part(number))
                while True:
                    self.wfile.write(b"-")
                    self.wfile.flush()
                    self.server.shutdown_event.wait(0.02)  # type: ignore[attr-defined]
            except OSError:  # whoever read has gone
                pass

    server = serve(Trickle)
    server.shutdown_event = threading.Event()  # type: ignore[attr-defined]
    address, lines = server.address(), list[str]()
    source = LastingSource(
        VideoSource(address, timeouts_s=(5.0, 0.3)),
        lambda: VideoSource(address, timeouts_s=(5.0, 0.3)),
        tell=lines.append,
        wait=lambda seconds: None,
    )
    while not any("is back" in line for line in lines):
        assert source.read() is not None
    source.close()
    assert "s3cret" not in " ".join(lines) and "anna" not in " ".join(lines)
    assert len(times) >= 2


def test_a_live_address_that_changes_its_size_in_mid_stream_goes_on(serve: Serve) -> None:
    def part(size_wh: tuple[int, int]) -> bytes:
        picture = np.full((size_wh[1], size_wh[0], 3), 120, np.uint8)
        jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
        return (
            b"--frame\r\nContent-Type: image/jpeg\r\n"
            + f"Content-Length: {len(jpeg)}\r\n\r\n".encode()
            + jpeg
            + b"\r\n"
        )

    class Changing(Quiet):
        def do_GET(self) -> None:
            begin_stream(self)
            for size_wh in [(96, 64)] * 8 + [(160, 128)] * 8:
                self.wfile.write(part(size_wh))

    source = VideoSource(serve(Changing).address())
    sizes = []
    try:
        while (frame := source.read()) is not None:
            sizes.append(frame.size_wh)
    except LivebrushError:
        pass  # the server hung up
    source.close()
    assert set(sizes) == {(96, 64)}
    assert len(sizes) >= 12


def test_a_live_address_with_damaged_pictures_in_between_goes_on(serve: Serve) -> None:
    class Damaged(Quiet):
        def do_GET(self) -> None:
            begin_stream(self)
            for number in range(24):
                part = bytearray(jpeg_part(number))
                if number in (7, 8):
                    middle = len(part) // 2
                    part[middle : middle + 60] = b"\xff" * 60
                self.wfile.write(bytes(part))

    source = VideoSource(serve(Damaged).address())
    numbers = []
    try:
        while (frame := source.read()) is not None:
            numbers.append(read_number(frame.image))
    except LivebrushError:
        pass
    source.close()
    assert set(range(7)) | set(range(10, 22)) <= set(numbers)


def test_an_address_that_sends_a_page_instead_of_pictures_is_refused_without_its_password(
    serve: Serve,
) -> None:
    class Page(Quiet):
        def do_GET(self) -> None:
            body = b"<html>Log in as anna with s3cret</html>" * 40
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    address = serve(Page).address("/cam?password=s3cret")
    with pytest.raises(SourceError) as refused:
        open_lasting(address)
    assert "s3cret" not in all_said(refused.value)
    assert "\n" not in str(refused.value)
