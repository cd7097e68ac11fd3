"""A mask that does not tremble: what stands still keeps its alpha, what moves has its own at once.

The state goes in and comes out. Nothing trails behind a moving person, because the mask of the frame before
counts only where the picture is as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.mask import Alpha

Image = NDArray[np.uint8]

KEPT = 0.8  # of the alpha before, where nothing has moved
# Grey levels, averaged over a small window: up to the first a change is noise, from the second on motion.
STILL, MOVED = 3.0, 10.0
_WINDOW = 5
# Of what was before a moment so many frames ago, three hundredths are left where all stands still.
WARM_UP_FRAMES = 16


@dataclass(frozen=True, eq=False)
class Held:
    """What a mask remembers of the frame before.

    Args:
        grey: of the frame at the mask's size, (h, w) uint8.
        alpha: that was given, (h, w) uint8.
    """

    grey: Image
    alpha: Alpha


def steady_alpha(held: Held | None, grey: Image, alpha: Alpha) -> tuple[Alpha, Held]:
    """Return the alpha to use, and what to remember.

    Args:
        held: of the frame before; None for the first, or after a cut.
        grey: the frame, (h, w) uint8, at the mask's size.
        alpha: as it was found, (h, w) uint8.
    """
    if held is None or held.grey.shape != grey.shape:
        return alpha, Held(grey, alpha)
    change = cv2.blur(cv2.absdiff(grey, held.grey), (_WINDOW, _WINDOW)).astype(np.float32)
    share = np.clip((MOVED - change) * np.float32(KEPT / (MOVED - STILL)), 0, KEPT)
    mixed = alpha + share * (held.alpha.astype(np.float32) - alpha)
    settled = cast(Alpha, np.rint(mixed).astype(np.uint8))
    return settled, Held(grey, settled)
