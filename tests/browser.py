"""A real browser for tests: the system's Chromium without a screen, with a camera that it makes up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from export.browser import find_chromium, what_lacks

if TYPE_CHECKING:
    from playwright.sync_api import Browser

OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


def why_no_browser() -> str | None:
    """Return why no browser can be had here; None if it can."""
    return what_lacks() or None


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
