"""Resolution on demand: the network's size goes down and up so that a rate of frames is kept.

`size_ladder` says which sizes there are for a source; `Resolution` is the size of now, a
`realtime.painter.SizeRule`, and asks a `realtime.governor.Governor` which it is.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache

from realtime.contract import StyleContract
from realtime.governor import Governor, SizeWh, pixels
from realtime.painter import LIVE_SHORT_SIDE
from realtime.preprocess import network_size

SMALLEST_SHORT_SIDE, LARGEST_SHORT_SIDE = 180, 1080
STEP = 2**0.25  # in each side: a step changes the cost by the square root of 2
SIDE_MULTIPLE = 8  # what vector units and networks like
DISTURBED_S = 2.0  # what frames cost while an engine is loaded is not looked at, but not for longer than this


def size_ladder(
    source_wh: SizeWh, contract: StyleContract, largest_wh: SizeWh | None = None
) -> tuple[SizeWh, ...]:
    """Return the sizes that the network may have, smallest first, in the source's shape.

    The last is `largest_wh`, or without it the source's own up to `LARGEST_SHORT_SIDE`; the others go down
    from there by about `STEP` in each side to `SMALLEST_SHORT_SIDE`, in multiples of `SIDE_MULTIPLE` and
    of the contract's.

    Raises:
        ContractError: if largest_wh does not fit the style.
    """
    if largest_wh is None and min(source_wh) > LARGEST_SHORT_SIDE:
        scale = LARGEST_SHORT_SIDE / min(source_wh)
        source_wh = round(source_wh[0] * scale), round(source_wh[1] * scale)
    top_wh = network_size(source_wh, contract, largest_wh)
    if contract.only_wh is not None:
        return (top_wh,)
    return _ladder_below(top_wh, contract.min_size, math.lcm(SIDE_MULTIPLE, contract.size_multiple))


@lru_cache(maxsize=16)
def _ladder_below(top_wh: SizeWh, min_side: int, multiple: int) -> tuple[SizeWh, ...]:
    short, long = sorted(top_wh)
    steps = max(0, round(math.log(short / SMALLEST_SHORT_SIDE, STEP)))
    sizes = [top_wh]
    for step in range(1, steps + 1):
        wanted = short * (SMALLEST_SHORT_SIDE / short) ** (step / steps)
        side = round(wanted / multiple) * multiple
        # From the rounded side, so that the shape is kept as nearly as the multiple allows.
        other = round(side * long / short / multiple) * multiple
        size_wh = (side, other) if top_wh[0] <= top_wh[1] else (other, side)
        if side >= min_side and pixels(size_wh) < pixels(sizes[-1]):
            sizes.append(size_wh)
    return tuple(reversed(sizes))


class Resolution:
    """The size that the network sees as it is now; see `realtime.painter.SizeRule`.

    A second network, and a mask, may take their time beside the one whose frames are observed: see `beside`.

    Args:
        target_fps: frames a second that are wanted.
        largest_wh: the size that is never exceeded; None for the source's own.
        clock: seconds.
    """

    def __init__(
        self,
        target_fps: float,
        *,
        largest_wh: SizeWh | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._target_fps = target_fps
        self._largest_wh = largest_wh
        self._clock = clock
        self._governor: Governor | None = None
        self._left_out: set[SizeWh] = set()
        self._disturbed_since: float | None = None
        self._said = False
        self._lock = threading.RLock()  # two players, and a window that asks them
        self._beside: dict[str, tuple[float, float]] = {}  # the network's part, and all, in milliseconds
        self._beside_disturbed = False

    def __call__(self, source_wh: SizeWh, contract: StyleContract) -> SizeWh:
        """Return the size for a source and a style: the one of now, or the nearest that they allow.

        Raises:
            ContractError: if the largest size does not fit the style.
        """
        with self._lock:
            sizes = self._sizes(source_wh, contract)
            if self._governor is not None and self._governor.sizes == sizes:
                return self._governor.size_wh
            return sizes[self._place_in(sizes)]

    @property
    def target_fps(self) -> float:
        """Frames a second that are wanted."""
        return self._target_fps

    def follow(self, source_wh: SizeWh, contract: StyleContract) -> None:
        """Begin anew with what is painted from now on; the size stays, its costs are forgotten."""
        with self._lock:
            sizes = self._sizes(source_wh, contract)
            if self._governor is not None and self._governor.sizes == sizes:
                self._governor.restart()
            else:
                place = self._place_in(sizes)
                self._governor = Governor(sizes, self._target_fps, place=place, clock=self._clock)

    def beside(self, what: str) -> Resolution:
        """Return the size for another network that paints the same frames: this one's, which it slows.

        Args:
            what: a name for that network; see `add_cost`.
        """
        return _Following(self, what)

    def add_cost(self, what: str, network_ms: float, all_ms: float, *, disturbed: bool = False) -> None:
        """Take in what something beside the network cost for a frame; it counts from the next frame on.

        Args:
            what: a name for it.
            network_ms: the part that grows and shrinks with the size.
            all_ms: that part and the rest.
            disturbed: as of `observe`.
        """
        self._beside[what] = network_ms, all_ms
        self._beside_disturbed = disturbed if network_ms else self._beside_disturbed

    @property
    def beside_ms(self) -> tuple[float, float]:
        """What is done beside the network for a frame costs: the networks' part, and all of it."""
        costs = list(self._beside.values())
        return sum(cost[0] for cost in costs), sum(cost[1] for cost in costs)

    def observe(
        self, size_wh: SizeWh, network_ms: float, frame_ms: float, *, disturbed: bool = False
    ) -> None:
        """Take in what a frame cost; see `Governor.observe`. One of another size than now says nothing.

        Args:
            disturbed: an engine was being loaded meanwhile, which slows everything down and will be over.
        """
        with self._lock:
            disturbed = disturbed or self._beside_disturbed
            if self._governor is None or size_wh != self._governor.size_wh or self._is_passing(disturbed):
                return
            self._governor.observe(network_ms, frame_ms)

    def smaller_wh(self) -> SizeWh | None:
        """Return the size below the one of now, which must be ready when it is needed; None if none is."""
        governor = self._governor
        return None if governor is None or governor.place == 0 else governor.sizes[governor.place - 1]

    def leave_out(self, size_wh: SizeWh) -> None:
        """Never take this size again: it could not be prepared."""
        with self._lock:
            self._left_out.add(size_wh)
            if self._governor is not None:
                self._governor.leave_out(size_wh)

    def take_problem(self) -> str | None:
        """Return, once in a run, that the target cannot be met, when that has shown."""
        problem = None if self._governor is None else self._governor.problem
        if problem is None or self._said:
            return None
        self._said = True
        return problem

    def _is_passing(self, disturbed: bool) -> bool:
        if not disturbed:
            self._disturbed_since = None
            return False
        if self._disturbed_since is None:
            self._disturbed_since = self._clock()
        return self._clock() - self._disturbed_since < DISTURBED_S

    def _sizes(self, source_wh: SizeWh, contract: StyleContract) -> tuple[SizeWh, ...]:
        sizes = size_ladder(source_wh, contract, self._largest_wh)
        return tuple(size_wh for size_wh in sizes if size_wh not in self._left_out) or sizes

    def _place_in(self, sizes: Sequence[SizeWh]) -> int:
        """Return the place of the size nearest to the one of now, or to where it begins."""

        def distance(place: int) -> float:
            if self._governor is None:
                return abs(math.log(min(sizes[place]) / LIVE_SHORT_SIDE))
            return abs(math.log(pixels(sizes[place]) / pixels(self._governor.size_wh)))

        return min(range(len(sizes)), key=distance)


class _Following(Resolution):
    """The size of a network that paints beside another one, which decides it."""

    def __init__(self, leader: Resolution, what: str) -> None:
        super().__init__(leader.target_fps)
        self._leader, self._what = leader, what
        self._contract: StyleContract | None = None

    def __call__(self, source_wh: SizeWh, contract: StyleContract) -> SizeWh:
        return self._leader(source_wh, contract)

    def follow(self, source_wh: SizeWh, contract: StyleContract) -> None:
        self._contract = contract

    def observe(
        self, size_wh: SizeWh, network_ms: float, frame_ms: float, *, disturbed: bool = False
    ) -> None:
        self._leader.add_cost(self._what, network_ms, frame_ms, disturbed=disturbed)

    def smaller_wh(self) -> SizeWh | None:
        smaller_wh = self._leader.smaller_wh()
        if smaller_wh is None or self._contract is None:
            return smaller_wh
        return network_size(smaller_wh, self._contract)

    def leave_out(self, size_wh: SizeWh) -> None:
        self._leader.leave_out(size_wh)

    def take_problem(self) -> str | None:
        return None
