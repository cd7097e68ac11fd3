"""Is there a screen to open a window on? Asked before, because Qt ends the whole process if not.

OpenCV's windows on Linux are Qt on X11. Without an X server that answers and lets us in, the first
window aborts Python with no exception to catch, so the X server is greeted here the way Qt would.
"""

from __future__ import annotations

import os
import re
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2

TIMEOUT_S = 2.0
_DISPLAY = re.compile(r"(?:[a-z]+/)?(?P<host>[^:]*|\[[^\]]*\]):(?P<number>\d+)(?:\.\d+)?")
_LITTLE_ENDIAN = 0x6C
_ACCEPTED = 1


def why_no_window() -> str | None:
    """Return why no window can be opened, as half a sentence; None if one can.

    Sets QT_QPA_PLATFORM where the OpenCV wheel's Qt would otherwise look for a plugin it does not have.
    """
    toolkit = _toolkit()
    if toolkit == "none":
        return "this OpenCV has no windows (opencv-python-headless?)"
    if sys.platform in ("win32", "darwin"):
        return None
    if toolkit.startswith("qt"):
        reason = _why_no_x11()
        if reason is None:
            os.environ["QT_QPA_PLATFORM"] = "xcb"  # the only one that the wheel has
        return reason
    if os.environ.get("WAYLAND_DISPLAY"):
        return (
            None if _wayland_answers(os.environ["WAYLAND_DISPLAY"]) else "the Wayland display does not answer"
        )
    return _why_no_x11()


def _toolkit() -> str:
    """Return OpenCV's window toolkit in small letters, such as "qt5", "gtk", "none"."""
    found = re.search(r"^\s*GUI:\s*(.*)$", cv2.getBuildInformation(), re.MULTILINE)
    return found[1].strip().lower() if found else "none"


def _why_no_x11() -> str | None:
    display = os.environ.get("DISPLAY", "")
    if not display:
        return "no display (DISPLAY is not set)"
    parsed = _DISPLAY.fullmatch(display)
    if parsed is None:
        return f"no display (DISPLAY is {display!r})"
    host, number = parsed["host"], parsed["number"]
    try:
        # Without a key first, as for most local servers; then with each key the user holds for it.
        if any(_x_server_accepts(host, int(number), name, key) for name, key in _x_keys(number)):
            return None
    except OSError:
        return f"the display {display} does not answer"
    return f"the display {display} does not let this user in"


def _x_server_accepts(host: str, number: int, name: bytes, key: bytes) -> bool:
    """Do the first step of the X11 protocol: say hello, read whether we are let in."""
    hello = struct.pack("<BxHHHHxx", _LITTLE_ENDIAN, 11, 0, len(name), len(key))
    with _connected(host, number) as server:
        server.sendall(hello + name + b"\0" * (-len(name) % 4) + key + b"\0" * (-len(key) % 4))
        answer = server.recv(1)
    if not answer:
        raise ConnectionError("the X server hung up")
    return answer[0] == _ACCEPTED


def _connected(host: str, number: int) -> socket.socket:
    if host not in ("", "unix"):
        return socket.create_connection((host.strip("[]"), 6000 + number), timeout=TIMEOUT_S)
    path = f"/tmp/.X11-unix/X{number}"
    for address in ("\0" + path, path) if sys.platform == "linux" else (path,):
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.settimeout(TIMEOUT_S)
        try:
            server.connect(address)
            return server
        except OSError:
            server.close()
    raise ConnectionError(f"nothing listens on {path}")


def _x_keys(number: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield no key, then the name and data of each key in the Xauthority file for this display."""
    yield b"", b""
    path = Path(os.environ.get("XAUTHORITY") or Path.home() / ".Xauthority")
    try:
        data = path.read_bytes()
    except OSError:
        return
    offset = 0
    while offset + 2 <= len(data):
        offset += 2  # the family of the address
        fields = []
        for _ in range(4):  # address, display number, name of the method, key
            if offset + 2 > len(data):
                return
            length = int.from_bytes(data[offset : offset + 2], "big")
            fields.append(data[offset + 2 : offset + 2 + length])
            offset += 2 + length
        if fields[1] in (b"", number.encode()):
            yield fields[2], fields[3]


def _wayland_answers(display: str) -> bool:
    path = Path(os.environ.get("XDG_RUNTIME_DIR", "/"), display)  # an absolute display stays as it is
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.settimeout(TIMEOUT_S)
        try:
            server.connect(str(path))
        except OSError:
            return False
    return True
