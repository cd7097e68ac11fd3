"""Which sizes of the network a player's engines are made for, and what frames of each cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from realtime.catalog import StyleEntry
from realtime.contract import StyleContract
from realtime.engine import EngineInfo
from realtime.frame import Frame
from realtime.governor import pixels
from realtime.painter import SizeRule, SizeWh
from realtime.resolution import Resolution
from realtime.timing import StageTimes
from realtime.warm_engines import LoadedStyle, Order, wants_warming


class PlayerSizes:
    """Follows the size of the frames, and what a `Resolution` makes of it. One thread at a time.

    Args:
        size: which size the network sees; a `Resolution` is told what frames cost.
        info: of the engine that paints first.
    """

    def __init__(self, size: SizeRule, info: EngineInfo) -> None:
        self._size = size
        self._resolution = size if isinstance(size, Resolution) else None
        self._source_wh: SizeWh | None = None
        self._painted: Counter[SizeWh] = Counter()
        self.use(info)

    def use(self, info: EngineInfo) -> None:
        """Go on with an engine of another kind."""
        self._warms = wants_warming(info)

    @property
    def apart(self) -> bool:
        """Whether each size has an engine of its own: one on demand that has to be prepared, beside."""
        return self._warms and self._resolution is not None

    @property
    def painted(self) -> dict[SizeWh, int]:
        """How many frames were painted at each size, in the order of their first."""
        return dict(self._painted)

    def see(self, frame: Frame, contract: StyleContract) -> None:
        """Take notice of a frame that a style of this contract is to paint."""
        if frame.size_wh != self._source_wh:
            self._source_wh = frame.size_wh
            self.follow(contract)

    def follow(self, contract: StyleContract) -> None:
        """Take notice that a style of this contract paints from now on."""
        if self._resolution is not None and self._source_wh is not None:
            self._resolution.follow(self._source_wh, contract)

    def size_for(self, style: LoadedStyle) -> SizeWh:
        """Return the size at which a style paints the frame that was seen last."""
        if self.apart and style.network_wh is not None:
            return style.network_wh
        assert self._source_wh is not None  # set by the frame that is painted
        return self._size(self._source_wh, style.entry.contract)

    def order(self, entry: StyleEntry, current: LoadedStyle) -> Order:
        """Return what is wanted for a style, while another one, or the same, paints."""
        if not self._warms:
            return Order(entry)
        if self._source_wh is None:
            return Order(entry, current.network_wh, self.apart)
        return Order(entry, self._size(self._source_wh, entry.contract), self.apart)

    def order_of(self, style: LoadedStyle) -> Order:
        """Return the order that a style which is ready fulfils."""
        return Order(style.entry, style.network_wh, self.apart)

    def order_smaller(self, entry: StyleEntry) -> Order | None:
        """Return the order of the size of a style that may be needed next; None for none."""
        smaller_wh = self._resolution.smaller_wh() if self.apart and self._resolution is not None else None
        return None if smaller_wh is None else Order(entry, smaller_wh, apart=True)

    def on_the_way(self, ready: Sequence[SizeWh], current: LoadedStyle, wanted: Order) -> Order | None:
        """Return the order of the size nearest to a wanted one among those between it and what paints."""
        now_wh, wanted_wh = current.network_wh, wanted.network_wh
        if now_wh is None or wanted_wh is None:
            return None
        low, high = sorted((pixels(now_wh), pixels(wanted_wh)))
        between = [size_wh for size_wh in ready if low <= pixels(size_wh) <= high]
        nearest = min(between, key=lambda wh: abs(pixels(wh) - pixels(wanted_wh)), default=now_wh)
        return Order(wanted.entry, nearest, apart=True)

    def tell_cost(self, size_wh: SizeWh, times: StageTimes, *, disturbed: bool) -> None:
        """Count a frame that was painted, and tell a `Resolution` what it cost.

        Args:
            size_wh: at which it was painted.
            times: the stages' last ones are those of this frame.
            disturbed: an engine was loading beside it.
        """
        self._painted[size_wh] += 1
        if self._resolution is None:
            return
        network_ms = times.last_ms("infer")
        # Painting and putting out overlap: the slower of the two is what a frame costs.
        beside_network_ms, beside_ms = self._resolution.beside_ms
        painting_ms = times.last_ms("preprocess") + network_ms + beside_ms
        output_ms = times.last_ms("postprocess") + times.last_ms("sink")
        frame_ms = max(painting_ms, output_ms)
        self._resolution.observe(size_wh, network_ms + beside_network_ms, frame_ms, disturbed=disturbed)

    def leave_out(self, order: Order) -> None:
        """Do without a size whose engine cannot be had."""
        if self._resolution is not None and order.network_wh is not None:
            self._resolution.leave_out(order.network_wh)

    def take_problem(self) -> str | None:
        """Return, once, what went wrong with the wanted rate; None if nothing did."""
        return None if self._resolution is None else self._resolution.take_problem()
