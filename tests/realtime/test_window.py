"""The real window, on a screen in memory."""

import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO

import pytest
from xvfb import LONG_S, XvfbScreen, why_no_xvfb

from realtime.window import fitted, margins, opening_size

ROOT = Path(__file__).resolve().parents[2]
needs_xvfb = pytest.mark.skipif(why_no_xvfb() is not None, reason=str(why_no_xvfb()))

# Shows half red, half green, prints every event, ends when it is closed (or a failing test has left it).
SCRIPT = """
import time
import numpy as np
from realtime.window import Window
image = np.zeros((90, 160, 3), np.uint8)
image[:, :80, 2] = 255
image[:, 80:, 1] = 255
window = Window((160, 90))
deadline = time.monotonic() + 240
while time.monotonic() < deadline:
    window.show(image)
    events = window.poll(5)
    for key in events.keys:
        print("key", key, flush=True)
    if events.drag_x is not None:
        print("drag", events.drag_x, flush=True)
    if ord("f") in events.keys:
        window.set_full_screen(True)
    if ord("g") in events.keys:
        window.set_full_screen(False)
    if events.closed:
        break
window.show(image)  # must not open it again
print("closed", window.poll().closed)
window.close()
window.close()
"""

KEYS = {"n": 110, "Right": 0xFF53, "plus": 43, "question": 63, "space": 32, "Escape": 27}


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[XvfbScreen]:
    with XvfbScreen(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("picture_wh", "window_wh"),
    [
        ((640, 360), (640, 360)),
        ((1280, 720), (1280, 720)),
        ((3840, 2160), (1280, 720)),
        ((1080, 1920), (405, 720)),
        ((64, 64), (360, 360)),
        ((16, 4000), (3, 720)),
    ],
)
def test_the_window_opens_in_the_pictures_shape_at_a_handy_size(
    picture_wh: tuple[int, int], window_wh: tuple[int, int]
) -> None:
    assert opening_size(picture_wh) == window_wh


@pytest.mark.parametrize(
    ("room_wh", "expected"),
    [
        ((640, 360), (0, 0)),
        ((1280, 800), (0, 20)),
        ((2560, 1080), (107, 0)),
        ((0, 0), (0, 0)),
    ],
)
def test_margins_give_a_picture_the_shape_of_its_room(
    room_wh: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert margins((640, 360), room_wh) == expected


@pytest.mark.parametrize(
    ("room_wh", "expected"),
    [((1280, 720), (1280, 720)), ((1280, 800), (1280, 720)), ((100, 1000), (100, 56)), ((0, 0), (640, 360))],
)
def test_a_picture_is_fitted_into_its_room(room_wh: tuple[int, int], expected: tuple[int, int]) -> None:
    assert fitted((640, 360), room_wh) == expected


@needs_xvfb
def test_pictures_keys_mouse_full_screen_and_closing(screen: XvfbScreen) -> None:
    command = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(
        command, cwd=ROOT, env=screen.environment(), stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        window = screen.wait_for_window("Livebrush")
        left, top = window_corner(screen, window)
        wait_for_colour(screen, left + 600, top + 300, (0, 255, 0))
        assert tuple(screen.picture()[top + 300, left + 100]) == (0, 0, 255)
        said = Lines(program.stdout)
        for name, code in KEYS.items():
            said.wait_for(f"key {code}", after=partial(screen.press_in, window, name))
        place = str(left + 320), str(top + 100)
        drag = said.wait_for("drag", after=lambda: screen.do("mousemove", *place, "click", "1"))
        assert abs(int(drag.split()[1]) - 80) <= 1  # in pixels of the picture, not of the window
        screen.press_in(window, "f")
        wait_for_colour(screen, 1270, 400, (0, 255, 0))
        wait_for_colour(screen, 1270, 10, (0, 0, 0))  # the picture is wider than the screen: black above it
        screen.press_in(window, "g")
        wait_for_colour(screen, 1270, 400, (0, 0, 0))
        said.wait_for("closed True", after=partial(screen.press_in, window, "alt+F4"))
        assert program.wait(LONG_S) == 0


class Lines:
    """What a program prints, without ever waiting for it for good."""

    def __init__(self, stream: IO[str]) -> None:
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line.strip())

    def wait_for(self, beginning: str, after: Callable[[], object] = lambda: None) -> str:
        """Return the next line that begins so; does `after` first, and again when nothing comes of it.

        A window manager may take the focus back while a window opens, and a key is lost then.
        """
        for _ in range(10):
            after()
            with suppress(queue.Empty):
                while True:
                    line = self._lines.get(timeout=LONG_S / 10)
                    if line.startswith(beginning):
                        return line
        raise AssertionError(f"the program never said {beginning!r}")


@needs_xvfb
def test_pyav_imported_before_opencv_is_an_error_and_no_window_that_hangs(screen: XvfbScreen) -> None:
    script = "import av\nfrom realtime.window import Window\nWindow((64, 64))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=screen.environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "import cv2 before av" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
@pytest.mark.parametrize("display", ["", ":4711", "localhost:4711"])
def test_no_display_is_an_error_and_not_the_end_of_the_process(display: str) -> None:
    script = (
        "from realtime.errors import SinkError\nfrom realtime.window import Window\n"
        "try:\n    Window((64, 64))\nexcept SinkError as error:\n    print(error)"
    )
    environment = {"DISPLAY": display, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    assert done.stdout.startswith("no window: ")


def window_corner(screen: XvfbScreen, window: str) -> tuple[int, int]:
    place = screen.do("getwindowgeometry", "--shell", window).splitlines()
    values = dict(line.split("=") for line in place)
    return int(values["X"]), int(values["Y"])


def wait_for_colour(screen: XvfbScreen, x: int, y: int, bgr: tuple[int, int, int]) -> None:
    deadline = time.monotonic() + LONG_S
    while tuple(screen.picture()[y, x]) != bgr:
        assert time.monotonic() < deadline, f"never {bgr} at {x}, {y}"
