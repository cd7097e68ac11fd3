"""Losses of neural style transfer, as pure functions.

Features are activations of one layer, (N, C, H, W), floating point; losses are scalars. To the losses of a
style each of the H*W positions is one sample of a distribution in C dimensions (Li et al. 2017,
arXiv:1701.01036). `weights`, (N or 1, 1, H, W), at least 0 and of any scale, say how much each position
counts; None counts all alike. The sampled losses are in `training.mmd`.
"""

from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional

from training.half_gram import half_gram_matrix

TvForm = Literal["squared", "absolute", "gamma"]
# The parts of a loss by name, as plain numbers for reports.
LossParts = dict[str, float]


def feature_reconstruction_loss(features: Tensor, target: Tensor) -> Tensor:
    """Return the squared distance of two activations over C*H*W, averaged over the batch.

    l(f, t) = ||f - t||^2 / (C*H*W)
    Johnson et al. 2016, arXiv:1603.08155, eq. 2.

    Raises:
        ValueError: if the shapes differ.
    """
    if features.shape != target.shape:
        raise ValueError(f"features {tuple(features.shape)} and target {tuple(target.shape)} differ in shape")
    return (at_least_float32(features) - at_least_float32(target)).square().mean()


def relative_content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Return the feature reconstruction loss over the target's own mean square.

    0 where both agree and about 1 where nothing of the content is left, in every layer of every network.
    """
    mean_square = at_least_float32(target).square().mean().clamp_min(1e-12)
    return feature_reconstruction_loss(features, target) / mean_square


def gram_matrix(features: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return which channels fire together, wherever in the image they do.

    G[c, d] = sum over pixels of F[c] * F[d] / (C*H*W)
    Johnson et al. 2016, arXiv:1603.08155, eq. 3; with weights w, sum of w * F[c] * F[d] / (C * sum of w).

    Args:
        features: activations of one VGG layer, (N, C, H, W), floating point.
        weights: how much each position counts, (N or 1, 1, H, W).
    Returns:
        (N, C, C), symmetric, in the features' type, of bfloat16 in float32. The division makes images of
        different sizes comparable.
    Raises:
        ValueError: if features is not 4-D, or weights are of another size, negative, or all 0.
    """
    if features.ndim != 4:
        raise ValueError(f"features must be (N, C, H, W), got {tuple(features.shape)}")
    # A row a position, as channels-last activations lie in memory: no copy, and half the time.
    rows = features.permute(0, 2, 3, 1).flatten(start_dim=1, end_dim=2)  # (N, H*W, C)
    # Autocast would take the product in half precision, whatever the features are in.
    with torch.autocast(features.device.type, enabled=False):
        if weights is None and features.dtype == torch.bfloat16:
            return half_gram_matrix(rows)
        if weights is None:
            # Scale before the product: in fp16 the sum over pixels passes 65504 and becomes inf.
            rows = rows * rows[0].numel() ** -0.5
            gram: Tensor = rows.mT @ rows
        else:
            shares = position_shares(features, weights).flatten(start_dim=2).mT  # (N, H*W, 1)
            gram = (rows * (shares / rows.shape[2])).mT @ rows
    return gram


def float32_gram(features: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return `gram_matrix` in float32 or better, whatever the features are in."""
    if weights is not None or features.dtype != torch.bfloat16:
        features = at_least_float32(features)
    return gram_matrix(features, weights)


def style_reconstruction_loss(features: Tensor, style_gram: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the squared Frobenius distance between the features' Gram matrix and the style's.

    l(f, s) = ||G(f) - G(s)||^2, averaged over the batch. Johnson et al. 2016, eq. 4.
    C^2 times this is the squared MMD with the kernel (x.y)^2: Li et al. 2017, eq. 9.

    Args:
        features: (N, C, H, W).
        style_gram: (C, C) or (N, C, C).
        weights: how much each position of the features counts.
    """
    difference = float32_gram(features, weights) - at_least_float32(style_gram)  # (N, C, C)
    return difference.square().sum(dim=(1, 2)).mean()


def relative_style_loss(features: Tensor, style_gram: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the style reconstruction loss over the style's own squared norm: comparable between layers."""
    # The norm of one matrix, whether the style comes as (C, C) or repeated for a batch.
    norm = at_least_float32(style_gram).square().sum(dim=(-2, -1)).mean().clamp_min(1e-12)
    return style_reconstruction_loss(features, style_gram, weights) / norm


def channel_means(features: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return each channel's mean over the positions, (N, C), float32 or better. Li et al. 2017, eq. 12."""
    features = at_least_float32(features)
    if weights is None:
        return features.mean(dim=(2, 3))
    return (features * position_shares(features, weights)).sum(dim=(2, 3))


def mean_and_std(features: Tensor, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return each channel's mean and standard deviation over the positions, (N, C) each.

    mu = mean of F, sigma^2 = mean of (F - mu)^2. Li et al. 2017, eq. 12.
    Where a channel is constant, sigma is 0 and so is its gradient: that of the root would be infinite.
    """
    if weights is None:
        mean, deviation = _MeanAndStd.apply(features)
        return mean, deviation
    mean = channel_means(features, weights)
    squares = (at_least_float32(features) - mean[..., None, None]).square()
    variance = channel_means(squares, weights)
    constant = variance == 0
    return mean, variance.masked_fill(constant, 1.0).sqrt().masked_fill(constant, 0.0)


class _MeanAndStd(torch.autograd.Function):
    """`mean_and_std` without weights, in half of the passes over memory that autograd's own way takes.

    d mu / d F = 1 / P and d sigma / d F = (F - mu) / (P sigma), for P positions.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> tuple[Tensor, Tensor]:
        values = at_least_float32(features)
        mean = values.mean(dim=(2, 3), keepdim=True)
        centered = values - mean
        positions = features.shape[2] * features.shape[3]
        deviation = torch.linalg.vector_norm(centered, dim=(2, 3)) / positions**0.5
        ctx.save_for_backward(centered, deviation)
        ctx.dtype = features.dtype
        return mean[..., 0, 0], deviation

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        centered, deviation = ctx.saved_tensors
        of_mean, of_deviation = gradients
        positions = centered.shape[2] * centered.shape[3]
        slope = (of_deviation / deviation).masked_fill(deviation == 0, 0.0) / positions
        base = (of_mean / positions)[..., None, None]
        return torch.addcmul(base, slope[..., None, None], centered).to(ctx.dtype)


def second_moments(features: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the mean over the positions p of f_p f_p^T, (N, C, C): C times the Gram matrix."""
    return gram_matrix(at_least_float32(features), weights) * features.shape[1]


def mmd_linear_loss(features: Tensor, style_mean: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the squared MMD with the kernel k(x, y) = x.y, averaged over the batch.

    The double sums over the kernel come down to ||mean(x) - mean(y)||^2. Li et al. 2017, eq. 10.

    Args:
        features: (N, C, H, W).
        style_mean: `channel_means` of the style, (C,) or (N, C).
        weights: how much each position of the features counts.
    """
    difference = channel_means(features, weights) - at_least_float32(style_mean)
    return difference.square().sum(dim=1).mean()


def mmd_polynomial_loss(
    features: Tensor, style_mean: Tensor, style_moments: Tensor, c: float, weights: Tensor | None = None
) -> Tensor:
    """Return the squared MMD with the kernel k(x, y) = (x.y + c)^2, averaged over the batch.

    The double sums come down to ||E[xx^T] - E[yy^T]||^2 + 2c ||E[x] - E[y]||^2; c^2 cancels. Only the second
    order of Li et al. 2017, eq. 10: a moment of order d has C^d entries.

    Args:
        features: (N, C, H, W).
        style_mean: `channel_means` of the style, (C,) or (N, C).
        style_moments: `second_moments` of the style, (C, C) or (N, C, C).
        c: how much the first order counts beside the second, in the features' own squared units.
        weights: how much each position of the features counts.
    Raises:
        ValueError: if c is negative, for then this is no kernel.
    """
    if not c >= 0:
        raise ValueError(f"c must be 0 or more, got {c}")
    second = second_moments(features, weights) - at_least_float32(style_moments)
    loss = second.square().sum(dim=(1, 2)).mean()
    return loss + 2 * c * mmd_linear_loss(features, style_mean, weights) if c > 0 else loss


def bn_statistics_loss(
    features: Tensor, style_mean: Tensor, style_std: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Return how far the means and standard deviations of the channels are from the style's.

    mean over the channels of (mu - mu_style)^2 + (sigma - sigma_style)^2, averaged over the batch.
    Li et al. 2017, eq. 11.

    Args:
        features: (N, C, H, W).
        style_mean, style_std: `mean_and_std` of the style, (C,) or (N, C) each.
        weights: how much each position of the features counts.
    """
    mean, std = mean_and_std(features, weights)
    return (mean - at_least_float32(style_mean)).square().mean() + (
        std - at_least_float32(style_std)
    ).square().mean()


def position_shares(features: Tensor, weights: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """Return the weights as shares that sum to 1 over each picture, in the features' type or `dtype`.

    Raises:
        ValueError: if the weights are not (N or 1, 1, H, W), or are negative, no numbers, or all 0.
    """
    (count, _, height, width), size = features.shape, tuple(weights.shape)
    if size not in ((count, 1, height, width), (1, 1, height, width)):
        raise ValueError(f"weights must be {(count, 1, height, width)} like the features, got {size}")
    total = weights.sum(dim=(2, 3), keepdim=True, dtype=torch.float64)
    if not bool((weights >= 0).all() and (total > 0).all() and total.isfinite().all()):
        raise ValueError("weights must be finite, 0 or more, and above 0 somewhere in every picture")
    return (weights / total).to(dtype or features.dtype)


def at_least_float32(values: Tensor) -> Tensor:
    """Return half precision as float32, and float32 and float64 as they are."""
    return values if values.dtype == torch.float64 else values.float()


def pyramid_distance(image: Tensor, target: Tensor, levels: int = 3) -> Tensor:
    """Return how far two pictures are apart, pixel by pixel and as areas.

    sum over k < levels of mean |a_k - b_k|, where a_k is a averaged over squares of 2^k pixels. Areas keep
    colours together where strokes lie a pixel beside each other.

    Args:
        image, target: (N, 3, H, W) each; H and W at least 2^(levels - 1).
    Raises:
        ValueError: if the shapes differ.
    """
    if image.shape != target.shape:
        raise ValueError(f"image {tuple(image.shape)} and target {tuple(target.shape)} differ in shape")
    difference = at_least_float32(image) - at_least_float32(target)
    total = difference.abs().mean()
    for _ in range(1, levels):
        difference = functional.avg_pool2d(difference, 2)
        total = total + difference.abs().mean()
    return total


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
