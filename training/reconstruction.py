"""Rebuilds the features of a photograph with the style of a picture, region by region: Lu et al. 2017.

"Decoder Network over Lightweight Reconstructed Feature for Fast Semantic Style Transfer", section 3.1.
Features are activations of one layer, (1, C, H, W); a region is a soft mask, (1, 1, H, W), at least 0.
Nothing here is learnt, and nothing is changed in place.

**The iteration and what it converges to.** With the linear kernel a region's loss is, up to constants,

    sum_i ||F_i - Fc_i||^2 + a N ||mean(F) - mean(Fs)||^2,    a = lambda / (2 N C^2),

for its N positions. The paper sets the derivative to 0 and updates by F_i = Fc_i + a (mean(Fs) - mean(F)),
eq. 5. What is added is the same vector d at every position, so mean(F) = mean(Fc) + d, and at the fixed point

    d = a (mean(Fs) - mean(Fc) - d),    so    d = s (mean(Fs) - mean(Fc))    with    s = a / (1 + a).

All of the iterations are one addition. `strength` is s: 0 leaves the features, 1 is a style weight beyond all
bounds. With soft masks means are weighted, and where regions overlap their results blend by their shares.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from training.losses import channel_means, mean_and_std

Statistic = Literal["linear", "bn", "cov", "swap"]
STATISTICS: tuple[Statistic, ...] = ("linear", "bn", "cov", "swap")
# The paper's, section 4.
ITERATIONS = 500
# A channel that is nearly constant in the photograph is not amplified without bounds.
_MOST_GAIN = 50.0
# How many style patches are compared at once: the memory of the correlation.
_PATCHES_AT_ONCE = 2048


def iterate_linear(
    content: Tensor,
    style: Tensor,
    content_mask: Tensor | None = None,
    style_mask: Tensor | None = None,
    strength: float = 1.0,
    iterations: int = ITERATIONS,
) -> Tensor:
    """Return the features after the paper's own iteration, eq. 5, from those of the content.

    eq. 5 as it stands overshoots by the factor a a step, and so diverges from a = 1 on. Each step is
    therefore shortened, so that at most half of the way is left: F += h (Fc + a (mean(Fs) - mean(F)) - F),
    h = min(1, 1.5 / (1 + a)). Below a = 0.5 it is the paper's step exactly.

    Raises:
        ValueError: if the strength is not in [0, 1].
    """
    _check_strength(strength)
    goal = channel_means(style, style_mask)[..., None, None]  # (1, C, 1, 1)
    # h (1 + a) and s = a / (1 + a): finite for every strength, 1 included.
    step = 1.5 if strength == 1 else min(1 / (1 - strength), 1.5)
    features = content
    for _ in range(iterations):
        mean = channel_means(features, content_mask)[..., None, None]
        pull = (1 - strength) * (content - features) + strength * (goal - mean)
        features = features + step * pull
    return features


def move_mean(
    content: Tensor,
    style: Tensor,
    content_mask: Tensor | None = None,
    style_mask: Tensor | None = None,
    strength: float = 1.0,
) -> Tensor:
    """Return what `iterate_linear` converges to: Fc + s (mean(Fs) - mean(Fc)); derived above."""
    _check_strength(strength)
    shift = channel_means(style, style_mask) - channel_means(content, content_mask)
    return content + strength * shift[..., None, None]


def match_deviation(
    content: Tensor,
    style: Tensor,
    content_mask: Tensor | None = None,
    style_mask: Tensor | None = None,
    strength: float = 1.0,
) -> Tensor:
    """Return features with the style's mean and deviation in each channel, an affine map.

    (F - mu_c) sigma_s / sigma_c + mu_s: Huang and Belongie 2017, arXiv:1703.06868, eq. 8. A channel that does
    not vary in the region keeps its shape (nothing), whatever the style's deviation.
    """
    _check_strength(strength)
    mean_c, deviation_c = (one[..., None, None] for one in mean_and_std(content, content_mask))
    mean_s, deviation_s = (one[..., None, None] for one in mean_and_std(style, style_mask))
    gain = (deviation_s / deviation_c.clamp_min(1e-8)).clamp_max(_MOST_GAIN)
    return torch.lerp(content, (content - mean_c) * gain + mean_s, strength)


def transport_covariance(
    content: Tensor,
    style: Tensor,
    content_mask: Tensor | None = None,
    style_mask: Tensor | None = None,
    strength: float = 1.0,
    ridge: float = 1e-3,
) -> Tensor:
    """Return features with the style's mean and covariance, moved no farther than they must be.

    x -> A (x - mu_c) + mu_s with A = Sc^(-1/2) (Sc^(1/2) Ss Sc^(1/2))^(1/2) Sc^(-1/2), the optimal transport
    between two Gaussians (Olkin and Pukelsheim 1982). To both covariances `ridge` times the mean variance is
    added, so that a region with fewer positions than channels has a map too.
    """
    _check_strength(strength)
    mean_c, covariance_c = _moments(content, content_mask)
    mean_s, covariance_s = _moments(style, style_mask)
    usual = (covariance_c.trace() + covariance_s.trace()) / (2 * len(covariance_c))
    steady = torch.eye(len(covariance_c), dtype=torch.float64, device=content.device)
    steady = steady * (ridge * usual).clamp_min(1e-12)
    root = _power(covariance_c + steady, 0.5)
    inverse = _power(covariance_c + steady, -0.5)
    matrix = inverse @ _power(root @ (covariance_s + steady) @ root, 0.5) @ inverse  # (C, C)
    flat = content[0].flatten(1).double()
    moved = (matrix @ (flat - mean_c) + mean_s).to(content.dtype).view_as(content)
    return torch.lerp(content, moved, strength)


def swap_patches(
    content: Tensor,
    style: Tensor,
    content_mask: Tensor | None = None,
    style_mask: Tensor | None = None,
    strength: float = 1.0,
) -> Tensor:
    """Return features put together of the style's nearest 3x3 patches: Li and Wand 2016, arXiv:1601.04589.

    Nearest by normalised correlation, which is a convolution with the patches over their length (Chen and
    Schmidt 2016, arXiv:1612.04337); where patches overlap, their mean. Patches come from where the style mask
    is at least half of its maximum. The content mask is of no use here: every position is answered.
    """
    _check_strength(strength)
    patches = functional.unfold(functional.pad(style, (1, 1, 1, 1), mode="replicate"), 3)[0].T  # (P, 9C)
    numbers = torch.arange(len(patches), device=style.device)
    if style_mask is not None:
        weights = style_mask.flatten()
        numbers = numbers[weights >= weights.max() / 2]
    nearest = _nearest(content, patches, numbers)  # (h, w), position in the style
    swapped = _mean_of_overlaps(style, nearest)
    return torch.lerp(content, swapped, strength)


def _nearest(content: Tensor, patches: Tensor, numbers: Tensor) -> Tensor:
    height, width = content.shape[-2:]
    padded = functional.pad(content, (1, 1, 1, 1), mode="replicate")
    best = content.new_full((height, width), -torch.inf)
    found = torch.zeros(height, width, dtype=torch.long, device=content.device)
    for some in torch.split(numbers, _PATCHES_AT_ONCE):
        kernels = functional.normalize(patches[some], dim=1).view(len(some), content.shape[1], 3, 3)
        values, places = functional.conv2d(padded, kernels)[0].max(dim=0)
        better = values > best
        best = torch.where(better, values, best)
        found = torch.where(better, some[places], found)
    return found


def _mean_of_overlaps(style: Tensor, nearest: Tensor) -> Tensor:
    """Return each position's mean over the patches that cover it; that at q brings Fs(nearest(q) + p - q)."""
    height, width = style.shape[-2:]
    flat = style[0].flatten(1)  # (C, P)
    rows = (nearest // width)[None, None].float()
    columns = (nearest % width)[None, None].float()
    total = style.new_zeros(style.shape[1], *nearest.shape)
    size_h, size_w = nearest.shape
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            # Of the patch whose middle lies at (-down, -right) from here; at the border, the border's own.
            near = [functional.pad(one, (1, 1, 1, 1), mode="replicate") for one in (rows, columns)]
            row, column = (
                one[0, 0, 1 - down : 1 - down + size_h, 1 - right : 1 - right + size_w] for one in near
            )
            row = (row + down).clamp(0, height - 1).long()
            column = (column + right).clamp(0, width - 1).long()
            total = total + flat[:, (row * width + column).flatten()].view_as(total)
    return total[None] / 9


def _moments(features: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """(1, C, H, W) -> mean (C, 1) and covariance (C, C), float64."""
    flat = features[0].flatten(1).double()
    shares = torch.ones_like(flat[:1]) if mask is None else mask.flatten()[None].double()
    shares = shares / shares.sum()
    mean = (flat * shares).sum(dim=1, keepdim=True)
    centred = flat - mean
    return mean, (centred * shares) @ centred.mT


def _power(matrix: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    power: Tensor = (vectors * values.clamp_min(1e-12) ** exponent) @ vectors.mT
    return power


def _check_strength(strength: float) -> None:
    if not 0 <= strength <= 1:
        raise ValueError(f"the strength must be between 0 and 1, instead got {strength}")


Form = Callable[[Tensor, Tensor, Tensor | None, Tensor | None, float], Tensor]
FORMS: dict[str, Form] = {
    "linear": move_mean,
    "bn": match_deviation,
    "cov": transport_covariance,
    "swap": swap_patches,
}
