"""The demo scene as a source: what Livebrush shows where there is no camera."""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from realtime.demo.figure import paint_figure
from realtime.demo.scene import paint_landscape
from realtime.errors import OptionError
from realtime.frame import Frame
from realtime.sources import Clock, Sleep, SourceInfo

FPS = 30
DEFAULT_SIZE_WH = (640, 360)
MIN_SIDE, MAX_SIDE = 16, 8192


def draw_demo_frame(index: int, size_wh: tuple[int, int] = DEFAULT_SIZE_WH) -> NDArray[np.uint8]:
    """Return frame `index` of the scene, (H, W, 3) uint8 BGR: the same index, the same picture.

    A lake below mountains with clouds, a boat and birds; before it a person who talks, blinks and sways.
    The first frame of a size paints what does not change, and takes as long as a few hundred later ones.

    Raises:
        OptionError: a side is below 16 or above 8192 pixels.
    """
    width, height = size_wh
    if not (MIN_SIDE <= width <= MAX_SIDE and MIN_SIDE <= height <= MAX_SIDE):
        raise OptionError(f"the demo scene is {MIN_SIDE} to {MAX_SIDE} pixels a side, got {width}x{height}")
    frame = paint_landscape(width, height).draw(index / FPS)
    unit = min(0.35 * height, 0.42 * width)
    paint_figure((width, height), 0.715 * width, height - 1.38 * unit, unit).draw(frame, index / FPS)
    return frame


class DemoSource:
    """The demo scene at 30 frames a second, without end.

    Args:
        size_wh: of its frames; None for 640x360.
        paced: True behaves as a live camera: `read` waits for the moment of a frame, and what was
            missed is gone. False behaves as a file: every frame, as fast as it is asked for.
        clock, sleep: seconds.
    """

    def __init__(
        self,
        size_wh: tuple[int, int] | None = None,
        *,
        paced: bool = True,
        clock: Clock = time.perf_counter,
        sleep: Sleep = time.sleep,
    ) -> None:
        self.info = SourceInfo(
            name="demo", kind="demo", size_wh=size_wh or DEFAULT_SIZE_WH, fps=float(FPS), live=paced
        )
        self._clock = clock
        self._sleep = sleep
        self._started_at: float | None = None
        self._next = 0
        draw_demo_frame(0, self.info.size_wh)  # paints the layers now, not in the first read

    def read(self) -> Frame:
        """Return the next frame; paced, wait until it is due. Never None: there is no end."""
        index = self._wait() if self.info.live else self._next
        self._next = index + 1
        image = draw_demo_frame(index, self.info.size_wh)
        return Frame(image, index, index, Fraction(1, FPS), self._clock())

    def close(self) -> None:
        """Nothing to let go of."""

    def _wait(self) -> int:
        """Wait until a frame is due; return its index, or that of a later one if it is due by now."""
        now = self._clock()
        if self._started_at is None:
            self._started_at = now
        due = self._started_at + self._next / FPS
        if now < due:
            self._sleep(due - now)
            return self._next
        return max(self._next, int((now - self._started_at) * FPS + 1e-6))
