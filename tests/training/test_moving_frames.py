from contextlib import nullcontext

import torch
from torch import Tensor, nn

from training.flow import warp, warping_error
from training.moving_frames import (
    MARGIN_PX,
    MOST_BEFORE,
    MOST_BEFORE_STILL,
    SPEED_PX,
    MovingFrames,
    draw_motion,
    is_still,
)
from training.recurrence import paint_sequence
from training.temporal_loss import valid_pixels


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def smooth_picture() -> Tensor:
    y, x = torch.meshgrid(torch.linspace(0, 9, 160), torch.linspace(0, 7, 160), indexing="ij")
    return torch.stack((y.sin(), x.cos(), (x + y).sin()))[None] * 0.4 + 0.5


def test_every_frame_is_the_one_before_moved_along_the_flow() -> None:
    moved = 0
    for seed in range(12):
        made = MovingFrames.make(smooth_picture(), 5, draw_motion(chance(seed)), chance(seed))
        assert [frame.shape for frame in made.seen] == [(1, 3, 160 - 2 * MARGIN_PX, 160 - 2 * MARGIN_PX)] * 5
        moved += bool(made.flow.any())
        for frame, before in zip(made.clean[1:], made.clean, strict=False):
            error = warping_error(frame, before, made.flow, valid_pixels(made.flow, edge_px=2))
            assert float(error) < 1e-4
    assert 4 <= moved <= 11  # some stand still


def test_frames_differ_by_light_and_noise_and_by_nothing_but_chance_that_is_given() -> None:
    step = draw_motion(chance(2))
    made, again = (MovingFrames.make(smooth_picture(), 3, step, chance(2)) for _ in range(2))
    assert all(torch.equal(one, other) for one, other in zip(made.seen, again.seen, strict=True))
    assert not torch.equal(made.seen[0], made.clean[0])
    assert all(float(frame.min()) >= 0 and float(frame.max()) <= 1 for frame in made.seen)


def test_a_motion_is_no_faster_than_it_may_be() -> None:
    steps = [draw_motion(chance(seed)) for seed in range(60)]
    still = sum(is_still(step) for step in steps)
    assert 10 <= still <= 32
    assert all(float(step[:2, 2].norm()) <= SPEED_PX for step in steps)


def test_a_guide_is_the_painting_moved_and_trusted_only_where_it_was_in_sight() -> None:
    doubted = 0
    for seed in range(8):
        made = MovingFrames.make(smooth_picture(), 3, draw_motion(chance(seed)), chance(seed))
        guide, trust = made.guide(made.clean[0], chance(seed))
        assert guide.shape == made.clean[0].shape and trust.shape == guide[:, :1].shape
        assert float(trust.min()) >= 0 and float(trust.max()) <= 1
        assert not trust[~valid_pixels(made.flow, edge_px=0)].any()
        doubted += bool(float(trust.mean()) < 0.9)
        if not made.wobble_px:
            torch.testing.assert_close(guide, warp(made.clean[0], made.flow))
    assert 0 < doubted < 8


class Recorder(nn.Module):
    """Paints the frame darker by a weight, and notes what it was called with."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.5))
        self.calls: list[tuple[bool, bool]] = []

    def forward(self, image: Tensor, before: Tensor | None = None, trust: Tensor | None = None) -> Tensor:
        self.calls.append((before is not None, torch.is_grad_enabled()))
        return image * self.weight


def test_two_frames_are_learnt_from_and_the_first_of_a_clip_stands_alone() -> None:
    lengths = set()
    for seed in range(16):
        network = Recorder()
        painting, of, unsteady = paint_sequence(network, smooth_picture(), chance(seed), nullcontext)
        guided, learnt = zip(*network.calls, strict=True)
        if not guided[-2]:  # a still clip ends with the same frame after another past
            assert (guided[-1] and learnt[-2:] == (False, True)) or len(guided) == 2
            guided, learnt = (guided[:-2], learnt[:-2]) if len(guided) > 2 else (guided, learnt)
        assert guided == (False, *[True] * (len(guided) - 1))
        assert learnt[-2:] == (True, True) and painting.shape == of.shape
        assert painting.requires_grad and unsteady.requires_grad and float(unsteady.detach()) >= 0
        lengths.add(len(guided))
    assert min(lengths) == 2 and MOST_BEFORE + 2 < max(lengths) <= MOST_BEFORE_STILL + 2


def test_a_still_clip_asks_for_the_same_painting_after_another_past() -> None:
    """A network that only keeps what was before is as steady as can be, and remembers its first frame."""

    class Keeper(Recorder):
        def forward(self, image: Tensor, before: Tensor | None = None, trust: Tensor | None = None) -> Tensor:
            super().forward(image, before, trust)
            return image * self.weight if before is None else before * self.weight / self.weight

    found = {}
    for seed in range(24):
        network = Keeper()
        *_, unsteady = paint_sequence(network, smooth_picture(), chance(seed), nullcontext)
        still = len(network.calls) > 2 and not network.calls[-2][0]
        found.setdefault(still, []).append(float(unsteady.detach()))
    assert min(found[True]) > 0
