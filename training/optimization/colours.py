"""Two ways to keep the content's colours (Gatys et al. 2016, "Preserving Color in Neural Artistic Style
Transfer", arXiv:1606.05897)."""

import torch
from torch import Tensor

# NTSC's brightness of linear RGB, as the paper's YIQ has it.
_LUMA = (0.299, 0.587, 0.114)


def luminance(image: Tensor) -> Tensor:
    """(N, 3, H, W) RGB -> (N, 1, H, W): the Y of YIQ."""
    weights = torch.tensor(_LUMA, dtype=image.dtype, device=image.device).view(1, 3, 1, 1)
    return (image * weights).sum(dim=1, keepdim=True)


def as_grey(image: Tensor) -> Tensor:
    """(N, 3, H, W) RGB -> (N, 3, H, W), its luminance in all three channels."""
    return luminance(image).expand(-1, 3, -1, -1)


def with_colours_of(image: Tensor, source: Tensor) -> Tensor:
    """Return the luminance of `image` with the colours of `source`, in [0, 1]: section 3.2 of the paper.

    Both (N, 3, H, W) in [0, 1], of one size. I and Q of YIQ are kept by moving R, G and B alike.
    """
    return (source + luminance(image) - luminance(source)).clamp(0, 1)


def match_luminance(style_image: Tensor, content_image: Tensor) -> Tensor:
    """Return the style in greys whose mean and standard deviation are the content's luminance's.

    L' = sigma_c / sigma_s (L_s - mu_s) + mu_c, eq. 10 of the paper. (1, 3, H, W) each, in [0, 1].
    """
    style, content = luminance(style_image), luminance(content_image)
    scale = content.std() / style.std().clamp_min(1e-3)
    return (scale * (style - style.mean()) + content.mean()).clamp(0, 1).expand(-1, 3, -1, -1)


def match_colours(style_image: Tensor, content_image: Tensor) -> Tensor:
    """Return the style picture with the mean and covariance of the content's colours, in [0, 1].

    x' = A x + b with A = S_c^(1/2) S_s^(-1/2) and b = mu_c - A mu_s: section 3.1 of the paper, in the form of
    Image Analogies, which it finds the better of two. (1, 3, H, W) each, in [0, 1].
    """
    pixels = style_image[0].flatten(1).double()  # (3, H*W)
    mean_style, covariance_style = _mean_and_covariance(pixels)
    mean_content, covariance_content = _mean_and_covariance(content_image[0].flatten(1).double())
    linear = _power(covariance_content, 0.5) @ _power(covariance_style, -0.5)  # (3, 3)
    matched = linear @ (pixels - mean_style) + mean_content
    return matched.clamp(0, 1).view_as(style_image[0])[None].to(style_image.dtype)


def _mean_and_covariance(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """(3, P) -> (3, 1), (3, 3)."""
    mean = pixels.mean(dim=1, keepdim=True)
    centred = pixels - mean
    return mean, centred @ centred.mT / pixels.shape[1]


def _power(covariance: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    # A grey picture has directions without any spread; its noise must not become the content's colour.
    power: Tensor = vectors @ torch.diag(values.clamp_min(1e-5) ** exponent) @ vectors.mT
    return power
