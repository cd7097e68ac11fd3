from typing import Any

import pytest
import torch
from torch import Tensor

from training.losses import channel_means, mean_and_std
from training.reconstruction import (
    STATISTICS,
    Statistic,
    iterate_linear,
    match_deviation,
    move_mean,
    swap_patches,
    transport_covariance,
)
from training.regions import join_parts, rebuild_parts


def reconstruct(content: Tensor, *others: Any, **options: Any) -> Tensor:
    return join_parts(content, rebuild_parts(content, *others, **options))


def features(seed: int, channels: int = 8, height: int = 12, width: int = 16) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    mixed = torch.randn(channels, channels, generator=generator)
    plain = torch.randn(channels, height * width, generator=generator)
    return (
        (mixed @ plain + 3 * torch.rand(channels, 1, generator=generator)).relu().view(1, -1, height, width)
    )


def halves(height: int = 12, width: int = 16) -> dict[int, Tensor]:
    left = torch.zeros(1, 1, height, width)
    left[..., : width // 2] = 1
    return {3: left, 7: 1 - left}


@pytest.mark.parametrize("strength", [0.0, 0.2, 0.5, 0.9, 0.999, 1.0])
def test_the_papers_iteration_converges_to_the_closed_form(strength: float) -> None:
    content, style, mask = features(0), features(1), torch.rand(1, 1, 12, 16)
    expected = move_mean(content, style, mask, None, strength)
    found = iterate_linear(content, style, mask, None, strength)
    assert float((found - expected).norm() / expected.norm()) < 1e-5
    # And it is a way that is gone, not a single step.
    first = iterate_linear(content, style, mask, None, strength, iterations=1)
    assert strength == 0 or not torch.allclose(first, expected, rtol=1e-3, atol=1e-3)


def test_a_weak_style_takes_the_papers_step_exactly() -> None:
    content, style = features(0), features(1)
    a = 0.25  # strength 0.2
    shift = (channel_means(style) - channel_means(content))[..., None, None]
    torch.testing.assert_close(iterate_linear(content, style, None, None, 0.2, 1), content + a * shift)


def test_the_closed_form_is_the_minimum_of_the_papers_loss() -> None:
    content, style, strength = features(0).double(), features(1).double(), 0.6
    a = strength / (1 - strength)

    def loss(moved: Tensor) -> Tensor:
        apart = (channel_means(moved) - channel_means(style)).square().sum()
        return (moved - content).square().sum() + a * content[0, 0].numel() * apart

    found = move_mean(content, style, strength=strength).requires_grad_()
    (gradient,) = torch.autograd.grad(loss(found), found)
    assert float(gradient.abs().max()) < 1e-9


def test_mean_and_deviation_are_the_styles_inside_the_region() -> None:
    content, style, masks = features(0), features(1), halves()
    found = match_deviation(content, style, masks[3], masks[7])
    for one, other in zip(mean_and_std(found, masks[3]), mean_and_std(style, masks[7]), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_transport_gives_the_styles_covariance_and_moves_by_a_symmetric_map() -> None:
    content, style = features(0).double(), features(1).double()
    found = transport_covariance(content, style, ridge=0)
    for one, two in zip(found.flatten(2), style.flatten(2), strict=True):
        torch.testing.assert_close(torch.cov(one), torch.cov(two), rtol=1e-6, atol=1e-6)
    centred = (content - channel_means(content)[..., None, None]).flatten(2)[0]
    moved = (found - channel_means(found)[..., None, None]).flatten(2)[0]
    matrix = moved @ torch.linalg.pinv(centred)
    torch.testing.assert_close(matrix, matrix.mT, rtol=1e-6, atol=1e-6)
    assert float(torch.linalg.eigvalsh(matrix).min()) > 0


def test_transport_has_a_map_where_there_are_fewer_positions_than_channels() -> None:
    found = transport_covariance(features(0, 32, 2, 3), features(1, 32, 1, 2))
    assert bool(found.isfinite().all())


def test_patches_of_a_picture_are_nearest_to_themselves() -> None:
    content = features(0)
    inside = swap_patches(content, content)[..., 2:-2, 2:-2]
    torch.testing.assert_close(inside, content[..., 2:-2, 2:-2], rtol=1e-5, atol=1e-5)


def test_a_swap_only_takes_patches_of_the_styles_region() -> None:
    style = torch.zeros(1, 2, 8, 16)
    style[:, 0, :, :8], style[:, 1, :, 8:] = 5, 9
    content = torch.zeros(1, 2, 8, 8)
    content[:, 0] = 1
    left = torch.zeros(1, 1, 8, 16)
    left[..., 10:] = 1  # the content looks like the style's other half
    found = swap_patches(content, style, None, left)
    assert float(found[:, 0].abs().max()) == 0 and float(found[:, 1].min()) == 9


@pytest.mark.parametrize("statistic", STATISTICS)
def test_strength_goes_from_the_content_to_the_style(statistic: Statistic) -> None:
    content, style, masks = features(0), features(1), halves()
    none = reconstruct(content, style, masks, masks, statistic=statistic, strength=0)
    torch.testing.assert_close(none, content)
    half, whole = (
        reconstruct(content, style, masks, masks, statistic=statistic, strength=strength)
        for strength in (0.5, 1.0)
    )
    torch.testing.assert_close(half, (content + whole) / 2, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_regions_keep_apart(statistic: Statistic) -> None:
    """Away from the border a region is as if it were stylised alone."""
    content, style, masks = features(0), features(1), halves()
    both = reconstruct(content, style, masks, masks, statistic=statistic)
    alone = reconstruct(content, style, {3: masks[3]}, masks, statistic=statistic)
    torch.testing.assert_close(both[..., :8], alone[..., :8])
    torch.testing.assert_close(alone[..., 8:], content[..., 8:])


@pytest.mark.parametrize("statistic", STATISTICS)
def test_a_label_that_the_style_lacks_takes_the_whole_style(statistic: Statistic) -> None:
    content, style, masks = features(0), features(1), halves()
    found = reconstruct(content, style, masks, {3: masks[3], 7: 0 * masks[7]}, statistic=statistic)
    whole = reconstruct(content, style, {7: masks[7]}, {}, statistic=statistic)
    torch.testing.assert_close(found[..., 8:], whole[..., 8:])


@pytest.mark.parametrize("statistic", STATISTICS)
def test_empty_regions_flat_features_and_single_positions_give_numbers(statistic: Statistic) -> None:
    flat, style = torch.ones(1, 8, 12, 16), features(1)
    nothing, pixel = torch.zeros(1, 1, 12, 16), torch.zeros(1, 1, 12, 16)
    pixel[..., 5, 5] = 1
    found = reconstruct(flat, style, {0: nothing, 1: pixel}, {1: pixel}, statistic=statistic)
    assert bool(found.isfinite().all())
    torch.testing.assert_close(found[..., 0, 0], flat[..., 0, 0])


def test_soft_masks_blend_by_their_shares() -> None:
    content, style = features(0), features(1)
    soft = torch.full((1, 1, 12, 16), 0.25)
    found = reconstruct(content, style, {1: soft}, None, statistic="linear")
    torch.testing.assert_close(found, torch.lerp(content, move_mean(content, style), 0.25))


def test_what_is_passed_in_stays_as_it_was() -> None:
    content, style, masks = features(0), features(1), halves()
    for statistic in STATISTICS:
        reconstruct(content, style, masks, masks, statistic=statistic)
    torch.testing.assert_close((content, style), (features(0), features(1)), rtol=0, atol=0)


def test_a_strength_or_a_statistic_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        move_mean(features(0), features(1), strength=1.5)
    with pytest.raises(ValueError, match="linear, bn, cov, swap"):
        reconstruct(features(0), features(1), statistic="gram")  # type: ignore[arg-type]
