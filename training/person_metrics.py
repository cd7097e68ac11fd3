"""How good a mask is: overlap with the true one, and how well its edge runs along the true edge."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.people import Pair, Picture, fit_size, resize

# Finds people: (H, W, 3) uint8 RGB, sides multiples of 16 -> (H, W) float32 in [0, 1].
Finder = Callable[[Picture], NDArray[np.float32]]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Score:
    """Of one picture: overlap, overlap along the edge, and the F measure of the edge."""

    name: str
    iou: float
    edge_iou: float
    edge_f: float


def iou(found: Mask, true: Mask) -> float:
    """Return the intersection over the union of two masks; 1 where both are empty."""
    union = int(np.count_nonzero(found | true))
    return int(np.count_nonzero(found & true)) / union if union else 1.0


def edge_iou(found: Mask, true: Mask, *, share: float = 0.02) -> float:
    """Return the IoU of the bands inside both edges. Cheng et al. 2021, arXiv:2103.16562.

    Args:
        share: of the diagonal, the width of the bands.
    """
    width = max(1, round(share * float(np.hypot(*true.shape))))
    return iou(_band(found, width), _band(true, width))


def edge_f(found: Mask, true: Mask, *, share: float = 0.008) -> float:
    """Return the F measure of edge pixels that have one of the other's near. Perazzi et al. 2016 (DAVIS).

    Args:
        share: of the diagonal, how far near is.
    """
    reach = max(1, round(share * float(np.hypot(*true.shape))))
    edges = [_band(mask, 1) for mask in (found, true)]
    if not (edges[0].any() or edges[1].any()):
        return 1.0
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    near = [cv2.dilate(edge.astype(np.uint8), around) > 0 for edge in edges]
    precision, recall = (
        int(np.count_nonzero(edge & around_other)) / max(1, int(np.count_nonzero(edge)))
        for edge, around_other in ((edges[0], near[1]), (edges[1], near[0]))
    )
    return 2 * precision * recall / max(1e-9, precision + recall)


def find_alpha(finder: Finder, image: Picture, area: int) -> NDArray[np.float32]:
    """Return where people are in a picture of any size, (H, W) in [0, 1]; the finder sees `area` pixels."""
    height, width = image.shape[:2]
    alpha = finder(resize(image, fit_size(height, width, area)))
    bigger = cv2.resize(alpha, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(bigger, dtype=np.float32)


def score(finder: Finder, pairs: Sequence[Pair], area: int) -> list[Score]:
    """Return the figures of every pair, at the picture's own size and threshold 0.5."""
    scores = []
    for pair in pairs:
        found, true = find_alpha(finder, pair.image, area) > 0.5, pair.mask > 127
        scores.append(Score(pair.name, iou(found, true), edge_iou(found, true), edge_f(found, true)))
    return scores


def _band(mask: Mask, width: int) -> Mask:
    """Return the pixels of a mask that are within `width` of its edge; the picture's rim is none."""
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), width, width, width, width, cv2.BORDER_REPLICATE)
    inner = cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=width)
    band: Mask = mask & (inner[width:-width, width:-width] == 0)
    return band
