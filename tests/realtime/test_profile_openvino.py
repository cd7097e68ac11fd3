import random

import pytest

from realtime.profile_openvino import split_means


def means_of(took_us: list[int]) -> list[int]:
    """What OpenVINO tells after each run: the mean of all so far, cut to whole microseconds."""
    return [sum(took_us[:count]) // count for count in range(1, len(took_us) + 1)]


def test_runs_that_all_take_the_same_are_told_exactly() -> None:
    assert split_means(means_of([700] * 20)) == [700] * 20


def test_runs_worked_by_hand() -> None:
    # After two runs the sum is 30 or 31, after three 60, 61 or 62.
    assert split_means([10, 15, 20]) == [10, 20, 30]


def test_one_run_that_was_disturbed_disturbs_no_other() -> None:
    took_us = [250] * 12
    took_us[7] = 30_000
    split = split_means(means_of(took_us))
    assert split[7] == pytest.approx(30_000, abs=12)
    assert [us for number, us in enumerate(split) if number != 7] == pytest.approx([250] * 11, abs=12)


def test_a_short_operator_keeps_its_microseconds_where_the_means_are_cut() -> None:
    drawn = random.Random(3)
    took_us = [drawn.choice((4, 5, 5, 6)) for _ in range(30)]
    split = split_means(means_of(took_us))
    assert sorted(split)[15] == pytest.approx(5, abs=1)
    assert sum(split) == pytest.approx(sum(took_us), abs=30)


def test_no_run_takes_less_than_nothing() -> None:
    drawn = random.Random(1)
    took_us = [drawn.randrange(0, 3) for _ in range(50)]
    assert min(split_means(means_of(took_us))) >= 0
