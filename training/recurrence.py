"""How a recurrent network learns: on what it made itself of the frames before."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from training.flow import warping_error
from training.moving_frames import MOST_BEFORE, MOST_BEFORE_STILL, MovingFrames, draw_motion, is_still
from training.temporal_loss import valid_pixels

# Of the steps, how many look at a frame that stands alone, as the first of a clip does.
ALONE_SHARE = 0.3
# How much more it counts that a clip's first frames are forgotten.
FORGETTING = 3.0
# Frames of a sequence that gradients go through: what is painted, and what that is painted after.
_LEARNT = 2


def paint_sequence(
    network: nn.Module,
    content_image: Tensor,
    generator: torch.Generator,
    autocast: Callable[[], Any],
) -> tuple[Tensor, Tensor, Tensor]:
    """Paint a clip made of photographs; return a painting to judge, what it is of, and how unsteady it is.

    Gradients go through the last two frames; those before are painted as they would be at a show.

    Args:
        network: a `training.networks.recurrent_net.RecurrentNet`.
        content_image: (N, 3, H, W), in [0, 1].
        generator: of the CPU; what it draws is all that is by chance.
        autocast: gives the context that the network runs in.
    Returns:
        (N, 3, h, w) painted; (N, 3, h, w) in [0, 1]; and E_warp between the last frames, a scalar.
    """
    alone = float(torch.rand((), generator=generator)) < ALONE_SHARE
    step = draw_motion(generator)
    most = MOST_BEFORE_STILL if is_still(step) else MOST_BEFORE
    before = 0 if alone else int(torch.randint(1, most + 1, (), generator=generator))
    frames = MovingFrames.make(content_image, before + _LEARNT, step, generator)
    paintings: list[Tensor] = []
    unsteady: list[Tensor] = []
    for number, frame in enumerate(frames.seen):
        image = frame.contiguous(memory_format=torch.channels_last)
        with torch.set_grad_enabled(number >= before), autocast():
            if not paintings:
                paintings.append(network(image))
                continue
            guide, trust = frames.guide(paintings[-1], generator)
            paintings.append(network(image, guide, trust))
        if number >= before:
            counted = valid_pixels(frames.flow) & (trust > 0.5)
            last, first = paintings[-1].float(), paintings[-2].float()
            unsteady.append(_where_counted(last, first, frames.flow, counted))
    if is_still(step) and not alone:
        # After another past the same is to be painted: what a clip began with is forgotten, and films that
        # are painted in pieces have no seams.
        with torch.no_grad(), autocast():
            other = network(frames.seen[-2].contiguous(memory_format=torch.channels_last))
        with autocast():
            otherwise = network(image, other, trust)
        forgetful = _where_counted(otherwise.float(), paintings[-1].float(), frames.flow, trust > 0.5)
        unsteady.append(FORGETTING * forgetful)
    judged = 0 if alone else -1
    return paintings[judged], frames.clean[judged], torch.stack(unsteady).mean()


def _where_counted(image: Tensor, previous: Tensor, flow: Tensor, counted: Tensor) -> Tensor:
    """E_warp as a mean over the pictures; one in which nothing counts has none."""
    found = warping_error(image, previous, flow, counted)
    return torch.where(counted.flatten(1).any(dim=1), found, torch.zeros_like(found)).mean()
