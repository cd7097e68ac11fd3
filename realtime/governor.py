"""Which of several sizes the network has now, decided by what frames cost. Pure logic: the clock comes in.

Down is quick, for a show that stutters is seen at once: the median of a few frames above the budget. Up is
slow: only when the next size, its cost scaled by its pixels, would fit with a margin, not right after a
step down, and ever later after a step up that had to be undone.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence

SizeWh = tuple[int, int]

# Too slow is when the median of the last so many frames is above so many times the budget: the plainer it
# is, the fewer frames it takes.
TOO_SLOW = ((5, 4.0), (8, 1.25), (24, 1.0))
UP_FRAMES = 60  # that the decision to go up is made of
SKIPPED_FRAMES = 2  # at a new size: memory and caches are cold
FIRST_SKIPPED_FRAMES = 8  # of a run or a style: the rest of the program is still starting
SKIPPED_S = 1.0  # no more, however slow the frames are
FITS = 0.85  # of the budget: a size with a higher cost is not entered
SETTLE_S = 2.0  # after a step, until the next one up
UNDONE_S = 10.0  # a step up that does not hold for so long was a mistake: the next one waits longer
LONGEST_WAIT_S = 128.0


class Governor:
    """Which size of a ladder it is, decided by what frames cost.

    Args:
        sizes: smallest first.
        target_fps: frames a second that are wanted; 1000 / target_fps ms is each frame's budget.
        place: in `sizes`, to begin with.
        clock: seconds.
    """

    def __init__(
        self, sizes: Sequence[SizeWh], target_fps: float, *, place: int, clock: Callable[[], float]
    ) -> None:
        self.sizes = tuple(sizes)
        self.place = place
        self.problem: str | None = None
        self._target_fps = target_fps
        self._budget_ms = 1000 / target_fps
        self._clock = clock
        self._frame_ms: deque[float] = deque(maxlen=UP_FRAMES)
        self._network_ms: deque[float] = deque(maxlen=UP_FRAMES)
        self._raised_at = -math.inf
        self._went_up = False
        self._wait_s = SETTLE_S
        self.restart()

    @property
    def size_wh(self) -> SizeWh:
        """Width and height that the network shall see now."""
        return self.sizes[self.place]

    def restart(self) -> None:
        """Forget what frames cost: something else than the size has changed."""
        self._forget(FIRST_SKIPPED_FRAMES)
        self._up_at = self._clock() + self._wait_s

    def leave_out(self, size_wh: SizeWh) -> None:
        """Never take this size again: it could not be prepared. If it is the one of now, go below it."""
        if size_wh not in self.sizes or len(self.sizes) == 1:
            return
        gone = self.sizes.index(size_wh)
        self.sizes = self.sizes[:gone] + self.sizes[gone + 1 :]
        if gone <= self.place:
            self.place = max(0, self.place - 1)

    def observe(self, network_ms: float, frame_ms: float) -> None:
        """Take in one frame that was painted at `size_wh`, and decide.

        Args:
            network_ms: that the network took.
            frame_ms: that the loop needed for the frame, network included, without waiting for the source.
        """
        if self._to_skip > 0 and self._clock() < self._skip_until:
            self._to_skip -= 1
            return
        self._network_ms.append(network_ms)
        self._frame_ms.append(frame_ms)
        slow_frames = self._slow_frames()
        if slow_frames:
            self._go_down(slow_frames)
        elif self._may_go_up():
            self._go_up()

    def _slow_frames(self) -> int:
        """Return how many of the last frames were too slow in the median; 0 if they were not."""
        for frames, share in TOO_SLOW:
            if len(self._frame_ms) < frames:
                break
            if _quantile(self._frame_ms, frames, 0.5) > share * self._budget_ms:
                return frames
        return 0

    def _go_up(self) -> None:
        if self._went_up:  # and that held until now
            self._wait_s = SETTLE_S
        self._raised_at, self._went_up = self._clock(), True
        self._step_to(self.place + 1)

    def _may_go_up(self) -> bool:
        return (
            self.place + 1 < len(self.sizes)
            and len(self._frame_ms) == UP_FRAMES
            and self._clock() >= self._up_at
            and self._fits(self.place + 1, UP_FRAMES)
        )

    def _go_down(self, slow_frames: int) -> None:
        if self.place == 0:
            self.problem = self.problem or self._describe(1000 / _quantile(self._frame_ms, slow_frames, 0.5))
            return
        if self._clock() - self._raised_at < UNDONE_S:
            # The size before was quick enough a moment ago: what is too slow here tells nothing of it.
            self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
            place = self.place - 1
        else:
            self._wait_s = SETTLE_S
            fitting = [place for place in range(self.place) if self._fits(place, slow_frames)]
            place = max(fitting, default=0)
        self._went_up, self._raised_at = False, -math.inf
        self._step_to(place)

    def _fits(self, place: int, frames: int) -> bool:
        """Tell whether a frame of another size would fit, the network's part scaled by the pixels.

        By the upper quartile of the last frames: where times scatter, the margin grows with the scatter.
        """
        frame_ms, network_ms = (_quantile(ms, frames, 0.75) for ms in (self._frame_ms, self._network_ms))
        scale = pixels(self.sizes[place]) / pixels(self.size_wh)
        return frame_ms + network_ms * (scale - 1) <= FITS * self._budget_ms

    def _describe(self, fps: float) -> str:
        size = f"{self.size_wh[0]}x{self.size_wh[1]}"
        return f"{self._target_fps:g} fps cannot be reached: {size}, the lowest size, gives {fps:.3g} fps"

    def _step_to(self, place: int) -> None:
        self.place = place
        self._up_at = self._clock() + self._wait_s
        self._forget(SKIPPED_FRAMES)

    def _forget(self, to_skip: int) -> None:
        self._frame_ms.clear()
        self._network_ms.clear()
        self._to_skip = to_skip
        self._skip_until = self._clock() + SKIPPED_S


def pixels(size_wh: SizeWh) -> int:
    """Return how many pixels a picture of this size has."""
    return size_wh[0] * size_wh[1]


def _quantile(values: Sequence[float], last: int, share: float) -> float:
    """Return the value below which a share of the last ones lies."""
    ordered = sorted(list(values)[-last:])
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
