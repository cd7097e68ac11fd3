from __future__ import annotations

import json
import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from clip_makers import write_clip
from film_runners import IDENTITY, Count

from realtime.errors import OptionError
from realtime.film import Film, OwnBrushes, paint_film
from realtime.film_cut import FilmCut
from realtime.film_painter import mix
from realtime.film_plan import FilmOptions
from realtime.source_video import VideoSource
from realtime.style_timeline import Change, Mix, StyleTimeline, parse_time, read_timeline
from realtime.testing import IdentityEngine


class Grey(IdentityEngine):
    """An engine whose painting is of one grey, whatever it sees."""

    def __init__(self, value: int) -> None:
        super().__init__()
        self._value = value

    def infer(self, image: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        self.painted += 1
        return np.full_like(image, self._value)


def timeline(*changes: Change, strength: float = 1.0) -> StyleTimeline:
    return StyleTimeline("a", strength, changes)


def test_before_the_first_change_the_first_style_paints_alone() -> None:
    told = timeline(Change(Fraction(2), "b"))
    assert told.at(Fraction(0)).shares == {"a": 1.0}
    assert told.at(Fraction(2)).shares == {"b": 1.0}


def test_a_fade_takes_its_time() -> None:
    told = timeline(Change(Fraction(2), "b", strength=0.0, fade_s=Fraction(4)))
    shares = [told.at(Fraction(t)).shares.get("b", 0.0) for t in (1, 2, 3, 4, 6, 100)]
    assert shares == [0, 0, 0.25, 0.5, 1, 1]
    assert [told.at(Fraction(t)).strength for t in (2, 4, 6)] == [1, 0.5, 0]


def test_a_fade_within_a_fade_starts_from_what_is_seen() -> None:
    told = timeline(
        Change(Fraction(0), "b", fade_s=Fraction(4)), Change(Fraction(2), "c", fade_s=Fraction(2))
    )
    assert told.at(Fraction(2)).shares == {"a": 0.5, "b": 0.5}
    assert told.at(Fraction(3)).shares == {"a": 0.25, "b": 0.25, "c": 0.5}
    assert told.at(Fraction(4)).shares == {"c": 1.0}
    assert sum(told.at(Fraction(31, 10)).shares.values()) == pytest.approx(1)


def test_a_style_goes_on_fading_while_the_strength_changes() -> None:
    told = timeline(
        Change(Fraction(0), "b", fade_s=Fraction(4)), Change(Fraction(1), strength=0.0, fade_s=Fraction(4))
    )
    assert told.at(Fraction(2)).shares == {"a": 0.5, "b": 0.5}
    assert told.at(Fraction(60)) == Mix({"b": 1.0}, 0.0)
    assert [told.at(Fraction(t)).strength for t in (1, 3, 5)] == [1, 0.5, 0]
    told = timeline(Change(Fraction(0), strength=0.0, fade_s=Fraction(4)), Change(Fraction(1), "b"))
    assert [told.at(Fraction(t)).strength for t in (2, 4)] == [0.5, 0]


def test_strength_changes_alone() -> None:
    told = timeline(Change(Fraction(1), strength=0.25), strength=0.75)
    assert [told.at(Fraction(t)).strength for t in (0, 1)] == [0.75, 0.25]
    assert told.styles == ("a",)


def test_a_file_is_read_in_any_order_with_times_as_people_write_them(tmp_path: Path) -> None:
    path = tmp_path / "styles.json"
    path.write_text(
        json.dumps([{"at": "1:02.5", "style": "c", "fade": 2}, {"at": 0, "style": "b", "strength": 0.5}])
    )
    told = read_timeline(path, "a")
    assert (told.style, told.strength) == ("b", 0.5)
    assert told.styles == ("b", "c")
    assert told.changes[1] == Change(Fraction(125, 2), "c", None, Fraction(2))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "must be a list"),
        ('[{"style": "b"}]', 'entry 1: "at" is missing'),
        ('[{"at": 1}]', "neither a style nor a strength"),
        ('[{"at": -1, "style": "b"}]', "at must be seconds or H:MM:SS, got -1"),
        ('[{"at": 1, "style": 7}]', "style must be a name"),
        ('[{"at": 1, "strength": 2}]', "strength must be from 0"),
        ('[{"at": 1, "strength": true}]', "strength must be a number"),
        ('[{"at": 1, "style": "b", "lasts": 3}]', "'lasts' is not one of"),
    ],
)
def test_a_timeline_that_cannot_be_is_refused_by_its_entry(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "styles.json"
    path.write_text(text)
    with pytest.raises(OptionError, match=message):
        read_timeline(path, "a")


def test_times_are_seconds_or_clock_times() -> None:
    assert [parse_time(t, "at") for t in (7, 1.5, "83.5", "1:23.5", "1:00:00")] == [
        *(7, Fraction(3, 2), Fraction(167, 2), Fraction(167, 2), 3600)
    ]


def test_paintings_are_mixed_by_their_shares() -> None:
    pictures = [np.full((4, 6, 3), value, np.uint8) for value in (10, 110, 210)]
    assert (mix(list(zip(pictures, (0.5, 0.25, 0.25), strict=True))) == 85).all()


@pytest.mark.parametrize("start", [0, 1])
def test_a_film_changes_and_cross_fades_at_the_times_of_the_film_that_goes_in(
    tmp_path: Path, start: int
) -> None:
    source = write_clip(tmp_path / "in.mp4", count=75, fps=25, gop=25)
    told = timeline(Change(Fraction(1), "b", fade_s=Fraction(1)), Change(Fraction(5, 2), strength=0.0))
    engines = {"a": Grey(40), "b": Grey(200)}
    options = FilmOptions(
        told,
        {"a": IDENTITY, "b": IDENTITY},
        cut=FilmCut(Fraction(start)),
        segment_frames=25,
        codec="ffv1",
        steady="off",  # no piece warms up on the frames before
    )
    paint_film(Film(source, tmp_path / "out.mkv"), options, OwnBrushes(engines, threading.Event()), Count())
    seen, originals = greys(tmp_path / "out.mkv"), greys(source)[25 * start :]
    expected = [40 + 160 * min(1, max(0, n / 25 - 1)) for n in range(25 * start, 75)]
    until = 63 - 25 * start
    np.testing.assert_allclose(seen[:until], expected[:until], atol=1)
    np.testing.assert_allclose(seen[until:], originals[until:], atol=2)
    assert (engines["a"].painted, engines["b"].painted) == (50 - 25 * start, 49)


def greys(path: Path) -> list[float]:
    source, means = VideoSource(path), []
    while (frame := source.read()) is not None:
        means.append(float(frame.image.mean()))
    source.close()
    return means
