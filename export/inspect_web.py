"""A page as a visitor has it: opened in headless Chromium with a camera, until it paints."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from export.browser import open_chromium, serve, what_lacks
from export.errors import ParityError
from export.painter_web import has_card
from export.targets import ExportOptions

LIVE_WH = (320, 240)
# Chromium's test picture, a disc that turns, as an ordinary camera of these sides gives it.
_SIDE = str(LIVE_WH[0])
_TIMEOUT_MS = 120_000
_COUNTED = 12
_COUNT = "() => Number(document.getElementById('canvas').dataset.count ?? 0)"


def inspect_file(file: Path, options: ExportOptions) -> list[str]:
    """Return how soon the page paints and how often; nothing where there is no browser.

    Raises:
        ParityError: if it says that something went wrong, or paints nothing.
    """
    if what_lacks():
        return []
    with open_chromium() as browser, serve(file.parent) as address:
        context = browser.new_context(permissions=["camera"])
        page = context.new_page()
        first_s, again_s = (_first_picture(page, address) for _ in range(2))
        backend = page.inner_text("#backend")
        fps = _live_fps(page)
    width, height = LIVE_WH
    not_run = [] if has_card(file.parent) else ["WebGPU was not run here: Chromium finds no graphics card."]
    return [
        f"In the page, by {backend}: first picture {first_s:.1f} s after the address was opened, "
        f"{again_s:.1f} s on the second visit; then {fps:.1f} fps of a camera at {width}x{height}.",
        *not_run,
    ]


def _first_picture(page: Any, address: str) -> float:
    began = time.perf_counter()
    page.goto(address)
    _wait(page, "#canvas[data-source=camera]")
    return time.perf_counter() - began


def _live_fps(page: Any) -> float:
    """Return pictures a second at one size, counted by the page."""
    page.select_option("#side", _SIDE)
    _wait_for_count(page, page.evaluate(_COUNT) + 4)  # the first at this size is slower
    before, began = page.evaluate(_COUNT), time.perf_counter()
    _wait_for_count(page, before + _COUNTED)
    return float((page.evaluate(_COUNT) - before) / (time.perf_counter() - began))


def _wait(page: Any, selector: str) -> None:
    from playwright.sync_api import TimeoutError as PlaywrightTimeout

    try:
        page.wait_for_selector(selector, timeout=_TIMEOUT_MS)
    except PlaywrightTimeout as error:
        said = page.inner_text("#notice") if page.is_visible("#notice") else "it says nothing"
        raise ParityError(
            f"the page paints nothing in {_TIMEOUT_MS // 1000} s: {' '.join(said.split())}"
        ) from error


def _wait_for_count(page: Any, count: int) -> None:
    until = time.perf_counter() + _TIMEOUT_MS / 1000
    while page.evaluate(_COUNT) < count:
        if time.perf_counter() > until:
            raise ParityError("the page stopped painting while its camera went on")
        page.wait_for_timeout(50)
