"""Which part of a frame is meant: an alpha of 0 to 255 for every place, from whatever knows it.

    --mask person            our own network
    --mask net.onnx:sky      any network that `python -m export segmentation` or `person` made
    --mask key:#00ff00       everything but a colour
    --mask motion            whatever moves before a background that is learnt
    --mask mask.png          a picture, bright where it is meant
    --mask masks/ or m.mp4   one for every frame of a clip

Each is a `MaskSource`; `open_mask` makes it of the text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from realtime.errors import MaskError
from realtime.frame import Frame
from realtime.sources import PICTURE_SUFFIXES

Alpha = NDArray[np.uint8]  # (h, w), 0 outside, 255 inside, of any size

PERSON = Path(__file__).parent / "models" / "person.onnx"
_KINDS = "person, motion, key:#rrggbb, a picture, a video or folder of masks, or NETWORK.onnx:LABEL"


class MaskSource(Protocol):
    """Says which part of each frame is meant. State is kept from frame to frame, in their order."""

    @property
    def rough(self) -> bool:
        """True where edges are guessed, so that the frame's own edges shall refine them."""

    def alpha(self, frame: Frame) -> Alpha:
        """Return the alpha of one frame, at any size.

        Raises:
            LivebrushError: if there is none; the caller goes on without.
        """

    def close(self) -> None:
        """Give back files and memory."""


def open_mask(text: str) -> MaskSource:
    """Return the mask source that a text names; see the table at the top of this module.

    Raises:
        MaskError: if it names none, or what it names cannot be opened.
    """
    if text == "motion":
        from realtime.mask_motion import MotionMask

        return MotionMask()
    if text.startswith("key:"):
        from realtime.mask_colour import parse_key

        return parse_key(text.removeprefix("key:"))
    network, label = _network_of(text)
    if network is not None:
        from realtime.mask_network import NetworkMask

        return NetworkMask(network, label)
    path = Path(text).expanduser()
    if not path.exists():
        raise MaskError(f"--mask {text}: there is no such file; a mask is {_KINDS}")
    from realtime.mask_files import FilmMask, PictureMask

    if path.is_file() and path.suffix.lower() in PICTURE_SUFFIXES:
        return PictureMask(path)
    return FilmMask(path)


def _network_of(text: str) -> tuple[Path | None, tuple[str, ...]]:
    """Return a network's file and its labels; None where the text names no network."""
    if text == "person":
        return PERSON, ("person",)
    found = re.fullmatch(r"(.+\.onnx)(?::(.+))?", text, re.IGNORECASE)
    if found is None:
        return None, ()
    labels = tuple(label.strip() for label in (found[2] or "").split(",") if label.strip())
    return Path(found[1]).expanduser(), labels
