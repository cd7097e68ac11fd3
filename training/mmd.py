"""Maximum mean discrepancy by samples: kernels that no finite set of moments stands for.

Gretton et al. 2012, A Kernel Two-Sample Test, JMLR 13. Everything random comes from the generator passed in.
"""

import torch
from torch import Tensor

from training.losses import at_least_float32, position_shares


def mmd_gaussian_loss(
    samples: Tensor, style_samples: Tensor, bandwidth: float | Tensor | None = None
) -> Tensor:
    """Return the linear-time, unbiased estimate of the squared MMD with a Gaussian kernel.

    Mean over the pairs (i, j) = (0, 1), (2, 3), ... of
        h = k(x_i, x_j) + k(y_i, y_j) - k(x_i, y_j) - k(x_j, y_i),  k(a, b) = exp(-||a - b||^2 / 2 sigma^2)
    Gretton et al. 2012, lemma 14; for style by Li et al. 2017, section 3.2. It is 0 where both sets are the
    same, and being unbiased it falls below 0 by chance where they are close.

    Args:
        samples: x, (N, S, C) or (S, C), in random order; an odd last one is left out.
        style_samples: y, of the same size, or without N.
        bandwidth: sigma^2. None for the mean squared distance of all the pairs in h, one for each of the
            N pictures, without gradient.
    Raises:
        ValueError: if there are fewer than two samples, or not as many on both sides.
    """
    count = samples.shape[-2]
    if count != style_samples.shape[-2] or count < 2:
        raise ValueError(
            f"two or more samples a side, as many on both: got {count}, {style_samples.shape[-2]}"
        )
    x, y = at_least_float32(samples), at_least_float32(style_samples)
    x_i, x_j = x[..., 0 : count - 1 : 2, :], x[..., 1::2, :]  # (N, S/2, C)
    y_i, y_j = (part.expand_as(x_i) for part in (y[..., 0 : count - 1 : 2, :], y[..., 1::2, :]))
    pairs = ((x_i, x_j), (y_i, y_j), (x_i, y_j), (x_j, y_i))
    # The difference before the square: |a|^2 + |b|^2 - 2 a.b cancels badly between close samples.
    distances = torch.stack([(a - b).square().sum(dim=-1) for a, b in pairs])  # (4, N, S/2)
    if bandwidth is None:
        bandwidth = distances.detach().mean(dim=0).mean(dim=-1, keepdim=True).clamp_min(1e-12)  # (N, 1)
    same_x, same_y, cross, cross_back = torch.exp(-distances / (2 * bandwidth))
    estimate: Tensor = (same_x + same_y - cross - cross_back).mean()
    return estimate


def distance_of_nothing(samples: Tensor) -> Tensor:
    """Return the squared Gaussian MMD between an empty picture and the samples, (K, C), a scalar >= 0."""
    some = samples[:1024]  # the full double sum: exact for these, and never below 0
    between, lengths = torch.cdist(some, some).square(), some.square().sum(dim=1)
    bandwidth = ((between.mean() + 2 * lengths.mean()) / 4).clamp_min(1e-12)
    same, cross = torch.exp(-between / (2 * bandwidth)), torch.exp(-lengths / (2 * bandwidth))
    return (1 + same.mean() - 2 * cross.mean()).clamp_min(1e-12)


def take_positions(
    features: Tensor, count: int, generator: torch.Generator, weights: Tensor | None = None
) -> Tensor:
    """Return `count` positions of each picture in random order, (N, count, C).

    Without weights no position comes twice before each came once, so that the two of a pair differ and the
    estimate above is unbiased against the quadratic one. With weights each is drawn by its share, anew every
    time, and that estimate is unbiased for the two weighted sets.

    Args:
        features: (N, C, H, W).
        count: how many; may be more than there are.
        generator: of the CPU, moved on by the draw.
        weights: how likely each position is, (N or 1, 1, H, W), at least 0.
    """
    flat = features.flatten(start_dim=2)  # (N, C, H*W)
    if weights is None:
        rows = [shuffled(flat.shape[2], count, generator) for _ in flat]
    else:
        shares = position_shares(features, weights, torch.float64).expand(len(flat), -1, -1, -1)
        rows = [_by_share(row.flatten().cpu(), count, generator) for row in shares]
    taken = [one.index_select(1, row.to(one.device)) for one, row in zip(flat, rows, strict=True)]
    return torch.stack(taken).mT


def shuffled(size: int, count: int, generator: torch.Generator) -> Tensor:
    """Return `count` of the numbers below `size`, (count,) int64: shuffles of them all, one after another.

    A shuffle of an odd size that another follows leaves one out, so that no pair joins two shuffles.

    Raises:
        ValueError: if there are fewer than two numbers to pair.
    """
    if size < 2:
        raise ValueError(f"a pair needs two positions, and there are {size}")
    rounds = [torch.randperm(size, generator=generator)]
    if count > size:
        even = size - size % 2
        rounds = [torch.randperm(size, generator=generator)[:even] for _ in range(-(-count // even))]
    return torch.cat(rounds)[:count]


def _by_share(shares: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Draw positions, each with the chance of its share, by inverting the distribution function."""
    edges = shares.cumsum(dim=0)
    chance = torch.rand(count, generator=generator, dtype=torch.float64) * edges[-1]
    # right: a position of share 0 has no width between two edges and is never hit.
    return torch.searchsorted(edges, chance, right=True).clamp_max(len(shares) - 1)
