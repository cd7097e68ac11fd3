"""How wrong a mask is: its pixels, most of all along the edge, and its overlap."""

import torch
from torch import Tensor
from torch.nn import functional

from training.losses import LossParts


def edge_weights(mask: Tensor, *, reach: int = 5, weight: float = 2.0) -> Tensor:
    """Return 1 far from the edges of a mask and 1 + `weight` within `reach` // 2 pixels of one.

    Args:
        mask: (N, 1, H, W) in [0, 1].
    """
    widest = functional.max_pool2d(mask, reach, stride=1, padding=reach // 2)
    narrowest = -functional.max_pool2d(-mask, reach, stride=1, padding=reach // 2)
    return 1 + weight * (widest - narrowest)


def dice_loss(alpha: Tensor, mask: Tensor) -> Tensor:
    """Return 1 - 2 |A B| / (|A| + |B|), each picture for itself. Milletari et al. 2016, arXiv:1606.04797.

    One pixel on either side keeps a picture without people quiet: alpha that is zero there costs nothing.

    Args:
        alpha, mask: (N, 1, H, W) in [0, 1].
    """
    both = (alpha * mask).sum(dim=(1, 2, 3))
    either = alpha.sum(dim=(1, 2, 3)) + mask.sum(dim=(1, 2, 3))
    return (1 - (2 * both + 1) / (either + 1)).mean()


def person_loss(logits: Tensor, mask: Tensor) -> tuple[Tensor, LossParts]:
    """Return cross entropy, heavier along edges, plus the Dice loss; and the parts.

    Args:
        logits: (N, 1, H, W), any floating type.
        mask: (N, 1, H, W) in [0, 1].
    """
    logits = logits.float()
    weights = edge_weights(mask)
    entropy = functional.binary_cross_entropy_with_logits(logits, mask, weight=weights)
    dice = dice_loss(logits.sigmoid(), mask)
    total = entropy + dice
    figures = torch.stack((total, entropy, dice)).detach().tolist()
    return total, dict(zip(("total", "entropy", "dice"), figures, strict=True))
