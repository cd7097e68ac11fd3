"""Headless Chromium for pages that are checked: found on this machine, given a folder, and closed again.

The page is served as its user would serve it, by Python's own server of files, which sends no headers.
"""

from __future__ import annotations

import functools
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from export.errors import ExportError
from realtime.engine import is_installed

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "msedge")
_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
# In containers and as root there is no sandbox; the only page that is opened is our own.
_ARGUMENTS = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


def find_chromium() -> str | None:
    """Return the program, or None."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    return found or (str(_MAC) if _MAC.is_file() else None)


def what_lacks() -> str:
    """Return why no page can be run here, and what to do; "" if one can."""
    if not is_installed("playwright"):
        return 'playwright is not installed: pip install "livebrush[browser]"'
    if find_chromium() is None:
        return "no Chromium or Chrome was found: apt-get install chromium"
    return ""


@contextmanager
def open_chromium() -> Iterator[Any]:
    """Give a browser of playwright's, headless, with a camera that draws a test picture.

    It is one for all that have it open at a time, for playwright allows one in a thread.

    Raises:
        ExportError: if it does not start.
    """
    browser = _shared.enter()
    try:
        yield browser
    finally:
        _shared.leave()


class _Shared:
    """A browser that is started for the first that asks, and closed after the last."""

    def __init__(self) -> None:
        self._users = 0
        self._stack = ExitStack()
        self._browser: Any = None

    def enter(self) -> Any:
        if self._users == 0:
            self._browser = self._stack.enter_context(_started())
        self._users += 1
        return self._browser

    def leave(self) -> None:
        self._users -= 1
        if self._users == 0:
            self._browser = None
            self._stack.close()


_shared = _Shared()


@contextmanager
def _started() -> Iterator[Any]:
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=_ARGUMENTS)
        except Error as error:
            raise ExportError(f"Chromium does not start: {str(error).splitlines()[0]}") from error
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine alone, on a free port; give its address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()


def memory_mb(browser: Any) -> float | None:
    """Return the most that the browser's largest process for pages has taken so far; None if no one says."""
    if not sys.platform.startswith("linux"):
        return None
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    taken = [_peak_mb(process["id"]) for process in processes if process["type"] == "renderer"]
    return max(taken, default=None)


def _peak_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    peak = next((line for line in lines if line.startswith("VmHWM:")), "VmHWM: 0")
    return int(peak.split()[1]) * 1024 / 1e6


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal is the command's."""
