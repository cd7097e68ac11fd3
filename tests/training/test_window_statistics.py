import pytest
import torch

from training.style_methods import BnStyle
from training.window_statistics import window_statistics_loss


def test_one_window_is_the_distance_of_means_and_deviations() -> None:
    features, target = torch.rand(1, 6, 8, 10), torch.rand(1, 6, 8, 10) * 2
    method = BnStyle()
    expected = method.distance(features, method.statistics(target))
    found = window_statistics_loss(features, target, (1,))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_what_only_changes_places_is_seen_in_the_quarters_alone() -> None:
    target = torch.zeros(1, 3, 8, 8)
    target[..., :4, :4] = torch.rand(1, 3, 4, 4) + 1
    moved = target.flip(-1)
    assert float(window_statistics_loss(moved, target, (1,))) < 1e-6
    assert float(window_statistics_loss(moved, target, (2,))) > 0.5


def test_the_gradient_of_a_constant_channel_is_finite() -> None:
    features = torch.full((2, 3, 8, 8), 0.5, requires_grad=True)
    window_statistics_loss(features, torch.rand(2, 3, 8, 8)).backward()
    assert features.grad is not None and bool(features.grad.isfinite().all())


def test_other_shapes_and_too_few_positions_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        window_statistics_loss(torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 9))
    with pytest.raises(ValueError, match="2 windows a side"):
        window_statistics_loss(torch.rand(1, 3, 1, 8), torch.rand(1, 3, 1, 8))
