"""Asks for other features than are wanted, so that those come back: corrections of semantic style transfer.

No picture has exactly the features that were put together region by region, and a decoder makes none exactly.
So a painting's regions miss the statistics that were asked for, by a little and much the same way each time.
What they miss by is added to what is asked for next: that the painting comes nearer, nothing is learnt.

What lies beside a border is not looked at: there the painting's features are of both parts, and a part would
be asked for what its neighbour needs (8 pixels inside, up to 18% from the part painted alone; 9% without).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from training.losses import mean_and_std
from training.regions import Part

# Of one round: a channel that hardly answers is not driven without bounds.
_MOST_GAIN = 2.0
# Of a region, inside of its border: what is left of a thinner one tells too little of it.
_LEAST_INSIDE = 0.25


@dataclass(frozen=True)
class Correction:
    """What one layer is asked for, part by part.

    Args:
        parts: as they were rebuilt at first; their statistics are what is wanted.
        looked_at: the region of each in which statistics are taken, (1, 1, H, W); None for all of it.
        goals: mean and deviation of each, (1, C, 1, 1).
        asked: mean and deviation to ask for of each, likewise.
    """

    parts: tuple[Part, ...]
    looked_at: tuple[Tensor | None, ...]
    goals: tuple[tuple[Tensor, Tensor], ...]
    asked: tuple[tuple[Tensor, Tensor], ...]

    @classmethod
    def begin(cls, parts: Sequence[Part]) -> "Correction":
        """Ask for what is wanted."""
        looked_at = tuple(None if part.region is None else _inside(part.region) for part in parts)
        goals = tuple(_statistics(part.features, at) for part, at in zip(parts, looked_at, strict=True))
        return cls(tuple(parts), looked_at, goals, goals)

    def after(self, features: Tensor) -> "Correction":
        """Ask for more where the painting's features, (1, C, H, W), have less than is wanted."""
        asked = []
        for at, goal, (mean, deviation) in zip(self.looked_at, self.goals, self.asked, strict=True):
            mean_now, deviation_now = _statistics(features, at)
            gain = (goal[1] / deviation_now.clamp_min(1e-8)).clamp(1 / _MOST_GAIN, _MOST_GAIN)
            asked.append((mean + goal[0] - mean_now, deviation * gain))
        return Correction(self.parts, self.looked_at, self.goals, tuple(asked))

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


def _inside(region: Tensor) -> Tensor:
    """Return a region, (1, 1, H, W), without what touches another; all of it where little would be left."""
    inner = -functional.max_pool2d(-region, kernel_size=3, stride=1, padding=1)
    return inner if bool(inner.sum() >= _LEAST_INSIDE * region.sum()) else region
