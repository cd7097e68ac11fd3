"""What is drawn over the picture in the window, and never into a file: the head-up line, the help, toasts.

The `draw_` functions but `draw_still` write to the canvas they are given, (H, W, 3) uint8 BGR, contiguous:
a copy that the window owns. Texts lie on darkened strips, so that they can be read on any picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.controls import KEY_BINDINGS, Controls
from realtime.lettering import WHITE, draw_text, text_width

Image = NDArray[np.uint8]

RED = (80, 80, 255)
YELLOW = (140, 225, 255)
GREY = (205, 205, 205)
SHADE = 0.35  # what is left of the picture's brightness below a text
SMALLEST_PX = 11
GAP = "   "


@dataclass(frozen=True)
class Hud:
    """What the head-up line says.

    Args:
        title: of the style.
        facts: size, fps, latency, engine; the last are left out first where room is short.
        states: what differs from normal, such as "strength 70%" or "paused".
        recording: how long a recording has run, such as "0:12"; None without one.
    """

    title: str
    facts: Sequence[str]
    states: Sequence[str] = ()
    recording: str | None = None


def hud_states(controls: Controls) -> list[str]:
    """Return what the head-up line says of controls that differ from normal."""
    states = []
    if controls.strength < 1:
        states.append(f"strength {controls.strength:.0%}")
    if controls.original_colors:
        states.append("original colours")
    if controls.paused:
        states.append("paused")
    return states


def hud_facts(network_wh: tuple[int, int], fps: float, latency_ms: float, engine: str) -> list[str]:
    """Return the numbers of the head-up line, most wanted first."""
    return [f"{network_wh[0]}\u00d7{network_wh[1]}", f"{fps:.1f} fps", f"{latency_ms:.0f} ms", engine]


def draw_hud(canvas: Image, hud: Hud) -> None:
    """Draw the head-up line along the top: title and states left, facts right."""
    height, width = canvas.shape[:2]
    left = [(f"\u25cf REC {hud.recording}", RED)] if hud.recording is not None else []
    left += [(hud.title, WHITE)] + [(state, YELLOW) for state in hud.states]
    facts = list(hud.facts)
    size_px, margin = _letter_px(height), _letter_px(height) // 2

    def needed() -> int:
        texts = [text for text, _ in left] + facts
        return text_width(GAP.join(texts), size_px) + 2 * margin

    while needed() > width and (facts or len(left) > 1 or size_px > SMALLEST_PX):
        if size_px > SMALLEST_PX:
            size_px -= 1
        elif facts:
            facts.pop()
        else:
            left.pop()
    _shade(canvas, 0, 0, width, size_px + 2 * margin)
    baseline = margin + round(size_px * 0.85)
    x = margin
    for text, colour in left:
        draw_text(canvas, text, (x, baseline), size_px, colour, bold=colour is not YELLOW)
        x += text_width(text + GAP, size_px, bold=colour is not YELLOW)
    line = GAP.join(facts)
    start = width - margin - text_width(line, size_px, bold=False)
    draw_text(canvas, line, (start, baseline), size_px, GREY)


def draw_toast(canvas: Image, text: str) -> None:
    """Draw one short message in the middle near the bottom, shortened if it is wider than the picture."""
    height, width = canvas.shape[:2]
    size_px = _letter_px(height)
    while text_width(text, size_px) > width - 3 * size_px and size_px > SMALLEST_PX:
        size_px -= 1
    text = _shortened(text, size_px, width - 3 * size_px)
    box_width, box_height = text_width(text, size_px) + 2 * size_px, 2 * size_px
    x, y = (width - box_width) // 2, max(0, height - 2 * box_height)
    _shade(canvas, x, y, box_width, box_height)
    draw_text(canvas, text, (x + size_px, y + round(size_px * 1.35)), size_px, WHITE)


def draw_still(image: Image, text: str) -> Image:
    """Return a darkened copy of a picture, (H, W, 3) uint8 BGR, with one word in its middle."""
    canvas = np.array(image, order="C")
    height, width = canvas.shape[:2]
    _shade(canvas, 0, 0, width, height)
    size_px = max(SMALLEST_PX, min(height // 10, width // (len(text) + 2)))
    x = max(0, (width - text_width(text, size_px)) // 2)
    draw_text(canvas, text, (x, (height + size_px) // 2), size_px, WHITE)
    return canvas


def draw_help(canvas: Image, credit: str) -> None:
    """Draw what every key does in the middle of the picture, and the painting's credit below."""
    height, width = canvas.shape[:2]
    rows = [(binding.label, binding.action.value) for binding in KEY_BINDINGS]
    size_px = max(SMALLEST_PX, min(_letter_px(height), height // (2 * len(rows))))

    def widths() -> tuple[int, int]:
        keys = max(text_width(label, size_px) for label, _ in rows)
        return keys, keys + 2 * size_px + max(text_width(says, size_px) for _, says in rows)

    keys_width, text_wide = widths()
    while text_wide + 3 * size_px > width and size_px > SMALLEST_PX:
        size_px -= 1
        keys_width, text_wide = widths()
    text_wide = max(text_wide, min(text_width(credit, size_px), width - 4 * size_px))
    line_height = round(size_px * 1.5)
    credit = _shortened(credit, size_px, text_wide)
    box_width, box_height = text_wide + 3 * size_px, line_height * (len(rows) + 2)
    x, y = max(0, (width - box_width) // 2), max(0, (height - box_height) // 2)
    _shade(canvas, x, y, box_width, box_height)
    baseline = y + round(line_height * 1.25)
    for label, says in rows:
        draw_text(canvas, label, (x + size_px, baseline), size_px, YELLOW, bold=True)
        draw_text(canvas, says, (x + 3 * size_px + keys_width, baseline), size_px, WHITE)
        baseline += line_height
    draw_text(canvas, credit, (x + size_px, baseline), size_px, GREY)


def _letter_px(height: int) -> int:
    return max(SMALLEST_PX + 2, height // 36)


def _shortened(text: str, size_px: int, room_px: int) -> str:
    if text_width(text, size_px) <= room_px:
        return text
    while text and text_width(text + "\u2026", size_px) > room_px:
        text = text[:-1]
    return text + "\u2026"


def _shade(canvas: Image, x: int, y: int, width: int, height: int) -> None:
    region = canvas[max(0, y) : y + height, max(0, x) : x + width]
    region[...] = cv2.convertScaleAbs(region, alpha=SHADE)
