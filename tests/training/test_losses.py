import pytest
import torch

from training.losses import (
    feature_reconstruction_loss,
    gram_matrix,
    relative_content_loss,
    relative_style_loss,
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
