"""A screen in memory for tests of real windows: start it, press keys, look at it.

    with XvfbScreen(tmp_path) as screen:
        ... start a program with screen.environment() ...
        screen.wait_for_window("Livebrush")
        screen.press("n")
        picture = screen.picture()

Needs Xvfb, xdotool and, for full screen and closing, a window manager (Debian and Ubuntu: apt-get install
xvfb xdotool openbox); `why_no_xvfb` says what is missing.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

if sys.platform != "win32":
    import fcntl

PROGRAMS = ("Xvfb", "xdotool", "openbox")
LONG_S = 60.0


def why_no_xvfb() -> str | None:
    """Return why no screen in memory can be had here; None if it can."""
    if sys.platform != "linux":
        return "Xvfb is used on Linux only"
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    return f"needs {', '.join(missing)} (apt-get install xvfb xdotool openbox)" if missing else None


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Keep out other processes that start a screen.

    Two servers that look for a free number at once can both take the same one: the second unlinks the
    socket of the first, and windows are then on one screen while they are looked for on the other.
    """
    with (Path(tempfile.gettempdir()) / "livebrush_tests_xvfb.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # given back when the file is closed
        yield


class XvfbScreen:
    """An X server that draws into memory.

    Args:
        folder: where it keeps its picture.
        size_wh: of the screen.
    """

    def __init__(self, folder: Path, size_wh: tuple[int, int] = (1280, 800)) -> None:
        self._folder = folder
        self._size_wh = size_wh

    def __enter__(self) -> XvfbScreen:
        with one_at_a_time():
            self._start_server()
        self._manager = subprocess.Popen(
            ["openbox"], env=self.environment(), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        return self

    def _start_server(self) -> None:
        read_end, write_end = os.pipe()
        screen = f"{self._size_wh[0]}x{self._size_wh[1]}x24"
        # -noreset: or the server would begin anew, deaf for a moment, whenever its last client leaves.
        command = ["Xvfb", "-noreset", "-displayfd", str(write_end), "-screen", "0", screen]
        self._server = subprocess.Popen(
            [*command, "-fbdir", str(self._folder)], pass_fds=[write_end], stderr=subprocess.DEVNULL
        )
        os.close(write_end)
        with os.fdopen(read_end) as numbers:
            self.display = f":{numbers.readline().strip()}"

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in (self._manager, self._server):
            process.terminate()
            process.wait(LONG_S)

    def environment(self) -> dict[str, str]:
        """Return the environment of a program that is to draw on this screen."""
        return os.environ | {"DISPLAY": self.display}

    def wait_for_window(self, title: str) -> str:
        """Return the id of the window with this title, once it is on screen, and give it the keys."""
        deadline = time.monotonic() + LONG_S
        while time.monotonic() < deadline:
            found = self._xdotool("search", "--onlyvisible", "--name", title)
            if found:
                window = found.splitlines()[0]
                self._xdotool("windowfocus", "--sync", window)
                return window
        there = self._xdotool("search", "--name", ".*", "getwindowname", "%@").splitlines()
        raise AssertionError(f"no window {title!r} on the screen {self.display}; there are {there}")

    def press(self, *keys: str) -> None:
        """Press keys, by their X names, in the window that has the focus."""
        self._xdotool("key", "--delay", "40", *keys)

    def press_in(self, window: str, *keys: str) -> None:
        """Give a window the focus, which a window manager may have taken back, and press keys in it."""
        self._xdotool("windowfocus", window)
        self.press(*keys)

    def do(self, *words: str) -> str:
        """Run another xdotool command and return what it prints."""
        return self._xdotool(*words)

    def picture(self) -> NDArray[np.uint8]:
        """Return what is on screen, (H, W, 3) uint8 BGR, read from the server's own memory (XWD)."""
        data = (self._folder / "Xvfb_screen0").read_bytes()
        header = struct.unpack(">25I", data[:100])
        header_size, width, height, line_bytes, colours = (
            header[0],
            header[4],
            header[5],
            header[12],
            header[19],
        )
        first = header_size + colours * 12
        rows = np.frombuffer(data, np.uint8, line_bytes * height, first).reshape(height, line_bytes)
        return np.array(rows[:, : width * 4].reshape(height, width, 4)[:, :, :3])

    def _xdotool(self, *words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words], env=self.environment(), capture_output=True, text=True, check=False
        )
        return done.stdout.strip()
