import pytest
import torch

from training.grid_loss import grid_loss


def dots(amplitude: float, period: int, size: int = 128) -> torch.Tensor:
    image = torch.full((1, 3, size, size), 0.5)
    image[..., ::period, ::period] += amplitude
    return image


def test_dots_worked_by_hand() -> None:
    # One pixel of 16 is brighter by 0.16: around it the mean is 0.01 higher wherever one looks.
    amplitude = 0.16
    expected = amplitude**2 * (1 / 16) * (15 / 16)
    assert float(grid_loss(dots(amplitude, 4))) == pytest.approx(expected, rel=0.05)  # but for the border


def test_what_is_smooth_has_none() -> None:
    rows, columns = torch.meshgrid(torch.linspace(0, 1, 96), torch.linspace(0, 0.5, 130), indexing="ij")
    assert float(grid_loss((0.5 * rows + columns)[None, None])) < 1e-7  # of the border


@pytest.mark.parametrize("period", [3, 5, 7])
def test_a_texture_of_another_period_counts_for_little(period: int) -> None:
    assert float(grid_loss(dots(0.16, period))) < 0.05 * float(grid_loss(dots(0.16, 4)))


def test_grain_counts_for_little() -> None:
    grain = 0.5 + 0.04 * torch.randn((1, 3, 256, 256), generator=torch.Generator().manual_seed(0))
    assert float(grid_loss(grain)) < 0.02 * float(grain.var())


def test_dots_in_one_place_count_wherever_they_are() -> None:
    image = torch.full((1, 3, 256, 256), 0.5)
    image[..., :64, :64] = dots(0.16, 4, 64)
    moved = image.roll((70, 130), dims=(2, 3))
    assert float(grid_loss(image)) > 0 and float(grid_loss(moved)) > 0.2 * float(grid_loss(image))


def test_its_gradient_takes_dots_away() -> None:
    image = dots(0.16, 4).requires_grad_()
    grid_loss(image).backward()
    assert image.grad is not None
    inside = image.grad[..., 16:112, 16:112]
    brighter = (image.detach() > 0.55)[..., 16:112, 16:112]
    assert (inside[brighter] > 0).all() and (inside[~brighter].mean() < 0)


def test_small_pictures_have_smaller_windows() -> None:
    assert float(grid_loss(dots(0.16, 4, 40))) > 0
