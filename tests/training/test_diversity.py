import math

import pytest
import torch

from training.diversity import measure_diversity, nearest_neighbour_entropy


def test_the_entropy_of_three_pictures_worked_by_hand() -> None:
    images = torch.tensor([0.0, 0.1, 0.5]).view(3, 1, 1, 1).expand(3, 3, 2, 2)
    # Nearest neighbours are at 0.1, 0.1 and 0.4.
    expected = (2 * math.log(0.1) + math.log(0.4)) / 3
    torch.testing.assert_close(nearest_neighbour_entropy(images), torch.tensor(expected), atol=1e-4, rtol=0)


def test_a_rising_entropy_pushes_the_nearest_apart() -> None:
    images = torch.rand(3, 3, 8, 8, requires_grad=True)
    entropy = nearest_neighbour_entropy(images)
    entropy.backward()
    assert images.grad is not None
    further = nearest_neighbour_entropy(images.detach() + 0.01 * images.grad / images.grad.norm())
    assert further > entropy


def test_pictures_that_are_one_and_the_same_have_a_finite_entropy_and_gradient() -> None:
    images = torch.full((2, 3, 8, 8), 0.5, requires_grad=True)
    entropy = nearest_neighbour_entropy(images)
    entropy.backward()
    assert images.grad is not None
    assert torch.isfinite(entropy) and torch.isfinite(images.grad).all()


def test_a_picture_alone_has_no_neighbour() -> None:
    for measure in (nearest_neighbour_entropy, measure_diversity):
        with pytest.raises(ValueError, match="instead got 1"):
            measure(torch.rand(1, 3, 8, 8))


def test_a_picture_that_only_moved_is_found_out() -> None:
    """Pixel by pixel it differs as much as another picture does."""
    image, other = torch.rand(3, 32, 48), torch.rand(3, 32, 48)
    moved = measure_diversity(torch.stack([image, image.roll((5, 11), dims=(1, 2))]))
    another = measure_diversity(torch.stack([image, other]))
    assert moved.pixel_difference == pytest.approx(another.pixel_difference, rel=0.1)
    assert moved.pixel_difference == pytest.approx(1 / 3, abs=0.03)
    assert moved.alignment == pytest.approx(1, abs=1e-4) and another.alignment < 0.2


def test_every_pair_counts() -> None:
    images = torch.tensor([0.0, 0.0, 0.6]).view(3, 1, 1, 1).expand(3, 3, 4, 4)
    assert measure_diversity(images).pixel_difference == pytest.approx(0.4)
