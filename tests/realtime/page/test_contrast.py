"""The page's colours by WCAG 2.2, reckoned from its style sheet: text 4.5, marks and edges 3.0."""

import re

import pytest

from realtime.page.files import FOLDER

CSS = (FOLDER / "page.css").read_text(encoding="utf-8")
TEXT = [
    ("ink", "paper"),
    ("ink", "sheet"),
    ("ink", "sunk"),
    ("ink", "accent-wash"),
    ("faint", "paper"),
    ("faint", "sheet"),
    ("faint", "sunk"),
    ("accent", "sheet"),
    ("accent", "accent-wash"),
    ("on-accent", "accent"),
    ("bad", "paper"),
    ("bad", "accent-wash"),
    ("on-veil", "veil"),
]
MARKS = [
    ("accent", "paper"),
    ("accent", "sheet"),
    ("accent", "sunk"),
    ("line", "paper"),
    ("line", "sheet"),
    ("sheet", "line"),
    ("good", "paper"),
    ("bad", "sheet"),
]


def colours(theme: str) -> dict[str, str]:
    selector = ":root {" if theme == "light" else ':root[data-theme="dark"] {'
    block = CSS.split(selector, 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


def luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_reckoned_as_wcag_reckons_it() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_colour_is_defined_in_both_themes(theme: str) -> None:
    sheets = [path.read_text(encoding="utf-8") for path in FOLDER.glob("*.css")]
    used = set(re.findall(r"var\(--([a-z-]+)\)", "".join(sheets))) - {"at"}
    assert used - {"shadow"} <= colours(theme).keys()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), TEXT)
def test_text_can_be_read(theme: str, front: str, back: str) -> None:
    found = colours(theme)
    assert contrast(found[front], found[back]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), MARKS)
def test_marks_and_edges_can_be_seen(theme: str, front: str, back: str) -> None:
    found = colours(theme)
    assert contrast(found[front], found[back]) >= 3.0


def test_no_other_colour_of_text_stands_outside_the_variables() -> None:
    for path in FOLDER.glob("*.css"):
        body = re.sub(r":root[^{]*\{[^}]*\}", "", path.read_text(encoding="utf-8"))
        assert not re.findall(r"[{; ]color: (?!var\(|inherit|currentColor)[^;]+;", body), path.name
