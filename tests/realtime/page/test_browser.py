"""The page in a real browser, with a real server, real styles, and a camera that the browser makes up."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import cv2
import pytest
from browser import open_browser, why_no_browser
from meta_makers import write_flat

if why_no_browser() is not None:
    pytest.skip(str(why_no_browser()), allow_module_level=True)

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[3]
LONG_MS = 60_000  # only ever waited for by a test that fails
LIVE = '#stage[data-state="live"]'


class Server:
    """`python -m realtime serve` on one port, that can be killed and started again."""

    def __init__(self, folder: Path, *options: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self._environment = {**os.environ, "LIVEBRUSH_CACHE": str(folder)}
        self._options = options
        self.address = f"http://127.0.0.1:{self._port}/"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "realtime", "serve", "--source", "demo", "--size", "320x180"]
        command += ["--engine", "onnxruntime"]  # opens a style soonest
        self._process = subprocess.Popen(
            [*command, "--port", str(self._port), *self._options],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline().startswith("open ")

    def end(self, number: int = signal.SIGTERM) -> None:
        self._process.send_signal(number)
        self._process.communicate(timeout=60)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("cache"))
    yield server
    server.end()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Callable[..., Page]]:
    opened, wrong = [], []

    def open_page(query: str = "", **options: Any) -> Page:
        options = {"viewport": {"width": 1280, "height": 800}, **options}
        context = browser.new_context(**options)
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(LONG_MS)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: wrong.append(asked.url) if is_strange(asked.url) else None)
        page.goto(server.address + query)
        page.wait_for_selector(LIVE)
        return page

    def is_strange(url: str) -> bool:
        return not url.startswith((server.address, "blob:", "data:", server.address.replace("http", "ws")))

    yield open_page
    for context in opened:
        context.close()
    assert wrong == []  # no error in a script, and nothing was asked of anybody else


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, "--token", "t" * 16, "--watch-token", "w" * 16)
    yield server
    server.end()


def has_network() -> bool:
    """Tell whether this machine has another address than loopback, without which no browser has WebRTC."""
    import ifaddr

    addresses = [str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
    return any(not address.startswith("127.") for address in addresses)


def pixels(page: Page) -> str:
    return str(page.evaluate("document.getElementById('canvas').toDataURL('image/jpeg', 0.5)"))


def style_now(page: Page) -> str:
    return str(page.evaluate("document.querySelector('input[name=style]:checked')?.value ?? ''"))


def test_styles_are_changed_by_mouse_and_by_key(visit: Callable[..., Page]) -> None:
    page = visit()
    page.locator(".card", has_text="The Great Wave").click()
    expect(page.locator("#title")).to_contain_text("The Great Wave", timeout=LONG_MS)
    page.keyboard.press("n")
    expect(page.locator("#title")).to_have_text("The Kiss", timeout=LONG_MS)
    page.keyboard.press("p")
    expect(page.locator("#title")).to_contain_text("The Great Wave", timeout=LONG_MS)
    before = pixels(page)
    page.wait_for_timeout(300)
    assert pixels(page) != before  # it moves


def test_a_picture_is_uploaded_and_paints_and_is_mixed(visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit()
    write_flat(tmp_path / "holiday & <sun>.png", (20, 60, 220), (320, 240))
    page.set_input_files("#file", tmp_path / "holiday & <sun>.png")
    expect(page.locator("#title")).to_have_text("holiday & <sun>", timeout=LONG_MS)
    assert style_now(page).startswith("picture-")
    expect(page.locator("#mix")).to_be_disabled()
    page.select_option("#mix-with", "starry_night")
    expect(page.locator("#mix-out")).to_have_text("50 %")
    expect(page.locator("#title")).to_have_text("holiday & <sun> 50%, The Starry Night 50%", timeout=LONG_MS)
    # However long a title is, the painting stays beside the panel.
    stage, panel = page.locator("#stage").bounding_box(), page.locator("#panel").bounding_box()
    assert stage is not None and panel is not None and stage["x"] + stage["width"] <= panel["x"]
    page.keyboard.press("]")
    expect(page.locator("#mix-out")).to_have_text("60 %")
    expect(page.locator("#title")).to_contain_text("The Starry Night 60%", timeout=LONG_MS)
    page.select_option("#mix-with", "")
    expect(page.locator("#title")).to_have_text("holiday & <sun>", timeout=LONG_MS)


def test_what_is_no_picture_is_said_and_changes_nothing(visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit()
    before = style_now(page)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    page.set_input_files("#file", tmp_path / "broken.png")
    expect(page.locator("#toasts")).to_contain_text("cannot be used as a style", timeout=LONG_MS)
    assert style_now(page) == before


def test_a_snapshot_and_a_recording_are_kept(visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit()
    with page.expect_download() as download:
        page.keyboard.press("s")
    download.value.save_as(tmp_path / "snapshot.png")
    assert re.fullmatch(r"livebrush_[\w+-]+_\d{8}T\d{6}\.png", download.value.suggested_filename)
    assert cv2.imread(str(tmp_path / "snapshot.png")).shape == (360, 640, 3)
    page.keyboard.press("r")
    expect(page.locator("#record")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#rec-time")).not_to_have_text("0:00", timeout=LONG_MS)
    page.keyboard.press("r")
    with page.expect_download() as download:
        page.locator("#film-list a").first.click()
    download.value.save_as(tmp_path / "film.mp4")
    with av.open(str(tmp_path / "film.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) > 1


def test_what_was_set_is_still_set_after_a_reload(visit: Callable[..., Page]) -> None:
    page = visit()
    page.keyboard.press("c")
    page.keyboard.press("-")
    expect(page.locator("#strength-out")).to_have_text("90 %")
    expect(page.locator("#original_colors")).to_be_checked()
    page.wait_for_timeout(300)
    page.reload()
    page.wait_for_selector(LIVE)
    expect(page.locator("#strength-out")).to_have_text("90 %")
    expect(page.locator("#original_colors")).to_be_checked()
    page.keyboard.press("c")
    page.keyboard.press("+")
    expect(page.locator("#strength-out")).to_have_text("100 %")


def test_the_split_view_shows_what_was_painted_left_of_its_line(visit: Callable[..., Page]) -> None:
    page = visit()
    page.keyboard.press("Space")
    expect(page.locator("#age")).to_have_text("paused")
    whole = pixels(page)
    page.keyboard.press("v")
    expect(page.locator("#split-at")).to_be_focused()
    page.wait_for_timeout(500)
    split = pixels(page)
    assert split != whole
    for _ in range(5):
        page.keyboard.press("PageUp")
    assert pixels(page) not in (split, whole)
    page.keyboard.press("v")
    page.locator("#pause").click()
    expect(page.locator("#age")).to_be_hidden()


@pytest.mark.parametrize("query", ["?jpeg=1", ""])
def test_the_visitors_camera_is_painted(visit: Callable[..., Page], query: str) -> None:
    page = visit(query)
    page.check("input[name=source][value=camera]", force=True)
    expect(page.locator("#status-text")).to_have_text("Your camera", timeout=LONG_MS)
    page.wait_for_selector(LIVE)
    if query == "" and has_network():
        expect(page.locator("#f-size")).to_contain_text("WebRTC", timeout=LONG_MS)
    before = pixels(page)
    page.wait_for_timeout(700)
    assert pixels(page) != before
    page.check("input[name=source][value=show]", force=True)
    expect(page.locator("#status-text")).to_have_text("Demo scene", timeout=LONG_MS)


def test_the_keyboard_alone_suffices(visit: Callable[..., Page]) -> None:
    page = visit()
    reached, nameless = set(), []
    for _ in range(60):
        page.keyboard.press("Tab")
        found = page.evaluate(
            """() => {
              const e = document.activeElement;
              const labels = [...(e.labels ?? [])].map((label) => label.innerText).join();
              const name = e.getAttribute("aria-label") || e.innerText || labels;
              const drawnBeside = e.matches(".choice input, .card input");
              const seen = getComputedStyle(e).outlineStyle !== "none" || drawnBeside;
              return [e.id || e.name || e.className || e.tagName, name.trim(), seen];
            }"""
        )
        reached.add(found[0])
        if found[0] not in ("BODY", "panel") and (not found[1] or not found[2]):
            nameless.append(found)
    wanted = {"skip", "theme", "help", "pause", "split", "snapshot", "record", "full", "source", "file"}
    wanted |= {"style", "mix-with", "strength", "detail", "original_colors", "mask"}
    assert wanted <= reached and nameless == []
    page.keyboard.press("h")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def test_a_phone_shows_it_without_scrolling_sideways(visit: Callable[..., Page]) -> None:
    page = visit(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, color_scheme="dark")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, select, .choice label, .switch, .card")]
          .filter(e => e.offsetParent !== null)
          .filter(e => e.getBoundingClientRect().height < 40 || e.getBoundingClientRect().width < 40)
          .map(e => e.id || e.className)"""
    )
    assert small == []
    box = page.locator("#stage").bounding_box()
    assert box is not None and box["y"] < 80 and box["height"] > 150


def test_a_link_for_watching_shows_the_painting_and_nothing_that_changes_it(
    browser: Browser, watched: Server
) -> None:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(f"{watched.address}?token={'w' * 16}")
    page.wait_for_selector(LIVE, timeout=LONG_MS)
    expect(page.locator("#title")).to_have_text("The Starry Night")
    for changes in ("#panel", "#pause", "#record"):
        expect(page.locator(changes)).to_be_hidden()
    expect(page.locator("#snapshot")).to_be_visible()
    page.keyboard.press("n")
    expect(page.locator("#toasts")).to_contain_text("for watching only")
    page.wait_for_timeout(500)
    expect(page.locator("#title")).to_have_text("The Starry Night")
    before = pixels(page)
    page.wait_for_timeout(700)
    assert pixels(page) != before  # and it goes on
    assert "token" not in page.url
    page.context.close()


def test_the_page_comes_back_when_its_server_does(visit: Callable[..., Page], server: Server) -> None:
    page = visit()
    server.end(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
    expect(page.locator("#veil")).to_be_visible(timeout=LONG_MS)
    expect(page.locator("#status-text")).to_have_text("Connecting")
    server.start()
    expect(page.locator("#status-text")).to_have_text("Demo scene", timeout=LONG_MS)
    page.wait_for_selector(LIVE)
    expect(page.locator("#veil")).to_be_hidden()
