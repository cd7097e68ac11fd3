"""How a picture follows from the one before it: optical flow at a small size, and where it can be trusted.

A place is trusted where the flow there and back ends at its start, and where the picture before, moved along
the flow, looks as it does now. What was hidden before, or is new, is so left out, with a rim around it.
Where standing still explains a place as well as moving does, it stands still: flow of noise is no motion.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Of the longer side, where motion is looked for, between two lengths. Finer is no steadier: on five clips of
# 360 pixels E_warp is the same to 4% from 128 to 192; but what is small goes unseen when it is coarse.
LONG_SIDE_SHARE = 4
SHORTEST, LONGEST = 160, 256
# Mean difference of a place from what it was, in grey levels: up to the first it is the same, from the second
# on it is not. A webcam's noise is 1 to 2 here, where the small size and a box have averaged it.
SAME, OTHER = 6.0, 16.0
STILL, CHANGED = 3.0, 8.0
# The same of the signed difference, in which noise nearly vanishes: light that comes or goes is no noise.
STEADY_LIGHT, OTHER_LIGHT = 1.0, 2.5
# Moving must explain a place better than standing still does: by this share, and so many levels.
_MOVES_SHARE, _MOVES_LEVELS = 0.8, 0.3
# As in Sundaram et al. 2010: how far from its start the way there and back may end.
_ROUND_TRIP_SHARE, _ROUND_TRIP_PX = 0.02, 0.5
_FAR_PX = 1e4  # farther than any picture is wide
# Of the pixels: where more are other than before, the scene is.
CUT_SHARE = 0.6
_SMALLEST_SIDE = 16  # that DIS takes
_BOX = (5, 5)
_RIM = np.ones((5, 5), np.uint8)


@dataclass(frozen=True, eq=False, slots=True)
class Motion:
    """Where a picture's pixels were in the one before, at a small size.

    Args:
        trust: (h, w) float32: 1 where that is sure, 0 where nothing is known.
        still: (h, w) float32: 1 where nothing changes but noise; at most `trust`.
        flow: (h, w, 2) float32, x before y, to where each pixel was, in pixels of this size; None if all
            stands still.
    """

    trust: Field
    still: Field
    flow: Field | None


def small_picture(image: Image) -> Image:
    """Return a picture, (H, W, 3) uint8, at the size that motion is looked for in, or at its own if less."""
    height, width = image.shape[:2]
    longer = max(height, width)
    scale = min(max(longer // LONG_SIDE_SHARE, SHORTEST), LONGEST) / longer
    if scale >= 1:
        return image
    size_wh = max(1, round(width * scale)), max(1, round(height * scale))
    whole = int(1 / scale)
    if whole > 1 and width % whole == height % whole == 0:
        # By whole numbers areas are averaged ten times as fast; what is left to shrink is less than half.
        image = cast(
            Image, cv2.resize(image, (width // whole, height // whole), interpolation=cv2.INTER_AREA)
        )
        if image.shape[1::-1] != size_wh:
            image = cast(Image, cv2.resize(image, size_wh, interpolation=cv2.INTER_LINEAR))
        return image
    return cast(Image, cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA))


def find_motion(small: Image, previous: Image, *, follow: bool = True) -> Motion | None:
    """Return how a picture follows from the one before; None at a cut.

    Args:
        small, previous: (h, w, 3) uint8 BGR, as `small_picture` gives them.
        follow: False leaves out the flow: only what stands still is trusted then.
    """
    grey, previous_grey = (cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) for picture in (small, previous))
    cost = _difference(small, previous)
    light = np.abs(cv2.blur(cv2.subtract(grey, previous_grey, dtype=cv2.CV_32F), _BOX))
    still = cast(Field, _falling(cost, STILL, CHANGED) * _falling(light, STEADY_LIGHT, OTHER_LIGHT))
    trust, flow = _falling(cost, SAME, OTHER), None
    if follow and min(grey.shape) >= _SMALLEST_SIDE and float(still.min()) < 1:
        flow, cost, stands, hidden = _follow(
            small, previous, cast(Image, grey), cast(Image, previous_grey), cost
        )
        trust = cast(Field, _falling(cost, SAME, OTHER) * (1 - hidden))
        still = cast(Field, still * stands)
    if np.count_nonzero(trust < 0.5) > CUT_SHARE * trust.size:
        return None
    trust, still = (cast(Field, cv2.erode(share, _RIM)) for share in (trust, still))
    return Motion(trust if follow else still, still, flow)


def _follow(
    small: Image, previous: Image, grey: Image, previous_grey: Image, still_cost: Field
) -> tuple[Field, Field, Field, Field]:
    """Return the flow, how badly it explains each place in grey levels, what stands, and what was hidden.

    The last two are 1 where it is so, 0 elsewhere.
    """
    flow = _KEPT.exact.calc(grey, previous_grey, None)  # type: ignore[call-overload]
    back = _KEPT.rough.calc(previous_grey, grey, None)  # type: ignore[call-overload]
    places = cv2.add(flow, grid(flow.shape[1], flow.shape[0]))
    moved = cv2.remap(
        previous,
        places,
        None,  # type: ignore[call-overload]
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    cost = _difference(small, moved)
    stands = still_cost * _MOVES_SHARE - _MOVES_LEVELS < cost
    standing = stands.astype(np.float32)
    moving = 1 - standing
    # By OpenCV and by channel: numpy is slow along an axis of two.
    u, v = cv2.split(flow)
    hidden = _is_hidden(u, v, back, places).astype(np.float32) * moving
    flow = cv2.merge((cv2.multiply(u, moving), cv2.multiply(v, moving)))
    return cast(Field, flow), np.where(stands, still_cost, cost), standing, hidden


def _is_hidden(u: MatLike, v: MatLike, back: MatLike, places: MatLike) -> Mask:
    """Tell which pixels have no partner: of the flow by channels, the flow back, and where partners are."""
    back = cv2.remap(  # the nearest will do of what is as smooth; outside is never back at the start
        back,
        places,
        None,  # type: ignore[call-overload]
        cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(_FAR_PX, _FAR_PX),
    )
    back_u, back_v = cv2.split(back)
    length = cv2.add(_squares(u, v), _squares(back_u, back_v))
    off = _squares(cv2.add(u, back_u), cv2.add(v, back_v))
    hidden: Mask = off > length * _ROUND_TRIP_SHARE + _ROUND_TRIP_PX
    return hidden


def _squares(x: MatLike, y: MatLike) -> MatLike:
    return cv2.add(cv2.multiply(x, x), cv2.multiply(y, y))


def _difference(image: Image, other: Image) -> Field:
    """Return by how many grey levels places differ, (h, w) float32."""
    grey = cv2.cvtColor(cv2.absdiff(image, other), cv2.COLOR_BGR2GRAY)
    return cast(Field, cv2.blur(grey.astype(np.float32), _BOX))


def _falling(value: Field, full: float, nothing: float) -> Field:
    """Return 1 up to `full`, 0 from `nothing` on, and a slope between them."""
    return cast(Field, np.clip((nothing - value) * np.float32(1 / (nothing - full)), 0, 1))


def grid(width: int, height: int) -> Field:
    """Return the place of every pixel, (height, width, 2) float32, x before y; only to be read."""
    return _KEPT.grid(width, height)


class _Kept(threading.local):
    """What one thread uses again: OpenCV's estimator holds memory, and is no thing to share."""

    def __init__(self) -> None:
        # The way back only tells what was hidden: a quarter of the work does. At 160 pixels, to the finest
        # scale, E_warp is 5% lower than at 256 to the next one, and takes 1.2 ms in the place of 1.6.
        self.exact, self.rough = (
            cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST) for _ in range(2)
        )
        self.exact.setFinestScale(0)
        self.exact.setPatchStride(6)  # of 8: fewer than usual
        self.exact.setGradientDescentIterations(5)
        self.rough.setFinestScale(1)
        self._grids: dict[tuple[int, int], Field] = {}

    def grid(self, width: int, height: int) -> Field:
        if (width, height) not in self._grids:
            if len(self._grids) > 3:
                self._grids.clear()
            rows, columns = np.arange(height, dtype=np.float32), np.arange(width, dtype=np.float32)
            places = np.dstack(np.meshgrid(columns, rows))
            places.flags.writeable = False
            self._grids[width, height] = places
        return self._grids[width, height]


_KEPT = _Kept()
