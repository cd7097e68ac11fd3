"""Measurements that take turns, so that whatever slows the machine down slows all of them alike.

A machine is rarely quiet, and a processor that grows warm grows slow. So nothing is measured first and
something else afterwards: everything takes a short turn in every round, in an order that changes from
round to round, and two things are compared within a round only.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from realtime.errors import OptionError

Key = TypeVar("Key", bound=Hashable)
Watch = Callable[[int, int], object]


def unwatched(done: int, total: int) -> None:
    """Show nothing: the `Watch` of a measurement that nobody waits for."""


def check_counts(rounds: int, frames: int) -> None:
    """Raise OptionError for fewer than one round, or than two frames in a turn."""
    if rounds < 1:
        raise OptionError(f"rounds must be at least 1, got {rounds}")
    if frames < 2:
        raise OptionError(f"frames must be at least 2, got {frames}")


def turn_order(number: int, count: int) -> list[int]:
    """Return in which order `count` measurements take their turns in round `number`, from 0.

    Every second round begins with another one, and the round between goes backwards: AB BA BA AB for
    two, ABC CBA BCA ACB CAB BAC for three. So each comes early and late, before and after each other.
    """
    start = number // 2 % count
    order = [*range(start, count), *range(start)]
    return order[::-1] if number % 2 else order


def take_turns(
    turns: Mapping[Key, Callable[[], float]], rounds: int, watch: Watch = unwatched
) -> dict[Key, list[float]]:
    """Return what each turn measured, one value a round.

    Args:
        turns: each measures for a second or so and returns one figure.
        rounds: how often each is called.
        watch: called between turns with how many of how many are done; may draw, its time is not counted.
    """
    keys = list(turns)
    values: dict[Key, list[float]] = {key: [] for key in keys}
    for number in range(rounds):
        for place in turn_order(number, len(keys)):
            values[keys[place]].append(turns[keys[place]]())
            watch(sum(map(len, values.values())), rounds * len(keys))
    return values


@dataclass(frozen=True)
class Spread:
    """A figure that was measured once a round: the median, and where eight rounds of ten lie.

    Args:
        median: over the rounds.
        p10, p90: the 10th and the 90th percentile, interpolated linearly between rounds.
        rounds: every value, in the order of the rounds.
    """

    median: float
    p10: float
    p90: float
    rounds: tuple[float, ...]

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of one value a round; at least one."""
        p10, median, p90 = (float(value) for value in np.percentile(values, (10, 50, 90)))
        return cls(median, p10, p90, tuple(values))

    @classmethod
    def of_ratio(cls, over: Sequence[float], under: Sequence[float]) -> Spread:
        """Return the spread of over / under, each ratio taken within one round."""
        return cls.of([a / b for a, b in zip(over, under, strict=True)])

    def to_plain(self) -> dict[str, Any]:
        """Return plain JSON values, of six digits each."""
        named = {"median": self.median, "p10": self.p10, "p90": self.p90}
        return {
            **{name: _six_digits(value) for name, value in named.items()},
            "rounds": [_six_digits(value) for value in self.rounds],
        }


def _six_digits(value: float) -> float:
    return float(f"{value:.6g}")
