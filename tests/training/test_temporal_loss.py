from __future__ import annotations

import math

import pytest
import torch

from training.temporal_loss import (
    draw_flow,
    rigid_flow,
    second_frame,
    temporal_loss,
    valid_pixels,
)


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def numbers(*values: float) -> torch.Tensor:
    return torch.tensor(values)


def test_the_flow_of_a_shift_is_the_shift_everywhere() -> None:
    flow = rigid_flow(4, 6, numbers(1.5), numbers(-2.0), numbers(0.0), numbers(0.0))
    assert flow.shape == (1, 2, 4, 6)
    assert (flow[:, 0] == 1.5).all() and (flow[:, 1] == -2.0).all()


def test_the_flow_of_a_quarter_turn_and_of_a_zoom_worked_by_hand() -> None:
    zero = numbers(0.0)
    turned = rigid_flow(3, 3, zero, zero, numbers(math.pi / 2), zero)[0]
    # The right neighbour of the middle, (1, 0), goes to (0, 1): by (-1, 1).
    torch.testing.assert_close(turned[:, 1, 2], numbers(-1.0, 1.0))
    torch.testing.assert_close(turned[:, 1, 1], numbers(0.0, 0.0))
    zoomed = rigid_flow(3, 3, zero, zero, zero, numbers(0.5))[0]
    torch.testing.assert_close(zoomed[:, 0, 2], numbers(0.5, -0.5))


def test_only_pixels_of_both_frames_count_and_none_near_an_edge() -> None:
    flow = rigid_flow(5, 7, numbers(2.0), numbers(0.0), numbers(0.0), numbers(0.0))
    counted = valid_pixels(flow, edge_px=1)[0, 0]
    # Columns 1 to 5 are away from the edges here; there, two to the right, only up to 3 are.
    assert counted.nonzero().tolist() == [[y, x] for y in (1, 2, 3) for x in (1, 2, 3)]


def test_a_painting_that_moves_with_its_picture_costs_nothing_and_one_that_changes_costs_its_square() -> None:
    flow = rigid_flow(24, 24, numbers(3.0), numbers(0.0), numbers(0.0), numbers(0.0))
    first = torch.rand(1, 3, 24, 24, generator=chance())
    second = torch.roll(first, -3, dims=3)
    assert float(temporal_loss(second, first, flow)) == pytest.approx(0, abs=1e-9)
    assert float(temporal_loss(second + 0.1, first, flow)) == pytest.approx(0.01, rel=1e-4)


def test_a_second_frame_is_the_first_one_but_for_its_motion_light_and_noise() -> None:
    smooth = torch.linspace(0.2, 0.8, 64).expand(4, 3, 64, 64).contiguous()
    second, flow = second_frame(smooth, chance(3))
    assert second.shape == smooth.shape and float(second.min()) >= 0 and float(second.max()) <= 1
    assert float(temporal_loss(second, smooth, flow)) < 0.05**2
    assert not torch.equal(second, smooth)


def test_chance_is_the_generators_and_some_frames_stand_still() -> None:
    flow = draw_flow(64, 8, 8, chance(1))
    assert torch.equal(flow, draw_flow(64, 8, 8, chance(1)))
    still = int((flow.abs().amax(dim=(1, 2, 3)) == 0).sum())
    assert 16 < still < 48
    assert float(flow.abs().max()) < 5
