"""Losses of neural style transfer, as pure functions.

Features are activations of one layer, (N, C, H, W), floating point; losses are scalars.
"""

from typing import Literal

import torch
from torch import Tensor

TvForm = Literal["squared", "absolute", "gamma"]


def feature_reconstruction_loss(features: Tensor, target: Tensor) -> Tensor:
    """Return the squared distance of two activations over C*H*W, averaged over the batch.

    l(f, t) = ||f - t||^2 / (C*H*W)
    Johnson et al. 2016, arXiv:1603.08155, eq. 2.

    Raises:
        ValueError: if the shapes differ.
    """
    if features.shape != target.shape:
        raise ValueError(f"features {tuple(features.shape)} and target {tuple(target.shape)} differ in shape")
    return (features.float() - target.float()).square().mean()


def relative_content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Return the feature reconstruction loss over the target's own mean square.

    0 where both agree and about 1 where nothing of the content is left, in every layer of every network.
    """
    mean_square = target.float().square().mean().clamp_min(1e-12)
    return feature_reconstruction_loss(features, target) / mean_square


def gram_matrix(features: Tensor) -> Tensor:
    """Return which channels fire together, wherever in the image they do.

    G[c, d] = sum over pixels of F[c] * F[d] / (C*H*W)
    Johnson et al. 2016, arXiv:1603.08155, eq. 3.

    Args:
        features: activations of one VGG layer, (N, C, H, W), floating point.
    Returns:
        (N, C, C), symmetric. The division makes images of different sizes comparable.
    Raises:
        ValueError: if features is not 4-D.
    """
    if features.ndim != 4:
        raise ValueError(f"features must be (N, C, H, W), got {tuple(features.shape)}")
    flat = features.flatten(start_dim=2)  # (N, C, H*W)
    # Scale before the product: in fp16 the sum over pixels passes 65504 and becomes inf.
    flat = flat * flat[0].numel() ** -0.5
    gram: Tensor = flat @ flat.mT
    return gram


def style_reconstruction_loss(features: Tensor, style_gram: Tensor) -> Tensor:
    """Return the squared Frobenius distance between the features' Gram matrix and the style's.

    l(f, s) = ||G(f) - G(s)||^2, averaged over the batch. Johnson et al. 2016, eq. 4.

    Args:
        features: (N, C, H, W).
        style_gram: (C, C) or (N, C, C).
    """
    difference = gram_matrix(features.float()) - style_gram.float()  # (N, C, C)
    return difference.square().sum(dim=(1, 2)).mean()


def relative_style_loss(features: Tensor, style_gram: Tensor) -> Tensor:
    """Return the style reconstruction loss over the style's own squared norm: comparable between layers."""
    # The norm of one matrix, whether the style comes as (C, C) or repeated for a batch.
    norm = style_gram.float().square().sum(dim=(-2, -1)).mean().clamp_min(1e-12)
    return style_reconstruction_loss(features, style_gram) / norm


def total_variation_loss(image: Tensor, form: TvForm = "squared", gamma: float = 1.25) -> Tensor:
    """Return how much neighbouring pixels differ, as a mean over the batch, the channels and the pixels.

    With dx, dy the differences to the right and lower neighbours:
        squared    mean(dx^2) + mean(dy^2)        Johnson et al. 2016
        absolute   mean(|dx|) + mean(|dy|)        Rudin, Osher and Fatemi 1992, anisotropic
        gamma      mean((dx^2 + dy^2)^(gamma/2))  Mahendran and Vedaldi 2015, arXiv:1412.0035, eq. 2

    Args:
        image: (N, C, H, W) in [0, 1].
        form: which of the three.
        gamma: the exponent of the third; 1 keeps edges, 2 is the squared form on shared pixels.
    Raises:
        ValueError: if the form is unknown, gamma is not positive, or the image has a side below 2.
    """
    if min(image.shape[-2:]) < 2:
        raise ValueError(f"the image must be at least 2x2 pixels, got {tuple(image.shape)}")
    dx = image[..., :, 1:] - image[..., :, :-1]
    dy = image[..., 1:, :] - image[..., :-1, :]
    if form == "squared":
        return dx.square().mean() + dy.square().mean()
    if form == "absolute":
        return dx.abs().mean() + dy.abs().mean()
    if form == "gamma":
        if gamma <= 0:
            raise ValueError(f"gamma must be positive, got {gamma}")
        # Only pixels that have both neighbours; the small number keeps the root's gradient finite at 0.
        squares = dx[..., :-1, :].square() + dy[..., :, :-1].square()
        return torch.pow(squares + 1e-12, gamma / 2).mean()
    raise ValueError(f"form must be squared, absolute or gamma, instead got {form!r}")
