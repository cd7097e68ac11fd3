import torch

from training.optimization.colours import as_grey, luminance, match_colours, match_luminance, with_colours_of


def picture(seed: int, mean: tuple[float, float, float], spread: float = 0.08) -> torch.Tensor:
    """Colours that depend on each other, well inside [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    mix = torch.eye(3) + 0.5 * torch.rand(3, 3, generator=generator)
    pixels = mix @ torch.randn(3, 40 * 50, generator=generator).clamp(-2, 2) * spread / 2
    return (pixels + torch.tensor(mean)[:, None]).view(1, 3, 40, 50)


def mean_and_covariance(image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return image[0].flatten(1).mean(dim=1), torch.cov(image[0].flatten(1))


def test_a_matched_style_has_the_mean_and_covariance_of_the_contents_colours() -> None:
    style, content = picture(1, (0.7, 0.3, 0.2)), picture(2, (0.3, 0.4, 0.6))
    for found, expected in zip(
        mean_and_covariance(match_colours(style, content)), mean_and_covariance(content), strict=True
    ):
        torch.testing.assert_close(found, expected, rtol=1e-2, atol=1e-4)


def test_matching_a_picture_with_itself_changes_nothing() -> None:
    style = picture(1, (0.5, 0.4, 0.6))
    torch.testing.assert_close(match_colours(style, style), style, rtol=0, atol=2e-3)


def test_a_grey_style_is_matched_without_amplified_noise() -> None:
    grey = as_grey(picture(3, (0.5, 0.5, 0.5)))
    matched = match_colours(grey, picture(2, (0.3, 0.4, 0.6)))
    assert torch.isfinite(matched).all()
    torch.testing.assert_close(matched.mean(dim=(2, 3))[0], torch.tensor([0.3, 0.4, 0.6]), rtol=0, atol=0.01)


def test_only_the_luminance_changes_where_colours_are_kept() -> None:
    painted, content = picture(1, (0.5, 0.45, 0.5)), picture(2, (0.45, 0.5, 0.55))
    kept = with_colours_of(painted, content)
    torch.testing.assert_close(luminance(kept), luminance(painted))
    # Colour is what is left when the luminance is taken away.
    torch.testing.assert_close(kept - luminance(kept), content - luminance(content))


def test_the_greys_of_a_style_get_the_contents_brightness_and_contrast() -> None:
    style, content = picture(1, (0.8, 0.7, 0.6), spread=0.04), picture(2, (0.3, 0.4, 0.5))
    matched = match_luminance(style, content)
    assert matched.shape == style.shape and (matched[:, 0] == matched[:, 2]).all()
    torch.testing.assert_close(matched.mean(), luminance(content).mean(), rtol=1e-3, atol=0)
    torch.testing.assert_close(luminance(matched).std(), luminance(content).std(), rtol=1e-3, atol=0)
