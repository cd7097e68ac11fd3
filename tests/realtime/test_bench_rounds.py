import json
from collections import Counter

import pytest

from realtime.bench_rounds import Spread, check_counts, take_turns, turn_order
from realtime.errors import OptionError


def test_two_take_turns_as_ab_ba_ba_ab() -> None:
    assert [turn_order(number, 2) for number in range(4)] == [[0, 1], [1, 0], [1, 0], [0, 1]]


def test_three_take_turns_in_every_order_there_is() -> None:
    orders = {tuple(turn_order(number, 3)) for number in range(6)}
    assert len(orders) == 6


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6])
def test_everything_comes_at_every_place_equally_often(count: int) -> None:
    orders = [turn_order(number, count) for number in range(2 * count)]
    for place in range(count):
        assert Counter(order[place] for order in orders) == dict.fromkeys(range(count), 2)


def test_every_turn_is_taken_once_a_round_and_its_values_stay_in_the_order_of_the_rounds() -> None:
    calls: list[str] = []

    def turn(name: str) -> float:
        calls.append(name)
        return float(calls.count(name))

    values = take_turns({"a": lambda: turn("a"), "b": lambda: turn("b")}, rounds=3)
    assert "".join(calls) == "abbaba"
    assert values == {"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 3.0]}


def test_whoever_waits_is_told_after_every_turn() -> None:
    told: list[tuple[int, int]] = []
    take_turns({"a": lambda: 0.0, "b": lambda: 0.0}, 2, lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_spread_worked_by_hand() -> None:
    spread = Spread.of([float(value) for value in range(11)])  # 0 ... 10
    assert (spread.p10, spread.median, spread.p90) == (1.0, 5.0, 9.0)


def test_ratios_are_taken_within_a_round() -> None:
    # In the second round everything took ten times as long: the ratio is the same.
    spread = Spread.of_ratio([20.0, 200.0, 20.0], [10.0, 100.0, 10.0])
    assert (spread.p10, spread.median, spread.p90) == (2.0, 2.0, 2.0)
    assert spread.rounds == (2.0, 2.0, 2.0)


def test_a_spread_of_rounds_that_do_not_belong_together_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        Spread.of_ratio([1.0, 2.0], [1.0])


def test_a_spread_is_plain_json() -> None:
    plain = Spread.of([1.0, 0.000123456789, 123.456789]).to_plain()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["rounds"] == [1.0, 0.000123457, 123.457]


def test_one_round_of_two_frames_is_the_least() -> None:
    check_counts(1, 2)
    with pytest.raises(OptionError, match="rounds must be at least 1, got 0"):
        check_counts(0, 2)
    with pytest.raises(OptionError, match="frames must be at least 2, got 1"):
        check_counts(1, 1)
