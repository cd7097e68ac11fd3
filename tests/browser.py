"""A real browser for tests: the system's Chromium without a screen, with a camera that it makes up."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


def find_chromium() -> str | None:
    """Return the program; None where there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def why_no_browser() -> str | None:
    """Return why no browser can be had here; None if it can."""
    if find_spec("playwright") is None:
        return "needs pip install playwright"
    return None if find_chromium() else "needs Chromium (apt-get install chromium)"


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start it, and end it with the body."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(OPTIONS))
        try:
            yield browser
        finally:
            browser.close()
