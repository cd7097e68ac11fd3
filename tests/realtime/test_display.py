"""Whether a window can be opened, told without ending the process."""

import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime import display
from realtime.display import why_no_window

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="X11 is asked on Linux only")
LONG_S = 30
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def qt_on_x11(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(display, "_toolkit", lambda: "qt5")
    monkeypatch.setenv("XAUTHORITY", str(tmp_path / "Xauthority"))
    monkeypatch.setenv("QT_QPA_PLATFORM", "before")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)


class XServer:
    """Speaks the first step of X11 on a TCP port, as `DISPLAY=localhost:N` asks it."""

    def __init__(self, key: bytes = b"") -> None:
        self._key = key
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                head = client.recv(12, socket.MSG_WAITALL)
                name_length, key_length = struct.unpack_from("<HH", head, 6)
                padded = [length + -length % 4 for length in (name_length, key_length)]
                rest = client.recv(sum(padded), socket.MSG_WAITALL) if sum(padded) else b""
                key = rest[padded[0] : padded[0] + key_length]
                client.sendall(b"\1" if key == self._key else b"\0")

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[XServer]:
    made = XServer()
    monkeypatch.setenv("DISPLAY", f"127.0.0.1:{made.port - 6000}.0")
    yield made
    made.close()


def test_without_a_display_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    assert why_no_window() == "no display (DISPLAY is not set)"


@pytest.mark.parametrize("name", [":4711", "unix:4711", "localhost:4711", "x11/:4711.0"])
def test_a_display_that_does_not_answer_is_no_display(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("DISPLAY", name)
    reason = why_no_window()
    assert reason is not None
    assert reason.endswith("does not answer")


@pytest.mark.parametrize("name", ["nonsense", "host:", ":-1", "\u00e9:x"])
def test_a_display_that_is_no_display_is_no_display(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("DISPLAY", name)
    assert why_no_window() is not None


def test_a_display_that_answers_is_one_and_qt_is_told_its_name(
    server: XServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    assert why_no_window() is None
    assert os.environ["QT_QPA_PLATFORM"] == "xcb"


def test_the_key_of_the_user_opens_a_locked_display(
    server: XServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server._key = b"sixteen byte key"
    assert why_no_window() == f"the display 127.0.0.1:{server.port - 6000}.0 does not let this user in"
    number = str(server.port - 6000).encode()
    fields = (b"host", number, b"MIT-MAGIC-COOKIE-1", b"sixteen byte key")
    other = (b"host", b"99999", b"MIT-MAGIC-COOKIE-1", b"another key")
    data = b"".join(
        struct.pack(">H", 256) + b"".join(struct.pack(">H", len(f)) + f for f in entry)
        for entry in (other, fields)
    )
    (tmp_path / "Xauthority").write_bytes(data + b"\0")
    assert why_no_window() is None


def test_a_server_that_hangs_up_is_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("DISPLAY", f"127.0.0.1:{listener.getsockname()[1] - 6000}")
        threading.Thread(target=lambda: listener.accept()[0].close(), daemon=True).start()
        assert "does not answer" in str(why_no_window())


def test_an_opencv_without_windows_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "_toolkit", lambda: "none")
    assert "headless" in str(why_no_window())


def test_gtk_may_use_wayland_if_it_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(display, "_toolkit", lambda: "gtk3")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert "does not answer" in str(why_no_window())
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "wayland-0"))
        listener.listen()
        assert why_no_window() is None


def test_this_opencv_says_which_windows_it_has() -> None:
    # In a fresh process: the fixture above has taken the real answer away in this one.
    script = "from realtime.display import _toolkit; print(_toolkit())"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() != ""
