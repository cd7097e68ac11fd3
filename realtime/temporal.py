"""Steadiness: a painting of a still room does not shimmer. Pure functions; state goes in and comes out.

    image ──look(seen)──> look.image ──network──> painting ──settle(shown)──> painting that goes out

Before the network, what stands still is averaged with what was seen there before, so that a camera's noise
is not painted. After it, the painting that went out before is moved along the picture's motion and blended
into the new one where the picture looks as it did; never over what was hidden (Ruder et al. 2016,
arXiv:1604.08610, ask the same of an optimisation). A network that can see it is shown it instead: `guide`,
and `realtime.recurrent`. Every blend is pulled to the new painting, so that nothing drifts; see
`realtime.grain` for what it must not lose. States are 8-bit: what sticks by rounding is at most 2 levels,
which nobody sees, and a quarter of the memory is read and written.

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
# A recurrent network's last painting is trusted no more than by this share. By all of it some networks kept
# the strokes of a clip's first frames for good. On five clips (Starry Night) E_warp was 9% higher with 0.6
# and 16% with 0.4, and the style loss 5 and 6% lower.
MOST_TRUST = 0.5
_BAND = 360  # rows at a time: what is made for a whole frame of 1080p would be up to 16 MB
# What warms a state up: of what was blended before a moment so many frames ago two hundredths are left. What
# recurrent networks keep for longer is faded over as many frames where films are painted in pieces; see
# `realtime.film_seam`.
WARM_UP_FRAMES = 14


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """The picture as it was seen last: (H, W, 3) uint8 BGR; and small, for its motion."""

    image: Image
    small: Image


@dataclass(frozen=True, eq=False, slots=True)
class Shown:
    """The painting that went out last, (H, W, 3) uint8 BGR."""

    painting: Image


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
    if seen is None or motion is None or not motion.still.any():
        return Look(image, motion), Seen(image, small)
    height, width = image.shape[:2]
    kept = cv2.resize(motion.still * np.float32(1 - NEW_SEEN), (width, height))
    calm = _MEMORY.like(image)
    for top in range(0, height, _BAND):
        band = slice(top, top + _BAND)
        cv2.blendLinear(seen.image[band], image[band], kept[band], 1 - kept[band], dst=calm[band])
    return Look(calm, motion), Seen(calm, small)


def settle(shown: Shown | None, look: Look, painting: Image) -> tuple[Image, Shown]:
    """Return the painting that goes out, (H, W, 3) uint8 BGR, and the state for the next.

    Args:
        shown: what the last call returned, of a painting of the same size; None to begin.
        look: at the picture that was painted.
        painting: the network's, (H, W, 3) uint8 BGR.
    """
    motion = look.motion
    if shown is None or motion is None:
        return painting, Shown(painting)
    height, width = painting.shape[:2]
    before = _moved(shown.painting, motion)
    kept_share = motion.still * (1 - NEW_STILL) + (motion.trust - motion.still) * (1 - NEW_MOVING)
    kept = cast(Field, cv2.resize(kept_share, (width, height)))
    blended = cv2.blendLinear(before, painting, kept, 1 - kept, dst=_MEMORY.like(painting))
    kept *= np.float32(1 / (1 - NEW_STILL))
    settled = keep_grain(cast(Image, blended), painting, kept, dst=_MEMORY.like(painting))
    return settled, Shown(settled)


def guide(shown: Shown | None, look: Look) -> tuple[Image, Image] | None:
    """Return what a recurrent network is to be shown with a picture: its last painting, moved, and the trust.

    Args:
        shown: the painting that went out last; None to begin.
        look: at the picture that is to be painted.
    Returns:
        (H, W, 3) and (H, W) uint8; None for a picture that stands alone.
    """
    motion = look.motion
    if shown is None or motion is None or shown.painting.shape != look.image.shape:
        return None
    height, width = look.image.shape[:2]
    levels = cv2.convertScaleAbs(motion.trust, alpha=255 * MOST_TRUST)
    trust = cv2.resize(levels, (width, height), dst=_MEMORY.take((height, width), np.uint8))
    return _moved(shown.painting, motion), cast(Image, trust)


def _moved(painting: Image, motion: Motion) -> Image:
    """Return the painting before, moved to where its pixels are now; the same array if all stands still."""
    if motion.flow is None:
        return painting
    height, width = painting.shape[:2]
    scale = width / motion.flow.shape[1], height / motion.flow.shape[0], 0, 0
    flow = cv2.multiply(motion.flow, scale)  # type: ignore[call-overload]
    places = cv2.resize(flow, (width, height), dst=_MEMORY.take((height, width, 2), np.float32))
    moved = _MEMORY.like(painting)
    for top in range(0, height, _BAND):
        band = places[top : top + _BAND]
        cv2.add(band, grid(width, len(band)), dst=band)
        if top:
            cv2.add(band, (0, top, 0, 0), dst=band)  # type: ignore[call-overload]
        cv2.remap(
            painting,
            band,
            None,  # type: ignore[call-overload]
            cv2.INTER_LINEAR,
            dst=moved[top : top + len(band)],
            borderMode=cv2.BORDER_REPLICATE,
        )
    return moved


class _Memory(threading.local, BufferPools):
    """Memory of one thread: every picture here is as large as the one a frame later."""


_MEMORY = _Memory()
