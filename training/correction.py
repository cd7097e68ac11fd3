"""Asks for other features than are wanted, so that those come back: corrections of semantic style transfer.

No picture has exactly the features that were put together region by region, and a decoder makes none exactly.
So a painting's regions miss the statistics that were asked for, by a little and much the same way each time.
What they miss by is added to what is asked for next: that the painting comes nearer, nothing is learnt.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from training.losses import mean_and_std
from training.regions import Part

# Of one round: a channel that hardly answers is not driven without bounds.
_MOST_GAIN = 2.0


@dataclass(frozen=True)
class Correction:
    """What one layer is asked for, part by part.

    Args:
        parts: as they were rebuilt at first; their statistics are what is wanted.
        goals: mean and deviation of each, (1, C, 1, 1).
        asked: mean and deviation to ask for of each, likewise.
    """

    parts: tuple[Part, ...]
    goals: tuple[tuple[Tensor, Tensor], ...]
    asked: tuple[tuple[Tensor, Tensor], ...]

    @classmethod
    def begin(cls, parts: Sequence[Part]) -> "Correction":
        """Ask for what is wanted."""
        goals = tuple(_statistics(part.features, part.region) for part in parts)
        return cls(tuple(parts), goals, goals)

    def after(self, features: Tensor) -> "Correction":
        """Ask for more where the painting's features, (1, C, H, W), have less than is wanted."""
        asked = []
        for part, goal, (mean, deviation) in zip(self.parts, self.goals, self.asked, strict=True):
            mean_now, deviation_now = _statistics(features, part.region)
            gain = (goal[1] / deviation_now.clamp_min(1e-8)).clamp(1 / _MOST_GAIN, _MOST_GAIN)
            asked.append((mean + goal[0] - mean_now, deviation * gain))
        return Correction(self.parts, self.goals, tuple(asked))

    def corrected(self) -> list[Part]:
        """Return the parts with the statistics to ask for."""
        found = []
        for part, goal, (mean, deviation) in zip(self.parts, self.goals, self.asked, strict=True):
            gain = deviation / goal[1].clamp_min(1e-8)
            found.append(Part((part.features - goal[0]) * gain + mean, part.region))
        return found


def _statistics(features: Tensor, region: Tensor | None) -> tuple[Tensor, Tensor]:
    mean, deviation = mean_and_std(features, region)
    return mean[..., None, None], deviation[..., None, None]
