"""Which part of a frame is meant: an alpha of 0 to 255 for every place, from whatever knows it.

    --mask person            our own network
    --mask net.onnx:sky      any network that `python -m export segmentation` or `person` made
    --mask key:#00ff00       everything but a colour
    --mask motion            whatever moves before a background that is learnt
    --mask mask.png          a picture, bright where it is meant
    --mask mask.png:1,2      the same, of labels: a palette's numbers, or grey values
    --mask masks/ or m.mp4   one for every frame of a clip, with labels (masks/:1) or without

Each is a `MaskSource`; `open_mask` makes it of the text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from realtime.errors import MaskError
from realtime.frame import Frame
from realtime.sources import PICTURE_SUFFIXES

Alpha = NDArray[np.uint8]  # (h, w), 0 outside, 255 inside, of any size

PERSON = Path(__file__).parent / "models" / "person.onnx"
_KINDS = (
    "person, motion, key:#rrggbb, a picture, a video or folder of masks (FILE:LABEL for labels), or "
    "NETWORK.onnx:LABEL"
)


class MaskSource(Protocol):
    """Says which part of each frame is meant. State is kept from frame to frame, in their order."""

    @property
    def rough(self) -> bool:
        """True where edges are guessed, so that the frame's own edges shall refine them."""

    @property
    def warm_up(self) -> int:
        """After how many frames nothing is left of what was before; 0 where each is by itself."""

    @property
    def notice(self) -> str | None:
        """What is to be said about the masks given so far, in one line; None for nothing."""

    def alpha(self, frame: Frame) -> Alpha:
        """Return the alpha of one frame, at any size.

        Raises:
            LivebrushError: if there is none; the caller goes on without.
        """

    def forget(self) -> None:
        """Begin anew with the next frame."""

    def close(self) -> None:
        """Give back files and memory."""


class FrameMask:
    """What mask sources share that look at each frame by itself."""

    rough = False
    warm_up = 0
    notice: str | None = None

    def forget(self) -> None:
        """There is nothing to forget."""

    def close(self) -> None:
        """There is nothing to give back."""


@dataclass(frozen=True)
class MaskSpec:
    """What a text asks for.

    Args:
        kind: "motion", "key", "network", "picture" or "clip".
        text: as it was typed; of "key" the colour alone.
        path: of the file or folder; None where there is none.
        labels: that are meant, as they were typed.
    """

    kind: Literal["motion", "key", "network", "picture", "clip"]
    text: str
    path: Path | None = None
    labels: tuple[str, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """The labels of a picture or a clip.

        Raises:
            MaskError: one of them is no number.
        """
        if not all(label.isdecimal() and len(label) < 6 for label in self.labels):
            raise MaskError(f"--mask {self.text}: labels of a picture are numbers, such as {self.path}:1,2")
        return tuple(int(label) for label in self.labels)

    def with_label(self, label: str) -> MaskSpec:
        """Return the same mask with another label.

        Raises:
            MaskError: it has no labels.
        """
        if self.path is None or not self.labels:
            raise MaskError(
                f"--label wants a --mask that names a label itself, such as masks/:1 or net.onnx:sky, not "
                f"{self.text}"
            )
        return replace(self, text=f"{self.path}:{label}", labels=_split(label))


def parse_mask(text: str) -> MaskSpec:
    """Return what a text asks for; see the table at the top of this module.

    Raises:
        MaskError: if it names no mask.
    """
    if text == "motion":
        return MaskSpec("motion", text)
    if text.startswith("key:"):
        return MaskSpec("key", text.removeprefix("key:"))
    if text == "person":
        return MaskSpec("network", text, PERSON, ("person",))
    path, labels = Path(text).expanduser(), ""
    if not path.exists() and ":" in text:  # what is there as it stands is taken as it stands
        name, _, labels = text.rpartition(":")
        path = Path(name).expanduser()
    if path.suffix.lower() == ".onnx":
        return MaskSpec("network", text, path, _split(labels))
    if not path.exists():
        raise MaskError(f"--mask {text}: there is no such file; a mask is {_KINDS}")
    is_picture = path.is_file() and path.suffix.lower() in PICTURE_SUFFIXES
    return MaskSpec("picture" if is_picture else "clip", text, path, _split(labels))


def open_mask(asked: str | MaskSpec, *, frames: int | None = None) -> MaskSource:
    """Return the mask source that a text, or what it was parsed to, asks for.

    Args:
        asked: see the table at the top of this module.
        frames: of the clip beside the mask; None where nobody knows.
    Raises:
        MaskError: if it names none, or what it names cannot be opened.
    """
    spec = parse_mask(asked) if isinstance(asked, str) else asked
    if spec.kind == "motion":
        from realtime.mask_motion import MotionMask

        return MotionMask()
    if spec.kind == "key":
        from realtime.mask_colour import parse_key

        return parse_key(spec.text)
    assert spec.path is not None  # of everything else
    if spec.kind == "network":
        from realtime.mask_network import NetworkMask

        return NetworkMask(spec.path, spec.labels)
    from realtime.mask_files import ClipMask, PictureMask, read_mask_clip

    if spec.kind == "picture":
        return PictureMask(spec.path, spec.numbers)
    return ClipMask(read_mask_clip(spec.path), spec.numbers, frames=frames)


def _split(labels: str) -> tuple[str, ...]:
    return tuple(label.strip() for label in labels.split(",") if label.strip())
