"""The state of a steady painting, kept between the frames of a painter; see `realtime.temporal`."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from realtime.engine import Engine
from realtime.errors import OptionError
from realtime.frame import Frame
from realtime.recurrent import look_back
from realtime.temporal import Look, Seen, Shown, guide, look, settle

Image = NDArray[np.uint8]

SteadyLevel = Literal["off", "light", "full"]
LEVELS: tuple[str, ...] = get_args(SteadyLevel)


def as_level(text: str, *others: str) -> SteadyLevel:
    """Return what `--steady` asks for.

    Args:
        text: as it was typed.
        others: what the command takes beside the levels, for the message.
    Raises:
        OptionError: if it is none of the levels.
    """
    if text not in LEVELS:
        raise OptionError(f"--steady must be one of {', '.join((*others, *LEVELS))}; got {text!r}")
    return cast(SteadyLevel, text)


def _one_scene(_: Frame) -> Hashable:
    return None


class SharedLooks:
    """What painters of the same frames see of them, found once for all: the motion is half of the work.

    A painter that began at another frame than the others has another past, and so looks for itself. For
    painters that one thread asks, frame by frame.
    """

    def __init__(self) -> None:
        self._frame_index: int | None = None  # not the frame, whose memory would be kept
        self._known: list[tuple[Seen | None, tuple[int, ...], bool, tuple[Look, Seen]]] = []

    def look(self, seen: Seen | None, frame: Frame, image: Image, *, follow: bool) -> tuple[Look, Seen]:
        """Return what `realtime.temporal.look` does.

        Args:
            seen: the state that it is given.
            frame: that the image is of.
            image: at the network's size, (H, W, 3) uint8 BGR; for one frame and size always the same.
            follow: False leaves out the optical flow.
        """
        if frame.index != self._frame_index:
            self._frame_index, self._known = frame.index, []
        for its_seen, its_shape, its_follow, found in self._known:
            if its_seen is seen and (its_shape, its_follow) == (image.shape, follow):
                return found
        found = look(seen, image, follow=follow)
        self._known.append((seen, image.shape, follow, found))
        return found


class Steadier:
    """Carries the states from frame to frame, and forgets them where another stream of pictures begins.

    Frames may be looked at ahead; paintings are settled in the same order.

    Args:
        level: "off" changes nothing; "light" steadies what stands still; "full" what moves too.
        scene: of a frame; where it is another than that of the frame before, nothing is carried over.
        looks: shared with the painters of other styles; None for none.
    """

    def __init__(
        self,
        level: SteadyLevel = "off",
        *,
        scene: Callable[[Frame], Hashable] = _one_scene,
        looks: SharedLooks | None = None,
    ) -> None:
        self._looks = looks
        self._level = level
        self._scene = scene
        self._stream: Hashable = None
        self._seen: Seen | None = None
        self._shown: Shown | None = None

    def look(self, frame: Frame, image: Image, style: Hashable = None) -> Look:
        """Return what the network is to see of a frame.

        Args:
            frame: as the source gave it.
            image: of it, at the network's size, (H, W, 3) uint8 BGR.
            style: what will paint it; another one's paintings are not blended in.
        """
        if self._level == "off":
            return Look(image, None)
        stream = self._scene(frame), style, image.shape
        if stream != self._stream:
            self._stream, self._seen = stream, None  # a look without motion has `settle` begin anew too
        follow = self._level == "full"
        if self._looks is None:
            looked, self._seen = look(self._seen, image, follow=follow)
        else:
            looked, self._seen = self._looks.look(self._seen, frame, image, follow=follow)
        return looked

    def settle(self, looked: Look, painting: Image) -> Image:
        """Return the painting that goes out, (H, W, 3) uint8 BGR."""
        if self._level == "off":
            return painting
        settled, self._shown = settle(self._shown, looked, painting)
        return settled

    def paint(self, engine: Engine, looked: Look) -> Image:
        """Return the painting that goes out, (H, W, 3) uint8 BGR, of a frame that was looked at.

        A network that may see its last painting is shown it; of another one the paintings are blended.
        """
        recurrent = None if self._level == "off" else look_back(engine)
        if recurrent is None:
            return self.settle(looked, engine.infer(looked.image))
        guided = guide(self._shown, looked)
        painting = (
            engine.infer(looked.image) if guided is None else recurrent.infer_after(looked.image, *guided)
        )
        self._shown = Shown(painting)
        return painting

    def forget(self) -> None:
        """Begin anew with the next frame."""
        self._seen = self._shown = None
