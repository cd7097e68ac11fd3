"""A page in a real browser: what a visitor sees, hears of in words, and takes home."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from export.browser import open_chromium, serve, what_lacks
from export.errors import ExportError
from export.frames import hard_frames, real_frames
from export.inspect_web import inspect_file
from export.painter_web import has_card, open_painters
from export.parity import compare
from export.source import Source, load_source
from export.targets import ExportOptions
from export.to_web import write_page
from export.verify import faults_of
from export.web_runtime import find_package
from realtime.demo import draw_demo_frame
from realtime.mask import PERSON
from realtime.mask_network import MaskContract, NetworkMask
from realtime.mask_steady import Held, steady_alpha
from realtime.testing import make_frame

FP16 = ExportOptions("fp16")
# Nothing is remembered, but that the camera was switched off; once, for pages reload themselves.
_AS_NEW = """if (!sessionStorage.begun) {
  localStorage.clear();
  localStorage.setItem('livebrush-camera', 'off');
  sessionStorage.begun = 'yes';
}"""
PAINTED, LIVE = "#canvas[data-count]", "#canvas[data-source=camera]"


@pytest.fixture(scope="module")
def source() -> Source:
    return load_source("starry_night")


@pytest.fixture(scope="module")
def page_file(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with two styles, which are one network under two names: tracing takes its time."""
    try:
        find_package()
    except ExportError as error:
        pytest.skip(f"no onnxruntime-web: {error}")
    style = {**source.content["style"], "name": "second", "title": "<b>Second</b>"}
    second = Source(source.network, {**source.content, "style": style})
    file = tmp_path_factory.mktemp("web") / "index.html"
    write_page([source, second], file, FP16)
    return file


@pytest.fixture(scope="module")
def chromium(page_file: Path) -> Iterator[Any]:
    if lacks := what_lacks():
        pytest.skip(lacks)
    with open_chromium() as browser:
        yield browser


@dataclass
class Visit:
    """A page that was opened, its address, and what it asked for and complained of."""

    page: Any
    address: str
    requests: list[str]
    complaints: list[str]


@pytest.fixture(scope="module")
def served(chromium: Any, page_file: Path) -> Iterator[tuple[Any, str]]:
    """A browser that nobody has used, and the page's address."""
    with serve(page_file.parent) as address, closing(chromium.new_context()) as context:
        context.add_init_script(_AS_NEW)
        yield context, address


@pytest.fixture
def visit(served: tuple[Any, str]) -> Iterator[Visit]:
    """A visit without the camera: the page paints its sample."""
    context, address = served
    with closing(context.new_page()) as page:
        found = Visit(page, address, [], [])
        page.on("request", lambda request: found.requests.append(request.url))
        page.on("pageerror", lambda error: found.complaints.append(str(error)))
        page.on("console", lambda said: found.complaints.append(said.text) if said.type == "error" else None)
        page.goto(address)
        page.wait_for_selector(PAINTED)
        yield found


def count(page: Any) -> int:
    return int(page.get_attribute("#canvas", "data-count"))


def wait_for_another(page: Any, before: int) -> None:
    page.wait_for_selector(f'#canvas:not([data-count="{before}"])')


def wait_for_pixel(page: Any, rgb: list[int]) -> None:
    """Wait until the canvas has this colour at a place near its left edge."""
    script = """() => Array.from(
      document.getElementById('canvas').getContext('2d').getImageData(10, 90, 1, 1).data
    )"""
    for _ in range(400):
        if max(abs(one - other) for one, other in zip(page.evaluate(script), rgb, strict=False)) <= 1:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"the canvas has {page.evaluate(script)}, not {rgb}")


def test_a_page_paints_what_the_network_paints(source: Source, chromium: Any, page_file: Path) -> None:
    frames = [next(real_frames()), *hard_frames()]
    with closing(next(open_painters(page_file, FP16))) as painter:
        for one in compare(source.network, painter, frames):
            assert not faults_of(one.parity, "fp16"), one.parity
        assert painter.runtime.startswith("chromium WASM") and painter.last_ms > 0
        if (os.cpu_count() or 1) > 1:  # the service worker alone makes threads possible
            assert "x" in painter.runtime


def test_a_visit_asks_nobody_else_and_says_what_it_runs_on(visit: Visit) -> None:
    assert visit.page.evaluate("crossOriginIsolated")
    assert visit.page.inner_text("#backend").startswith("WASM")
    assert "WebGPU" in visit.page.get_attribute("#about-button", "title")
    assert visit.page.inner_text("figcaption") == "The Starry Night\nVincent van Gogh, 1889"
    assert all(url.startswith(visit.address) or url.startswith("blob:") for url in visit.requests)
    assert not visit.complaints


def test_keys_choose_a_style_and_its_name_is_text_not_markup(visit: Visit) -> None:
    before = count(visit.page)
    visit.page.keyboard.press("n")
    visit.page.wait_for_selector("#title:has-text('<b>Second</b>')")
    wait_for_another(visit.page, before)
    assert visit.page.is_checked('input[value="second"]')
    for _ in range(3):  # steps that come before the style has loaded count too
        visit.page.keyboard.press("n")
    visit.page.wait_for_selector("#title:has-text('The Starry Night')")
    for _ in range(3):
        visit.page.keyboard.press("-")
    assert visit.page.inner_text("#strength-said") == "70%"
    visit.page.keyboard.press("h")
    assert "Works offline" in visit.page.inner_text("#about")


def test_strength_nothing_is_the_picture_itself(visit: Visit, tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (9, 16, 3), np.uint8)
    picture = cv2.resize(picture, (320, 180), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(tmp_path / "mine.png"), picture)
    visit.page.set_input_files("#file", tmp_path / "mine.png")
    visit.page.select_option("#side", "320")
    visit.page.wait_for_selector("#welcome", state="hidden")
    visit.page.fill("#strength", "0")
    wait_for_pixel(visit.page, picture[90, 10, ::-1].tolist())
    visit.page.fill("#strength", "100")
    visit.page.keyboard.press("v")  # left of the middle is the picture, whatever is painted
    wait_for_pixel(visit.page, picture[90, 10, ::-1].tolist())
    visit.page.fill("#strength", "0")
    with visit.page.expect_download() as download:
        visit.page.keyboard.press("s")
    assert download.value.suggested_filename.startswith("livebrush-starry_night-")
    saved = cv2.imread(str(download.value.path()))
    assert saved.shape == picture.shape
    assert np.abs(saved.astype(int) - picture).max() <= 1


def alpha_of(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return where the network that ships finds people, as large as the picture."""
    mask = NetworkMask(PERSON)
    with closing(mask):
        alpha = mask.alpha(replace(make_frame(), image=picture))
    return np.asarray(cv2.resize(alpha, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def test_only_people_or_only_the_room_is_painted(visit: Visit, tmp_path: Path) -> None:
    picture = draw_demo_frame(160, (320, 180))
    alpha = cv2.erode(alpha_of(picture), np.ones((9, 9), np.uint8))
    outside = cv2.dilate(alpha_of(picture), np.ones((9, 9), np.uint8)) < 5
    assert (alpha > 250).sum() > 500 and outside.sum() > 500  # the demo scene has somebody in it
    cv2.imwrite(str(tmp_path / "mine.png"), picture)
    visit.page.set_input_files("#file", tmp_path / "mine.png")
    visit.page.select_option("#side", "320")
    changed = {}
    for who in ("all", "person", "room"):
        visit.page.select_option("#who", who)
        visit.page.wait_for_selector(f"#canvas[data-who={who}][width='320'][height='180']")
        with visit.page.expect_download() as download:
            visit.page.keyboard.press("s")
        saved = cv2.imread(str(download.value.path()))
        changed[who] = np.abs(saved.astype(int) - picture).max(axis=2)
    assert changed["all"][alpha > 250].mean() > 5 and changed["all"][outside].mean() > 5
    np.testing.assert_array_less(changed["person"][outside], 12)
    np.testing.assert_array_less(changed["room"][alpha > 250], 12)
    same = changed["all"] - changed["person"]
    assert np.abs(same[alpha > 250]).max() < 12
    visit.page.keyboard.press("m")  # and around to everything again
    visit.page.wait_for_selector("#canvas[data-who=all]")
    assert not visit.complaints


def test_people_are_steadied_as_the_runtime_steadies_them(visit: Visit) -> None:
    chance = np.random.default_rng(0)
    grey, alpha = (chance.integers(0, 256, (2, 6, 8), dtype=np.uint8) for _ in range(2))
    grey[1, :, :4] = grey[0, :, :4]  # half of it stands still
    held = Held(grey[0], alpha[0])
    expected, _ = steady_alpha(held, grey[1], alpha[1])
    script = """async ([grey, alpha]) => {
      const { sizeFor, steady } = await import('./people.js');
      const [before, now] = [0, 1].map((at) => ({
        grey: Float32Array.from(grey[at]), alpha: Float32Array.from(alpha[at]), width: 8,
      }));
      const looks = { area: 25600, multiple: 16 };
      return [Array.from(steady(before, now).alpha), sizeFor(640, 360, looks), sizeFor(8, 8, looks)];
    }"""
    plain = [[one.ravel().tolist() for one in pair] for pair in (grey, alpha)]
    found, wide, square = visit.page.evaluate(script, plain)
    assert np.abs(np.reshape(found, (6, 8)) - expected).max() <= 1.5
    contract = MaskContract.read(PERSON)
    assert tuple(wide) == contract.size_for((640, 360)) and tuple(square) == contract.size_for((8, 8))


def test_a_camera_that_is_allowed_plays_and_can_be_compared(chromium: Any, page_file: Path) -> None:
    with (
        serve(page_file.parent) as address,
        closing(chromium.new_context(permissions=["camera"])) as context,
    ):
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector(LIVE)
        page.keyboard.press("v")
        assert page.get_attribute("#compare", "aria-pressed") == "true"
        wait_for_another(page, count(page))
        page.keyboard.press(" ")  # holds the camera; nothing more is painted then
        page.keyboard.press("c")
        page.wait_for_selector("#canvas[data-source=picture]")
        assert page.is_visible("#welcome")


def test_a_page_that_was_visited_paints_without_its_server(chromium: Any, page_file: Path) -> None:
    with closing(chromium.new_context()) as context:
        page = context.new_page()
        with serve(page_file.parent) as address:
            page.goto(address)
            page.wait_for_selector("html[data-offline=yes]")
        page.goto(address)  # the server is gone
        page.wait_for_selector(PAINTED)
        page.keyboard.press("n")
        page.wait_for_selector("#title:has-text('Second')")
        assert page.is_hidden("#notice")


@pytest.mark.parametrize(
    ("name", "words"),
    [("NotAllowedError", "not allowed for this page"), ("NotFoundError", "No camera was found")],
)
def test_a_camera_that_cannot_be_had_is_told_in_words(visit: Visit, name: str, words: str) -> None:
    visit.page.evaluate(
        "name => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', name)); }",
        name,
    )
    visit.page.click("#start")
    visit.page.wait_for_selector(f"#notice-text:has-text('{words}')")
    assert visit.page.is_visible("#notice-retry")


def test_a_file_that_is_no_picture_is_told_in_words(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "letter.png").write_text("no picture")
    visit.page.set_input_files("#file", tmp_path / "letter.png")
    visit.page.wait_for_selector("#notice-text:has-text('letter.png cannot be shown here')")


def test_a_page_opened_as_a_file_says_how_to_serve_it(chromium: Any, page_file: Path) -> None:
    with closing(chromium.new_context()) as context:
        page = context.new_page()
        page.goto(page_file.as_uri())
        page.wait_for_selector("#notice-text:has-text('python -m http.server')")


def test_the_size_follows_what_a_painting_takes(visit: Visit) -> None:
    chosen = visit.page.evaluate(
        """async () => {
          const { Pace, choose, fit } = await import('./pace.js');
          const pace = new Pace(320);
          const changed = Array.from({ length: 8 }, () => pace.note(10, 320));
          const chosen = [choose(320, 200), choose(320, 50), choose(320, 10)];
          return [...chosen, changed, pace.side, fit(1920, 1080, 320)];
        }"""
    )
    assert chosen == [256, 320, 640, [False] * 7 + [True], 640, [320, 180]]


def test_a_live_page_is_measured_as_its_visitor_has_it(chromium: Any, page_file: Path) -> None:
    line, *others = inspect_file(page_file, FP16)
    assert has_card(page_file.parent) or others == [
        "WebGPU was not run here: Chromium finds no graphics card."
    ]
    assert "first picture" in line and "fps of a camera at 320x240" in line
