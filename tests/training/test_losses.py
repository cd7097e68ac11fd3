from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from training.losses import (
    bn_statistics_loss,
    channel_means,
    feature_reconstruction_loss,
    gram_matrix,
    mean_and_std,
    mmd_linear_loss,
    mmd_polynomial_loss,
    pyramid_distance,
    relative_content_loss,
    relative_style_loss,
    second_moments,
    style_reconstruction_loss,
    total_variation_loss,
)

TWO_PIXELS = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])  # (1, C=2, H=1, W=2)


def test_feature_reconstruction_of_two_pixels_worked_by_hand() -> None:
    target = torch.tensor([[[[0.0, 2.0]], [[1.0, 1.0]]]])
    # (1 + 0 + 4 + 9) / (C*H*W = 4)
    torch.testing.assert_close(feature_reconstruction_loss(TWO_PIXELS, target), torch.tensor(3.5))


def test_feature_reconstruction_refuses_other_shapes_rather_than_broadcast() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        feature_reconstruction_loss(TWO_PIXELS, TWO_PIXELS[:, :1])


def test_relative_content_loss_is_one_for_an_empty_picture_and_zero_for_the_same() -> None:
    torch.testing.assert_close(
        relative_content_loss(torch.zeros_like(TWO_PIXELS), TWO_PIXELS), torch.tensor(1.0)
    )
    assert relative_content_loss(TWO_PIXELS, TWO_PIXELS) == 0


def test_gram_matrix_of_two_pixels_worked_by_hand() -> None:
    expected = torch.tensor([[[5.0, 11.0], [11.0, 25.0]]]) / 4  # C*H*W = 4
    torch.testing.assert_close(gram_matrix(TWO_PIXELS), expected)


def test_gram_matrix_stays_finite_in_half_precision() -> None:
    features = torch.full((1, 4, 64, 64), 100.0, dtype=torch.float16)
    torch.testing.assert_close(gram_matrix(features), torch.full((1, 4, 4), 2500.0).half())


def test_gram_matrix_does_not_depend_on_where_things_are() -> None:
    features = torch.rand(2, 5, 6, 7, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(gram_matrix(features), gram_matrix(features.flip(2).roll(3, dims=3)))


def test_gram_matrix_refuses_features_without_a_batch() -> None:
    with pytest.raises(ValueError, match=r"\(N, C, H, W\), got \(2, 1, 2\)"):
        gram_matrix(TWO_PIXELS[0])


def test_style_reconstruction_of_two_pixels_worked_by_hand() -> None:
    style_gram = torch.tensor([[1.0, 2.0], [2.0, 6.0]])
    # G = [[1.25, 2.75], [2.75, 6.25]]: 0.25^2 + 2 * 0.75^2 + 0.25^2
    torch.testing.assert_close(style_reconstruction_loss(TWO_PIXELS, style_gram), torch.tensor(1.25))


def test_style_reconstruction_is_the_mean_over_the_batch() -> None:
    style_gram = torch.tensor([[1.0, 2.0], [2.0, 6.0]])
    batch = torch.cat([TWO_PIXELS, torch.zeros_like(TWO_PIXELS)])
    # The empty picture is at the style's own squared norm: 1 + 4 + 4 + 36.
    torch.testing.assert_close(style_reconstruction_loss(batch, style_gram), torch.tensor((1.25 + 45) / 2))


@pytest.mark.parametrize("batch", [1, 3])
def test_relative_style_loss_is_one_for_an_empty_picture_whatever_the_batch(batch: int) -> None:
    style_gram = gram_matrix(TWO_PIXELS)
    empty = torch.zeros(batch, 2, 4, 4)
    torch.testing.assert_close(relative_style_loss(empty, style_gram[0]), torch.tensor(1.0))
    torch.testing.assert_close(relative_style_loss(empty, style_gram.repeat(batch, 1, 1)), torch.tensor(1.0))


IMAGE = torch.tensor([[[[0.0, 0.5, 0.5], [1.0, 0.5, 0.1]]]])  # (1, 1, H=2, W=3)


def test_squared_total_variation_worked_by_hand() -> None:
    # dx: .5 0 -.5 -.4 -> (.25 + 0 + .25 + .16) / 4;  dy: 1 0 -.4 -> (1 + 0 + .16) / 3
    torch.testing.assert_close(total_variation_loss(IMAGE, "squared"), torch.tensor(0.66 / 4 + 1.16 / 3))


def test_absolute_total_variation_worked_by_hand() -> None:
    torch.testing.assert_close(total_variation_loss(IMAGE, "absolute"), torch.tensor(1.4 / 4 + 1.4 / 3))


def test_gamma_total_variation_worked_by_hand() -> None:
    # Pixels with both neighbours: dx, dy = (.5, 1) and (0, 0); sqrt(1.25) ** 1 and 0.
    expected = torch.tensor(1.25**0.5 / 2)
    torch.testing.assert_close(total_variation_loss(IMAGE, "gamma", gamma=1.0), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 1.25])
def test_gamma_total_variation_has_a_finite_gradient_on_a_flat_picture(gamma: float) -> None:
    image = torch.full((1, 3, 4, 4), 0.5, requires_grad=True)
    total_variation_loss(image, "gamma", gamma).backward()  # type: ignore[no-untyped-call]
    assert image.grad is not None
    assert torch.isfinite(image.grad).all()


def test_total_variation_refuses_a_form_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="squared, absolute or gamma"):
        total_variation_loss(IMAGE, "cubic")  # type: ignore[arg-type]


def test_losses_leave_their_inputs_as_they_were() -> None:
    features, target = TWO_PIXELS.clone(), TWO_PIXELS.clone() + 1
    before = features.clone(), target.clone()
    relative_content_loss(features, target)
    relative_style_loss(features, gram_matrix(target))
    torch.testing.assert_close((features, target), before)


def random_features(seed: int, channels: int = 3, height: int = 4, width: int = 5) -> Tensor:
    """(1, C, H, W) float64, at least 0 like activations after a ReLU."""
    chance = torch.Generator().manual_seed(seed)
    return torch.randn(1, channels, height, width, dtype=torch.float64, generator=chance).relu()


# Not of one size: a style and a picture never are.
PICTURE, STYLE = random_features(1), 2 * random_features(2, height=3, width=7)
WEIGHTS = torch.rand(1, 1, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
LEFT = torch.tensor([1.0, 1.0, 0.0, 0.0, 0.0]).expand(1, 1, 4, 5)

Loss = Callable[[Tensor, Tensor | None], Tensor]


def to_style(style: Tensor) -> dict[str, Loss]:
    """Every loss of a style, as a function of the features and their weights."""
    mean, std = (values[0] for values in mean_and_std(style))
    moments, gram = second_moments(style)[0], gram_matrix(style)[0]
    return {
        "gram": lambda features, weights: style_reconstruction_loss(features, gram, weights),
        "relative gram": lambda features, weights: relative_style_loss(features, gram, weights),
        "linear": lambda features, weights: mmd_linear_loss(features, mean, weights),
        "poly c=0": lambda features, weights: mmd_polynomial_loss(features, mean, moments, 0.0, weights),
        "poly c=2": lambda features, weights: mmd_polynomial_loss(features, mean, moments, 2.0, weights),
        "bn": lambda features, weights: bn_statistics_loss(features, mean, std, weights),
    }


LOSSES = list(to_style(STYLE))


def brute_force_mmd(
    x: Tensor, y: Tensor, kernel: Callable[[Tensor], Tensor], weights: Tensor | None = None
) -> Tensor:
    """Squared MMD by its double sums over a kernel of x.y: Li et al. 2017, eq. 2. x, y: (1, C, H, W)."""
    rows_x, rows_y = x[0].flatten(1).mT, y[0].flatten(1).mT  # (n, C), (m, C)
    share_x = torch.full((len(rows_x),), 1 / len(rows_x), dtype=x.dtype)
    share_y = torch.full((len(rows_y),), 1 / len(rows_y), dtype=x.dtype)
    if weights is not None:
        share_x = weights.flatten() / weights.sum()

    def double_sum(a: Tensor, b: Tensor, share_a: Tensor, share_b: Tensor) -> Tensor:
        return share_a @ kernel(a @ b.mT) @ share_b

    same = double_sum(rows_x, rows_x, share_x, share_x) + double_sum(rows_y, rows_y, share_y, share_y)
    return same - 2 * double_sum(rows_x, rows_y, share_x, share_y)


def test_the_gram_loss_is_the_mmd_of_the_second_order_polynomial_kernel() -> None:
    channels = PICTURE.shape[1]
    gram_loss = style_reconstruction_loss(PICTURE, gram_matrix(STYLE)[0]) * channels**2
    double_sums = brute_force_mmd(PICTURE, STYLE, lambda product: product.square())
    torch.testing.assert_close(gram_loss, double_sums, rtol=1e-12, atol=0)
    torch.testing.assert_close(to_style(STYLE)["poly c=0"](PICTURE, None), double_sums, rtol=1e-12, atol=0)


def test_the_style_loss_of_gatys_is_that_mmd_over_four_times_the_channels_squared() -> None:
    """Li et al. 2017, eq. 9. Gatys et al. 2015 leave their Gram undivided: eq. 7, and 6 for the loss."""
    picture, style = PICTURE.flatten(2), random_features(7).flatten(2)  # (1, C, H*W), equally many positions
    channels, positions = picture.shape[1:]
    difference = picture @ picture.mT - style @ style.mT
    gatys = difference.square().sum() / (4 * channels**2 * positions**2)
    double_sums = brute_force_mmd(picture[..., None], style[..., None], lambda product: product.square())
    torch.testing.assert_close(gatys, double_sums / (4 * channels**2), rtol=1e-12, atol=0)


@pytest.mark.parametrize("c", [0.5, 3.0])
def test_the_polynomial_loss_is_the_double_sum_of_its_kernel(c: float) -> None:
    loss = mmd_polynomial_loss(PICTURE, channel_means(STYLE), second_moments(STYLE), c)
    expected = brute_force_mmd(PICTURE, STYLE, lambda product: (product + c).square())
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=0)


def test_the_linear_loss_is_the_double_sum_of_its_kernel() -> None:
    expected = brute_force_mmd(PICTURE, STYLE, lambda product: product)
    torch.testing.assert_close(mmd_linear_loss(PICTURE, channel_means(STYLE)), expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize(
    ("name", "kernel"),
    [("linear", lambda p: p), ("poly c=0", lambda p: p.square()), ("poly c=2", lambda p: (p + 2).square())],
)
def test_weights_are_the_shares_of_the_samples_in_the_double_sums(
    name: str, kernel: Callable[[Tensor], Tensor]
) -> None:
    expected = brute_force_mmd(PICTURE, STYLE, kernel, WEIGHTS)
    torch.testing.assert_close(to_style(STYLE)[name](PICTURE, WEIGHTS), expected, rtol=1e-12, atol=0)


def test_the_bn_loss_of_two_pixels_worked_by_hand() -> None:
    # Means 1.5 and 3.5, deviations 0.5 and 0.5: (0.25 + 0.25 + 2.25 + 0.25) / 2 channels.
    loss = bn_statistics_loss(TWO_PIXELS, torch.tensor([1.0, 2.0]), torch.tensor([1.0, 1.0]))
    torch.testing.assert_close(loss, torch.tensor(3.0 / 2))


def test_the_standard_deviation_is_that_of_all_positions_not_of_a_sample_of_them() -> None:
    mean, std = mean_and_std(PICTURE)
    torch.testing.assert_close(mean, PICTURE.mean(dim=(2, 3)))
    torch.testing.assert_close(std, PICTURE.std(dim=(2, 3), correction=0))


@pytest.mark.parametrize("name", LOSSES)
def test_every_style_loss_is_zero_for_the_style_itself_and_not_for_another(name: str) -> None:
    loss = to_style(STYLE)[name]
    assert loss(STYLE, None) == 0
    assert loss(STYLE.flip(3).roll(2, dims=2), None) < 1e-28  # a style has no places
    assert loss(PICTURE, None) > 1e-3


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["all alike", "weighted"])
@pytest.mark.parametrize("name", LOSSES)
def test_every_gradient_agrees_with_finite_differences(name: str, weights: Tensor | None) -> None:
    loss = to_style(STYLE)[name]
    # Away from the ReLU's own zeros nothing changes for the loss: these are plain functions of features.
    features = PICTURE.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda values: loss(values, weights), (features,))


@pytest.mark.parametrize("name", LOSSES)
def test_equal_weights_change_nothing_and_a_half_is_the_loss_of_that_half(name: str) -> None:
    loss = to_style(STYLE)[name]
    torch.testing.assert_close(loss(PICTURE, torch.full((1, 1, 4, 5), 7.0)), loss(PICTURE, None))
    torch.testing.assert_close(loss(PICTURE, LEFT), loss(PICTURE[..., :2], None))


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_is_the_mean_of_its_pictures_each_with_its_own_weights(name: str) -> None:
    loss = to_style(STYLE)[name]
    batch, weights = torch.cat([PICTURE, PICTURE.flip(1)]), torch.cat([WEIGHTS, WEIGHTS.flip(3)])
    apart = [loss(one[None], weight[None]) for one, weight in zip(batch, weights, strict=True)]
    torch.testing.assert_close(loss(batch, weights), torch.stack(apart).mean())
    shared = [loss(one[None], WEIGHTS) for one in batch]
    torch.testing.assert_close(loss(batch, WEIGHTS), torch.stack(shared).mean())


@pytest.mark.parametrize("name", LOSSES)
def test_channels_that_never_fire_leave_the_gradient_finite(name: str) -> None:
    features = torch.cat([PICTURE, torch.zeros_like(PICTURE[:, :1])], dim=1).float().requires_grad_()
    style = torch.cat([STYLE, STYLE[:, :1]], dim=1).float()
    to_style(style)[name](features, None).backward()  # type: ignore[no-untyped-call]
    assert features.grad is not None and torch.isfinite(features.grad).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", LOSSES)
def test_sums_are_kept_in_float32_within_autocast(name: str, dtype: torch.dtype) -> None:
    # Features of the size that VGG makes of [0, 255]: squares of fp16 overflow, sums of bf16 lose all.
    chance = torch.Generator().manual_seed(4)
    features = (300 * torch.rand(1, 8, 64, 64, generator=chance)).to(dtype)
    exact = to_style(0.9 * features.double())[name](features.double(), None)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = to_style(0.9 * features.float())[name](features, None)
    assert loss.dtype == torch.float32
    # Gram matrices of bfloat16 are rounded to it in parts: training/half_gram.py.
    rounded = dtype == torch.bfloat16 and name == "gram"
    torch.testing.assert_close(loss.double(), exact, rtol=1e-2 if rounded else 1e-4, atol=0)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (torch.zeros(1, 1, 4, 5), "above 0 somewhere in every picture"),
        (-WEIGHTS, "0 or more"),
        (WEIGHTS / 0, "finite"),
        (WEIGHTS[..., :4], r"weights must be \(1, 1, 4, 5\) like the features, got \(1, 1, 4, 4\)"),
        (WEIGHTS.expand(1, 3, 4, 5), r"got \(1, 3, 4, 5\)"),
    ],
)
@pytest.mark.parametrize("name", LOSSES)
def test_weights_that_mean_nothing_are_refused(name: str, weights: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        to_style(STYLE)[name](PICTURE, weights)


def test_a_picture_without_any_weight_is_refused_though_the_batch_has_some() -> None:
    batch, weights = torch.cat([PICTURE, PICTURE]), torch.cat([WEIGHTS, 0 * WEIGHTS])
    with pytest.raises(ValueError, match="every picture"):
        channel_means(batch, weights)


def test_a_negative_offset_makes_no_kernel() -> None:
    with pytest.raises(ValueError, match="c must be 0 or more, got -1"):
        mmd_polynomial_loss(PICTURE, channel_means(STYLE), second_moments(STYLE), -1.0)


def test_pictures_that_agree_are_no_distance_apart_and_shifted_strokes_less_than_other_colours() -> None:
    image = torch.zeros(1, 3, 16, 16)
    image[..., ::2] = 1  # stripes: a shift by a pixel turns all of them round, but their areas stay grey
    assert pyramid_distance(image, image) == 0
    assert pyramid_distance(image, image.roll(1, -1)) == pytest.approx(1.0)
    assert pyramid_distance(image, image + 1) == pytest.approx(3.0)
    with pytest.raises(ValueError, match="differ in shape"):
        pyramid_distance(image, image[..., :8])
