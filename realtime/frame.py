"""One picture of a stream, with its place and its time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from realtime.errors import SourceError


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """A picture and when it is to be shown; nothing in it changes after creation.

    Args:
        image: (H, W, 3) uint8, BGR, [0, 255]. Kept as a read-only view of the given array, without a
            copy: whoever creates the frame hands the array over and does not write to it again.
        index: 0-based count of the source's frames. Dropped frames leave gaps.
        pts: presentation time in units of time_base.
        time_base: seconds per unit of pts.
        captured_at: clock() seconds at which the source had the picture.
    Raises:
        SourceError: if the image is empty, has another shape or another dtype.
    """

    image: NDArray[np.uint8]
    index: int
    pts: int
    time_base: Fraction
    captured_at: float

    def __post_init__(self) -> None:
        image = self.image
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise SourceError(
                f"frame {self.index} must be (H, W, 3) uint8, got {tuple(image.shape)} {image.dtype}; "
                "use a source of 8-bit colour pictures"
            )
        if image.size == 0:
            raise SourceError(
                f"frame {self.index} has no pixels ({image.shape[1]}x{image.shape[0]}); check the source"
            )
        view = image.view()
        view.flags.writeable = False
        object.__setattr__(self, "image", view)

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.shape[1], self.image.shape[0]

    def time_s(self) -> float:
        """Return the presentation time in seconds."""
        return float(self.pts * self.time_base)

    def with_image(self, image: NDArray[np.uint8]) -> Frame:
        """Return the same moment with another picture, (H, W, 3) uint8 BGR; its size may differ."""
        return replace(self, image=image)
