"""What the judge found: a photograph at a time, a size at a time."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.judge.fixed_loss import Score
from training.judge.references import Reference
from training.judge.speed import Speed


@dataclass(frozen=True)
class Judged:
    """One photograph at one size."""

    file: Path
    size: int
    photograph: Score  # of the photograph itself: no content lost, no style won
    network: Score
    from_content: Reference | None
    from_noise: Reference | None

    @property
    def gap_closed(self) -> float | None:
        """(photograph's total - network's) / (photograph's total - optimisation's)."""
        return None if self.from_content is None else gap_closed([self])


@dataclass(frozen=True)
class SizeReport:
    """All photographs at one size."""

    size: int
    judged: tuple[Judged, ...]
    speed: Speed | None


def gap_closed(judged: Sequence[Judged]) -> float | None:
    """Return the share of the way from photographs to optimised pictures, over those with a reference.

    The totals are summed before they are divided: a photograph that is close to the style from the start,
    whose own gap is small, does not count more than the others.
    """
    there = [(one, one.from_content) for one in judged if one.from_content is not None]
    way = sum(one.photograph.total - reference.final.total for one, reference in there)
    gone = sum(one.photograph.total - one.network.total for one, _ in there)
    return gone / way if way > 0 else None


def size_figures(report: SizeReport) -> dict[str, Any]:
    """Return the figures of one size as plain values: means, and every photograph's own."""
    judged = report.judged
    optimized = [one.from_content.final.total for one in judged if one.from_content]
    speed = report.speed
    return {
        "size": report.size,
        "content": statistics.mean(one.network.content for one in judged),
        "style": statistics.mean(one.network.style for one in judged),
        "total": statistics.mean(one.network.total for one in judged),
        "photograph_total": statistics.mean(one.photograph.total for one in judged),
        "optimized_total": statistics.mean(optimized) if optimized else None,
        "optimized_photographs": len(optimized),
        "gap_closed": gap_closed(judged),
        "steps_from_noise": _median_steps([(one.from_noise, one.network.total) for one in judged]),
        "steps_from_content": _median_steps([(one.from_content, one.network.total) for one in judged]),
        "speed_up": speed.speed_up if speed else None,
        "network_ms": 1000 * speed.network_s if speed else None,
        "step_ms": 1000 * speed.step_s if speed else None,
        "pictures": [_plain_picture(one) for one in judged],
    }


def _median_steps(pairs: Sequence[tuple[Reference | None, float]]) -> float | None:
    """Return the median number of steps to as good a total; None where there is no reference.

    An optimisation that never gets there counts with all its steps: the figure is then a lower bound.
    """
    steps = []
    for reference, total in pairs:
        if reference is not None:
            reached = reference.steps_to(total)
            steps.append(reference.steps if reached is None else reached)
    return statistics.median(steps) if steps else None


def _plain_picture(one: Judged) -> dict[str, Any]:
    def score(value: Score | None) -> dict[str, float] | None:
        if value is None:
            return None
        return {"content": value.content, "style": value.style, "total": value.total}

    return {
        "file": one.file.name,
        "photograph": score(one.photograph),
        "network": score(one.network),
        "optimized": score(one.from_content.final if one.from_content else None),
        "gap_closed": one.gap_closed,
        "steps_from_content": one.from_content and one.from_content.steps_to(one.network.total),
        "steps_from_noise": one.from_noise and one.from_noise.steps_to(one.network.total),
    }
