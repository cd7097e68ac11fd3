"""Steadiness: a painting of a still room does not shimmer. Pure functions; state goes in and comes out.

    image ──look(seen)──> look.image ──network──> painting ──settle(shown)──> painting that goes out

Before the network, what stands still is averaged with what was seen there before, so that a camera's noise
is not painted. After it, the painting that went out before is moved along the picture's motion and blended
into the new one where the picture looks as it did; never over what was hidden (Ruder et al. 2016,
arXiv:1604.08610, ask the same of an optimisation). Every blend is pulled to the new painting, so that nothing
drifts, and is kept in floating point, so that nothing sticks; see `realtime.grain` for what it must not lose.

`look` may be called for several frames before the first of them is settled: the two states are apart.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from realtime.buffers import BufferPools
from realtime.grain import keep_grain
from realtime.motion import Field, Image, Motion, find_motion, grid, small_picture

# Of the new in what goes on: little is steady, but slow to follow.
NEW_SEEN = 0.4
NEW_STILL, NEW_MOVING = 0.25, 0.3
# Of what was before a moment so many frames ago, less than a hundredth is left: what warms a state up.
WARM_UP_FRAMES = 16


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """The picture as it was seen last: (H, W, 3) float32 BGR; and small, uint8, for its motion."""

    image: Field
    small: Image


@dataclass(frozen=True, eq=False, slots=True)
class Shown:
    """The painting that went out last, (H, W, 3) float32 BGR."""

    painting: Field


@dataclass(frozen=True, eq=False, slots=True)
class Look:
    """What is known of a picture before it is painted.

    Args:
        image: for the network, (H, W, 3) uint8 BGR.
        motion: since the one before; None for a first picture, which is painted as if alone.
    """

    image: Image
    motion: Motion | None


def look(seen: Seen | None, image: Image, *, follow: bool = True) -> tuple[Look, Seen]:
    """Return what the network is to see of a picture, and the state for the next; nothing is written to.

    Args:
        seen: what the last call returned, of a picture of the same size; None to begin.
        image: (H, W, 3) uint8 BGR.
        follow: False leaves out the optical flow, and with it all steadiness of what moves.
    """
    small = small_picture(image)
    motion = None if seen is None else find_motion(small, seen.small, follow=follow)
    as_float = _as_float(image)
    if seen is None or motion is None:
        return Look(image, None), Seen(as_float, small)
    height, width = image.shape[:2]
    kept = cv2.resize(motion.still * np.float32(1 - NEW_SEEN), (width, height))
    calm = cv2.blendLinear(seen.image, as_float, kept, 1 - kept, dst=_MEMORY.like(as_float))
    calm_image = cv2.convertScaleAbs(calm, dst=_MEMORY.like(image))
    return Look(cast(Image, calm_image), motion), Seen(cast(Field, calm), small)


def settle(shown: Shown | None, look: Look, painting: Image) -> tuple[Image, Shown]:
    """Return the painting that goes out, (H, W, 3) uint8 BGR, and the state for the next.

    Args:
        shown: what the last call returned, of a painting of the same size; None to begin.
        look: at the picture that was painted.
        painting: the network's, (H, W, 3) uint8 BGR.
    """
    new = _as_float(painting)
    motion = look.motion
    if shown is None or motion is None:
        return painting, Shown(new)
    height, width = painting.shape[:2]
    before = _moved(shown.painting, motion)
    moving = motion.trust - motion.still
    kept = cv2.resize(motion.still * (1 - NEW_STILL) + moving * (1 - NEW_MOVING), (width, height))
    blended = cv2.blendLinear(before, new, kept, 1 - kept, dst=_MEMORY.like(new))
    settled = keep_grain(cast(Field, blended), new, moving)
    return cast(Image, cv2.convertScaleAbs(settled, dst=_MEMORY.like(painting))), Shown(settled)


def _moved(painting: Field, motion: Motion) -> Field:
    """Return the painting before, moved to where its pixels are now; the same array if all stands still."""
    if motion.flow is None:
        return painting
    height, width = painting.shape[:2]
    scale = np.array((width / motion.flow.shape[1], height / motion.flow.shape[0]), np.float32)
    places = cv2.resize(motion.flow * scale, (width, height)) + grid(width, height)
    moved = cv2.remap(
        painting,
        places,
        None,  # type: ignore[call-overload]
        cv2.INTER_LINEAR,
        dst=_MEMORY.like(painting),
        borderMode=cv2.BORDER_REPLICATE,
    )
    return cast(Field, moved)


def _as_float(image: Image) -> Field:
    values = _MEMORY.take(image.shape, np.float32)
    np.copyto(values, image)
    return cast(Field, values)


class _Memory(threading.local, BufferPools):
    """Memory of one thread: every picture here is as large as the one a frame later."""


_MEMORY = _Memory()
