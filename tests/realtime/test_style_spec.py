import logging
from pathlib import Path

import pytest

from realtime.errors import OptionError
from realtime.style_spec import Part, UnknownPartError, parse_mix

NAMES = {"starry_night", "udnie"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "b.jpg", "a, b and c.jpg", "odd:0.5", "9:30.jpg"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def parsed(text: str) -> list[tuple[str, float]]:
    return [(part.text, round(part.weight, 4)) for part in parse_mix(text, NAMES)]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a.jpg", [("a.jpg", 1.0)]),
        ("random:7", [("random:7", 1.0)]),
        ("a.jpg:0.6,b.jpg:0.4", [("a.jpg", 0.6), ("b.jpg", 0.4)]),
        ("a.jpg:0.6, starry_night:.4", [("a.jpg", 0.6), ("starry_night", 0.4)]),
        (
            "a.jpg,b.jpg,udnie,random:7",
            [("a.jpg", 0.25), ("b.jpg", 0.25), ("udnie", 0.25), ("random:7", 0.25)],
        ),
        ("random:7:0.5,random:8:0.5", [("random:7", 0.5), ("random:8", 0.5)]),
        ("a, b and c.jpg:0.5,b.jpg:0.5", [("a, b and c.jpg", 0.5), ("b.jpg", 0.5)]),
        ("odd:0.5", [("odd:0.5", 1.0)]),
        ("9:30.jpg:1", [("9:30.jpg", 1.0)]),
        ("a.jpg:1,b.jpg:0", [("a.jpg", 1.0), ("b.jpg", 0.0)]),
    ],
)
def test_what_is_typed_is_taken_apart(text: str, parts: list[tuple[str, float]]) -> None:
    assert parsed(text) == parts


def test_a_whole_path_may_hold_anything(folder: Path) -> None:
    path = folder / "with, comma:0.5" / "x.jpg"
    path.parent.mkdir()
    path.write_bytes(b"")
    assert parsed(f"{path}:0.5,a.jpg:0.5") == [(str(path), 0.5), ("a.jpg", 0.5)]


@pytest.mark.usefixtures("folder")
def test_weights_that_do_not_add_up_are_scaled_and_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert parsed("a.jpg:2,b.jpg:6") == [("a.jpg", 0.25), ("b.jpg", 0.75)]
    assert "add up to 8, not to 1: taken as a.jpg 0.25, b.jpg 0.75" in caplog.text
    caplog.clear()
    parsed("a.jpg:0.3,b.jpg:0.7")
    parsed("a.jpg,b.jpg")
    assert caplog.text == ""


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a.jpg:0,b.jpg:0", "all 0"),
        ("a.jpg:0.5,b.jpg", "b.jpg has no weight"),
        ("a.jpg:-1,b.jpg:2", "weight of a.jpg must be a number such as 0.6, got '-1'"),
        ("a.jpg:nan,b.jpg:2", "got 'nan'"),
        ("a.jpg:1e400,b.jpg:2", "got '1e400'"),
        ("a.jpg:", "got ''"),
        ("udnie:bf16", "got 'bf16'"),
    ],
)
def test_weights_that_make_no_sense_are_told(text: str, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        parse_mix(text, NAMES)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("nowhere.jpg:0.5,a.jpg:0.5", "nowhere.jpg"),
        ("a.jpg:0.5,nowhere.jpg:0.5", "nowhere.jpg"),
        ("undie", "undie"),
        ("random:x", "random:x"),
        ("random:-1", "random:-1"),
        ("", ""),
        ("a\0b", "a\0b"),
        ("x" * 5000, "x" * 5000),
    ],
)
def test_the_first_part_that_does_not_exist_is_named(text: str, unknown: str) -> None:
    with pytest.raises(UnknownPartError) as caught:
        parse_mix(text, NAMES)
    assert caught.value.text == unknown


def test_a_seed_is_read_from_a_random_style() -> None:
    assert Part("random:12").seed == 12
    assert Part("udnie").seed is None
