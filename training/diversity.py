"""Are a network's pictures different pictures? To train for it, and to measure it."""

from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor


def nearest_neighbour_entropy(images: Tensor) -> Tensor:
    """Return the entropy of what a network paints, as a batch shows it, up to a constant.

    mean over i of ln min over j != i of ||x_i - x_j||, the norm being the root of the mean square.
    Kozachenko and Leonenko 1987, as Ulyanov et al. 2017, arXiv:1701.02096, section 3, subtract it from
    the loss: each picture is pushed away from the one that is most like it.

    Args:
        images: (N, C, H, W), N at least 2.
    Raises:
        ValueError: if there are fewer than two pictures.
    """
    if len(images) < 2:
        raise ValueError(f"one picture has no neighbour: expected two or more, instead got {len(images)}")
    flat = images.float().flatten(start_dim=1)  # (N, C*H*W)
    differences = flat[:, None] - flat[None]  # (N, N, C*H*W); torch.cdist has no gradient at 0
    squares = differences.square().mean(dim=2)
    oneself = torch.eye(len(images), dtype=torch.bool, device=images.device)
    nearest = squares.masked_fill(oneself, torch.inf).amin(dim=1)
    return 0.5 * (nearest + 1e-8).log().mean()


@dataclass(frozen=True)
class Diversity:
    """How different pictures are from one another, over all pairs.

    Args:
        pixel_difference: mean absolute difference, on [0, 1].
        alignment: the greatest correlation of two pictures under any shift; 1 is the same picture, moved.
    """

    pixel_difference: float
    alignment: float


def measure_diversity(images: Tensor) -> Diversity:
    """Compare pictures, (N, C, H, W) in [0, 1], each with each.

    Raises:
        ValueError: if there are fewer than two.
    """
    if len(images) < 2:
        raise ValueError(f"expected two pictures or more to compare, instead got {len(images)}")
    pairs = list(combinations(images.detach().float(), 2))
    differences = [float((one - other).abs().mean()) for one, other in pairs]
    return Diversity(sum(differences) / len(pairs), max(_alignment(one, other) for one, other in pairs))


def _alignment(one: Tensor, other: Tensor) -> float:
    """Return the greatest correlation of two pictures, (C, H, W), over all circular shifts."""
    spectra = []
    for image in (one, other):
        image = image - image.mean(dim=(1, 2), keepdim=True)
        spectra.append(torch.fft.rfft2(image / image.norm().clamp_min(1e-12)))
    correlations = torch.fft.irfft2(spectra[0] * spectra[1].conj(), s=one.shape[-2:]).sum(dim=0)
    return float(correlations.max())
