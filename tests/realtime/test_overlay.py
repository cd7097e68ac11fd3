"""What is drawn over the picture: in its place, readable, and nowhere else."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime import lettering
from realtime.controls import Controls
from realtime.lettering import draw_text, text_width, to_ascii
from realtime.overlay import Hud, draw_help, draw_hud, draw_toast, hud_facts, hud_states

HUD = Hud(
    "The Great Wave off Kanagawa", hud_facts((640, 360), 25.13, 41.4, "openvino bf16"), ["paused"], "1:05"
)


def canvas(width: int, height: int, value: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), value, np.uint8)


def changed(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.bool_]:
    different: NDArray[np.bool_] = np.any(before != after, axis=2)
    return different


def test_the_facts_are_size_rate_latency_and_engine() -> None:
    assert HUD.facts == ["640\u00d7360", "25.1 fps", "41 ms", "openvino bf16"]


def test_states_tell_only_what_differs_from_normal() -> None:
    assert hud_states(Controls()) == []
    states = hud_states(Controls(strength=0.7, original_colors=True, paused=True))
    assert states == ["strength 70%", "original colours", "paused"]


@pytest.mark.parametrize("background", [0, 128, 255])
def test_the_head_up_line_can_be_read_on_any_picture(background: int) -> None:
    picture = canvas(1280, 720, background)
    draw_hud(picture, HUD)
    strip = cv2.cvtColor(picture[:36], cv2.COLOR_BGR2GRAY)
    paper = float(np.median(strip)) / 255
    ink = float(strip.max()) / 255
    # Contrast by WCAG 2, on relative luminance; 4.5 is what it asks for text.
    assert (ink**2.2 + 0.05) / (paper**2.2 + 0.05) > 4.5


@pytest.mark.parametrize("size_wh", [(1920, 1080), (640, 360), (480, 640), (64, 360), (16, 360)])
def test_the_head_up_line_stays_in_a_strip_at_the_top_of_any_picture(size_wh: tuple[int, int]) -> None:
    picture = canvas(*size_wh, 200)
    draw_hud(picture, HUD)
    rows = np.atleast_1d(changed(canvas(*size_wh, 200), picture).any(axis=1))
    assert rows.any()
    assert not rows[size_wh[1] // 8 :].any()


def test_letters_are_anti_aliased() -> None:
    picture = canvas(640, 360, 0)
    draw_text(picture, "Starry Night", (20, 100), 24)
    assert len(np.unique(picture)) > 16


def test_a_toast_is_near_the_bottom_and_within_the_picture_however_long_it_is() -> None:
    before, picture = canvas(640, 360, 200), canvas(640, 360, 200)
    draw_toast(picture, "saved " + "a_very_long_name" * 20 + ".png")
    touched = changed(before, picture)
    assert touched[180:].any()
    assert not touched[:180].any()
    assert not touched[:, 0].any()
    assert not touched[:, -1].any()


@pytest.mark.parametrize("size_wh", [(640, 360), (1280, 720), (360, 640), (64, 360)])
def test_the_help_fits_any_window(size_wh: tuple[int, int]) -> None:
    before, picture = canvas(*size_wh, 200), canvas(*size_wh, 200)
    draw_help(picture, "The Great Wave off Kanagawa \u2013 Katsushika Hokusai, c. 1831")
    touched = changed(before, picture)
    assert touched[size_wh[1] // 2, size_wh[0] // 2]
    if size_wh[0] > 64:
        assert not touched[0].any()
        assert not touched[-1].any()
        assert not touched[:, 0].any()
        assert not touched[:, -1].any()


def test_a_longer_text_is_wider() -> None:
    assert 0 < text_width("a", 20) < text_width("ab", 20) < text_width("ab ", 20)


def test_opencv_4_draws_the_same_line_in_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "_font", lambda: None)
    text_width.cache_clear()
    picture = canvas(640, 360, 0)
    draw_hud(picture, HUD)
    text_width.cache_clear()
    assert picture[:30].max() == 255
    assert not picture[60:].any()


def test_what_is_no_ascii_becomes_the_nearest_ascii() -> None:
    assert to_ascii("Caf\u00e9 \u2013 640\u00d7360 \u5317") == "Cafe - 640x360 ?"
