"""The page's addresses, asked as a browser on this machine asks."""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from page_makers import Page, grey, next_picture, open_page
from waiting import wait_until

from realtime.page.gallery import MOST_UPLOAD_BYTES
from realtime.page.house import UPLOADS


@pytest.fixture
def page(tiny_style: Path, meta_network: Path) -> Iterator[Page]:
    with open_page(tiny_style) as page:
        yield page


def png(image: np.ndarray) -> bytes:  # type: ignore[type-arg]
    return cv2.imencode(".png", image)[1].tobytes()


def test_the_page_and_all_that_it_names_are_there(page: Page) -> None:
    index = page.client.get("/")
    assert index.status_code == 200 and index.headers["content-type"].startswith("text/html")
    named = [part.split('"')[0] for part in index.text.split('="/static/')[1:]]
    assert {"page.css", "main.js", "icon.svg"} <= set(named)
    for name in named:
        assert page.client.get(f"/static/{name}").status_code == 200, name


def test_a_page_that_has_not_changed_is_not_sent_again(page: Page) -> None:
    etag = page.client.get("/").headers["etag"]
    answer = page.client.get("/", headers={"if-none-match": etag})
    assert answer.status_code == 304 and not answer.content


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/static/",
        "/static//etc/passwd",
        "/static/..\\app.py",
        "/static/index.html%00.js",
        "/api/recordings/..%2f..%2fetc%2fpasswd",
        "/api/recordings/livebrush.mp4",
        "/api/styles/..%2f..%2fetc/thumbnail.jpg",
        "/docs",
        "/redoc",
    ],
)
def test_nothing_but_its_own_files_can_be_had(page: Page, path: str) -> None:
    answer = page.client.get(path)
    assert answer.status_code in (404, 405), answer.text
    assert "root:" not in answer.text and "def " not in answer.text


def test_the_state_says_what_paints_and_the_figures_what_is_measured(page: Page) -> None:
    page.give(10)
    wait_until(lambda: page.house.main.times.shown == 1)
    state, figures = page.client.get("/api/state").json(), page.client.get("/api/figures").json()
    assert state["painting"]["title"] == "Tiny Test Picture" and state["trouble"] is None
    assert figures["shown"] == 1 and figures["size"] == "96x64" and figures["network_size"] == "96x64"


def test_what_is_set_is_painted(page: Page) -> None:
    with page.watch() as socket:
        page.give(55)
        number, _, painting = next_picture(socket)
        assert number == 1 and mean_of(painting) == 200
        assert page.change(strength=0.0)["strength"] == 0
        page.give(55)
        assert mean_of(next_picture(socket)[2]) == 55


@pytest.mark.parametrize(
    "change",
    [
        {"strength": 1.5},
        {"strength": -0.1},
        {"strength": "1"},
        {"mix": 1e999},
        {"style": ""},
        {"mask": "everything"},
        {"key": "#12345"},
        {"key": "#00ff00; url(//evil)"},
        {"other": 1},
        {"paused": 1},
        [],
        None,
    ],
)
def test_what_cannot_be_set_is_refused_and_changes_nothing(page: Page, change: object) -> None:
    before = page.client.get("/api/state").json()
    headers = {"content-type": "application/json"}
    answer = page.client.request("PATCH", "/api/state", content=json.dumps(change), headers=headers)
    assert answer.status_code == 422 and "\n" not in answer.json()["detail"]
    assert page.client.get("/api/state").json() == before


def test_a_style_that_is_not_offered_is_refused_by_name(page: Page) -> None:
    for change in ({"style": "/etc/passwd"}, {"mix_with": "nosuch"}, {"background": "../x.onnx"}):
        answer = page.client.patch("/api/state", json=change)
        assert answer.status_code == 404 and "no style is called" in answer.json()["detail"]


def test_a_picture_becomes_a_style_that_paints(page: Page) -> None:
    answer = page.client.post("/api/styles", params={"title": "Red <b>"}, content=png(flat((0, 0, 200))))
    assert answer.status_code == 201
    made = answer.json()
    assert made["title"] == "Red <b>" and made["uploaded"]
    listed = page.client.get("/api/styles").json()
    assert listed["can_add"] and listed["styles"][0]["name"] == made["name"]
    with page.watch() as socket:
        page.change(style=made["name"])
        wait_until(lambda: page.house.main.player.current.entry.name == made["name"])
        page.give(40)
        image = cv2.imdecode(np.frombuffer(next_picture(socket)[2], np.uint8), cv2.IMREAD_COLOR)
        assert image[..., 2].mean() > image[..., 0].mean() + 50  # redder than the grey that came in
    assert page.client.get(f"/api/styles/{made['name']}/thumbnail.jpg").content.startswith(b"\xff\xd8")


def test_two_styles_are_mixed_by_share(page: Page) -> None:
    names = [
        page.client.post("/api/styles", content=png(flat(colour))).json()["name"]
        for colour in ((0, 0, 200), (200, 0, 0))
    ]
    page.change(style=names[0], mix_with=names[1], mix=0.5)
    wait_until(lambda: "50%" in page.house.main.player.current.entry.contract.title)
    with page.watch() as socket:
        page.give(40)
        image = cv2.imdecode(np.frombuffer(next_picture(socket)[2], np.uint8), cv2.IMREAD_COLOR)
        assert abs(image[..., 2].mean() - image[..., 0].mean()) < 12
    answer = page.client.patch("/api/state", json={"style": "tiny"})
    assert answer.status_code == 400 and "cannot be mixed" in answer.json()["detail"]


@pytest.mark.parametrize(
    "content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"<svg onload=alert(1)>"]
)
def test_what_is_no_picture_is_refused_in_one_line(page: Page, content: bytes) -> None:
    answer = page.client.post("/api/styles", content=content)
    assert answer.status_code == 400 and "\n" not in answer.json()["detail"]


def test_a_small_file_that_would_unpack_to_gigabytes_is_never_unpacked(page: Page) -> None:
    bomb = png(np.zeros((8000, 8000, 3), np.uint8))  # 64 million pixels
    assert len(bomb) < 1_000_000
    answer = page.client.post("/api/styles", content=bomb)
    assert answer.status_code == 400 and "at most 40 million" in answer.json()["detail"]


def test_a_body_that_is_too_large_is_not_read_to_its_end(page: Page) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:  # without a length that could be looked at
        nonlocal sent
        while sent < 4 * MOST_UPLOAD_BYTES:
            sent += 1 << 20
            yield bytes(1 << 20)

    assert page.client.post("/api/styles", content=endless()).status_code == 413
    headers = {"content-length": str(MOST_UPLOAD_BYTES + 1)}
    assert page.client.post("/api/styles", content=b"x", headers=headers).status_code == 413
    for wrong in ("-1", "x", "\u0661", "9" * 5000):
        raw = {"content-length": wrong.encode()}
        assert page.client.post("/api/styles", content=b"x", headers=raw).status_code == 413


def test_too_many_uploads_are_refused(page: Page) -> None:
    answers = [page.client.post("/api/styles", content=b"x").status_code for _ in range(UPLOADS + 1)]
    assert answers == [400] * UPLOADS + [429]


def test_a_users_file_name_goes_nowhere(page: Page, tmp_path: Path) -> None:
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    title = "../../../etc/cron.d/evil\x00\n"
    made = page.client.post("/api/styles", params={"title": title}, content=png(flat((9, 9, 200)))).json()
    assert made["name"].startswith("picture-") and "\n" not in made["title"]
    written = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert not any("evil" in str(path) for path in written)


def test_a_snapshot_is_the_last_painting_without_loss(page: Page) -> None:
    assert page.client.get("/api/snapshot.png").status_code == 503
    page.give(55)
    wait_until(lambda: page.house.main.times.shown == 1)
    answer = page.client.get("/api/snapshot.png")
    image = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert (image == 200).all() and image.shape == (64, 96, 3)
    assert page.client.get("/api/snapshot.png?session=another").status_code == 404


def test_what_is_recorded_can_be_fetched(page: Page) -> None:
    page.change(recording=True)
    for value in range(0, 100, 10):  # recorded although nobody watches
        shown = page.house.main.times.shown
        page.give(value)
        wait_until(lambda shown=shown: page.house.main.times.shown > shown)
    page.change(recording=False)
    wait_until(lambda: bool(page.house.main.recorder.finished))
    (film,) = page.client.get("/api/state").json()["recordings"]
    answer = page.client.get(f"/api/recordings/{film['name']}")
    assert answer.headers["content-type"] == "video/mp4" and answer.content[4:8] == b"ftyp"
    assert film["name"] in answer.headers["content-disposition"]


def test_without_a_meta_network_pictures_are_not_offered_to_be_added(
    tiny_style: Path, user_styles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEBRUSH_MODELS", str(user_styles))
    with open_page(tiny_style) as page:
        assert not page.client.get("/api/styles").json()["can_add"]
        answer = page.client.post("/api/styles", content=png(flat((0, 0, 9))))
        assert answer.status_code == 400 and "no meta network" in answer.json()["detail"]


def test_the_plain_stream_is_there_only_when_asked_for_and_seats_are_counted(
    page: Page, tiny_style: Path
) -> None:
    assert page.client.get("/stream.mjpg").status_code == 404
    with open_page(tiny_style, mjpeg=True, viewers=1) as other, other.watch():
        answer = other.client.get("/stream.mjpg")
        assert answer.status_code == 503 and "all 1 places are taken" in answer.json()["detail"]


def mean_of(jpeg: bytes) -> int:
    return int(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).mean().round())


def flat(bgr: tuple[int, int, int]) -> np.ndarray:  # type: ignore[type-arg]
    image = grey(0, (80, 48))
    image[:] = bgr
    return image
