from __future__ import annotations

from fractions import Fraction

from realtime.timeline import Timeline

MILLISECONDS = Fraction(1, 1000)


def test_good_times_stay_as_they_are() -> None:
    timeline = Timeline(MILLISECONDS, step=40)
    assert [timeline.place(pts) for pts in (-20, 0, 41, 500)] == [-20, 0, 41, 500]


def test_missing_times_follow_by_one_step() -> None:
    timeline = Timeline(MILLISECONDS, step=40)
    assert [timeline.place(pts) for pts in (None, None, 100, None)] == [0, 40, 100, 140]


def test_a_repeated_time_is_set_on_by_the_least_and_the_next_is_exact_again() -> None:
    timeline = Timeline(MILLISECONDS, step=40)
    assert [timeline.place(pts) for pts in (0, 40, 40, 80)] == [0, 40, 41, 80]


def test_a_clock_that_starts_again_goes_on_from_where_it_was() -> None:
    timeline = Timeline(MILLISECONDS, step=40)
    assert [timeline.place(pts) for pts in (90_000, 90_040, 0, 40, 80)] == [
        90_000, 90_040, 90_080, 90_120, 90_160,
    ]  # fmt: skip


def test_the_offset_is_taken_from_every_time() -> None:
    timeline = Timeline(MILLISECONDS, step=40, offset=1400)
    assert [timeline.place(pts) for pts in (1400, 1440)] == [0, 40]
    assert timeline.end == 80
