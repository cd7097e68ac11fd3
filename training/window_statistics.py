"""How far apart the statistics of two activations are, over all of them and over parts of them."""

import torch
from torch import Tensor
from torch.nn import functional

from training.losses import at_least_float32

# Windows along a side: the whole, and quarters of it.
WINDOWS = (1, 2)


def window_statistics_loss(features: Tensor, target: Tensor, windows: tuple[int, ...] = WINDOWS) -> Tensor:
    """Return how far each window's channels are from the target's in mean and deviation, relative to these.

    sum over channels of (mu - mu_t)^2 + (sigma - sigma_t)^2, over sum of mu_t^2 + sigma_t^2: the distance
    of `training.style_methods.BnStyle`, of each window by itself, averaged over windows, sizes and the batch.

    Args:
        features, target: (N, C, H, W).
        windows: how many along each side; sides need not divide, windows overlap then.
    Raises:
        ValueError: if the shapes differ, or a side has fewer positions than windows.
    """
    if features.shape != target.shape:
        raise ValueError(f"features {tuple(features.shape)} and target {tuple(target.shape)} differ in shape")
    if min(features.shape[-2:]) < max(windows):
        raise ValueError(f"{max(windows)} windows a side, but features are {tuple(features.shape[-2:])}")
    losses = []
    for count in windows:
        mean, deviation = _mean_and_deviation(features, count)
        mean_t, deviation_t = _mean_and_deviation(target, count)
        apart = ((mean - mean_t).square() + (deviation - deviation_t).square()).sum(dim=1)
        usual = (mean_t.square() + deviation_t.square()).sum(dim=1)
        losses.append((apart / usual.clamp_min(1e-12)).mean())
    return torch.stack(losses).mean()


def _mean_and_deviation(features: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """(N, C, H, W) -> (N, C, count, count) each; a channel that is constant has a deviation of nearly 0."""
    features = at_least_float32(features)
    mean = functional.adaptive_avg_pool2d(features, count)
    square = functional.adaptive_avg_pool2d(features.square(), count)
    # The gradient of a root is without bounds at 0: the least deviation is a thousandth of the usual size.
    least = 1e-6 * features.detach().square().mean()
    return mean, ((square - mean.square()).clamp_min(0) + least).sqrt()
