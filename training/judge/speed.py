"""How much faster one pass of a network is than optimisation, on the same machine at the same time."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from training.judge.fixed_loss import JudgeLoss
from training.optimization.descent import PictureDescent
from training.style_files import Painter


@dataclass(frozen=True)
class Speed:
    """Medians of interleaved rounds, in seconds."""

    network_s: float
    step_s: float
    steps: int

    @property
    def speed_up(self) -> float:
        """How many times longer `steps` of L-BFGS take than one pass of the network."""
        return self.steps * self.step_s / self.network_s


def measure_speed(
    painter: Painter,
    judge: JudgeLoss,
    content_image: Tensor,
    *,
    steps: int,
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> Speed:
    """Time the network and steps of L-BFGS in turns, so that a busy machine slows both alike.

    Args:
        content_image: (1, 3, H, W) in [0, 1].
        steps: what the speed-up is told for; a few are timed and their median counts.
        rounds: how many turns; each times the network and one step.
    """
    picture = content_image.to(judge.placement.device)
    descent = PictureDescent(picture, judge.descent_loss(judge.target(content_image)))
    painter.paint(content_image)  # engines allocate at the first picture of a size
    for _ in range(2):  # L-BFGS's first step only probes
        descent.step()
    network_s, step_s = [], []
    for _ in range(rounds):
        network_s.append(_timed(lambda: painter.paint(content_image), judge, clock))
        step_s.append(_timed(descent.step, judge, clock))
        network_s.append(_timed(lambda: painter.paint(content_image), judge, clock))
    return Speed(statistics.median(network_s), statistics.median(step_s), steps)


def _timed(work: Callable[[], object], judge: JudgeLoss, clock: Callable[[], float]) -> float:
    _wait(judge)
    begin = clock()
    work()
    _wait(judge)
    return clock() - begin


def _wait(judge: JudgeLoss) -> None:
    if judge.placement.device.type == "cuda":
        torch.cuda.synchronize()
