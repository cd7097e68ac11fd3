"""Two paintings in one picture: what a mask means in one style, the rest in another, or as it was.

frame ──┬── front style ──────────────> painting ──┐
        ├── mask ── alpha ─────────────────────────┼── joined at the output's size
        └── back style, or no network at all ──────┘

The back may be such a picture itself: several labels, each in its style, are stacked so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import replace

import numpy as np

from realtime.backdrop import Backdrop
from realtime.errors import LivebrushError
from realtime.frame import Frame
from realtime.mask import Alpha, MaskSource
from realtime.painter import Behind, Painted, Painter
from realtime.timing import StageTimes


class MaskedPainter:
    """Paints what is meant, and has something else behind it; see `realtime.painter.Painter`.

    Where the mask fails, the picture is painted whole, and that is said once until it works again; a film,
    which can be painted again, fails.

    Args:
        front: paints what the mask means.
        mask: read by one thread at a time.
        back: paints the rest; or what stands there instead.
        times: takes the mask's time, as part of the inference.
        tell: is told, in one line, when the mask fails; None raises what it raises.
        scene: of a frame; where it is another than that of the frame before, the mask begins anew.
        cost: is told what each frame's mask took, in milliseconds.
        front_name: that the front's problems are told under; None for one that is asked for them elsewhere.
    """

    def __init__(
        self,
        front: Painter,
        mask: MaskSource,
        back: Painter | Backdrop,
        times: StageTimes,
        tell: Callable[[str], None] | None,
        *,
        scene: Callable[[Frame], Hashable] = lambda _: None,
        cost: Callable[[float], None] = lambda _: None,
        front_name: str | None = None,
    ) -> None:
        self._front_name = front_name
        self._front, self._mask, self._back = front, mask, back
        self._times, self._tell = times, tell
        self._scene_of = scene
        self._scene: Hashable = None
        self._cost = cost
        self._one_at_a_time = threading.Lock()  # a paused window paints beside the loop
        self._swapped = False
        self._failed: str | None = None
        self._said: str | None = None
        self._last: tuple[int, Alpha] | None = None

    def paint(self, frame: Frame) -> Painted:
        """Return the painting of one frame, with what is behind it."""
        with self._one_at_a_time:
            painted = self._front.paint(frame)
            if self._front_name is not None:
                self._tell_problem(self._front, self._front_name)
            alpha = self._alpha(frame)
            rear = self._back if isinstance(self._back, Backdrop) else self._painted_behind(self._back, frame)
            if alpha is None:
                return painted
            if self._swapped:
                alpha = np.subtract(255, alpha, dtype=np.uint8)
            return replace(painted, behind=Behind(alpha, self._mask.rough, rear))

    def swap(self) -> None:
        """Let front and back change places, from the next frame on."""
        self._swapped = not self._swapped

    def interrupt(self) -> None:
        """Let a painting that hangs fail now: the run has ended."""
        for painter in (self._front, self._back):
            getattr(painter, "interrupt", lambda: None)()

    def close(self) -> None:
        """Give back the mask's files."""
        with self._one_at_a_time:
            self._mask.close()

    def _painted_behind(self, back: Painter, frame: Frame) -> Painted:
        painted = back.paint(frame)
        self._tell_problem(back, "behind the mask")
        return painted

    def _tell_problem(self, painter: Painter, where: str) -> None:
        problem = getattr(painter, "take_problem", lambda: None)()
        if problem is not None and self._tell is not None:
            self._tell(f"{where}: {problem}")

    def _alpha(self, frame: Frame) -> Alpha | None:
        if self._last is not None and self._last[0] == frame.index:
            return self._last[1]  # painted again in another style, while it stands
        scene = self._scene_of(frame)
        if scene != self._scene:
            self._scene = scene
            self._mask.forget()
        try:
            with self._times.measure("infer"):
                alpha = self._mask.alpha(frame)
            self._cost(self._times.last_ms("infer"))
        except LivebrushError as error:
            if self._tell is None:
                raise
            self._fail(str(error))
            return None
        except Exception as error:  # a network's or decoder's own; the show goes on
            if self._tell is None:
                raise
            self._fail(f"{type(error).__name__}: {error}")
            return None
        self._failed = None
        self._say(self._mask.notice)
        self._last = frame.index, alpha
        return alpha

    def _fail(self, why: str) -> None:
        if why != self._failed and self._tell is not None:
            self._tell(f"the mask fails, the picture is painted whole: {why}")
        self._failed = why

    def _say(self, notice: str | None) -> None:
        if notice is not None and notice != self._said and self._tell is not None:
            self._tell(notice)
        self._said = notice
