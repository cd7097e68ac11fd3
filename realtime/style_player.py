"""The style that paints now, and the next one loading beside it, so that a switch costs no frame.

A network is opened, compiled and warmed in a thread of its own (`realtime.warm_engines`); the inference
thread takes it up between two frames. The ones used last stay warm: going back to them is immediate. The
same goes for another size of the network, when `realtime.resolution` asks for one.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from realtime.buffers import BufferPool
from realtime.catalog import StyleEntry
from realtime.engine import EngineOptions
from realtime.engine_building import TellsNews, open_live
from realtime.engine_guard import EngineGuard
from realtime.engine_rescue import GuardedEngine, hangs, is_fault, other_engines, paint_with_next, rescue_line
from realtime.errors import ContractError, LivebrushError
from realtime.frame import Frame
from realtime.painter import NetworkSize, Painted, SizeRule, SizeWh, stylize
from realtime.player_sizes import PlayerSizes
from realtime.process import give_back_memory
from realtime.steady import Steadier
from realtime.timing import StageTimes
from realtime.warm_engines import (
    LoadedStyle,
    OpenStyle,
    Order,
    WarmEngines,
    load_style,
)

__all__ = ["LoadedStyle", "StylePlayer", "load_style"]

WARM_STYLES = 3
WARM_SIZES = 1  # beside those: a size that was left a moment ago and may come back


class StylePlayer:
    """Paints with the current style; `step` asks for another. See `realtime.painter.Painter`.

    Args:
        styles: that can be stepped through, in order.
        first: the one to begin with, ready; it need not be among the styles.
        options: for the engines of the others.
        times: takes the preprocess and infer times.
        size: which size the network sees; a `Resolution` is told what frames cost.
        open_style: opens an engine.
        warm: how many engines are kept, the one in use included.
        steadier: keeps the paintings of one style steady; None leaves them alone.
        guard: gives up on an engine that hangs; None for a usual one.
    """

    def __init__(
        self,
        styles: Sequence[StyleEntry],
        first: LoadedStyle,
        *,
        options: EngineOptions,
        times: StageTimes,
        size: SizeRule = NetworkSize(),  # noqa: B008
        open_style: OpenStyle = open_live,
        warm: int = WARM_STYLES,
        steadier: Steadier | None = None,
        guard: EngineGuard | None = None,
    ) -> None:
        paths = {entry.path for entry in styles}
        self._styles = list(styles) if first.entry.path in paths else [first.entry, *styles]
        self._place = self._place_of(first.entry) or 0  # of the style that was asked for last
        self._options = options
        self._open_style = open_style
        self._times = times
        self._steadier = steadier or Steadier()
        self._guard = guard or EngineGuard()
        self._one_at_a_time = threading.Lock()  # an engine is used by one thread at a time; the steadier too
        self._buffers = BufferPool()  # of whoever holds it
        self._state = threading.Lock()  # guards everything below; never taken while the engines' is held
        self._current = first
        self._wanted = first.entry
        self._problems: list[str] = []
        self._sizes = PlayerSizes(size, first.info)
        self._keep = warm + WARM_SIZES if self._sizes.apart else warm
        self._engines = WarmEngines(options, open_style, keep=self._keep, urgent=self._sizes.apart)
        self._engines.put(self._sizes.order_of(first), first)

    def paint(self, frame: Frame) -> Painted:
        """Return the painting of one frame by the style that is ready now; from any thread."""
        with self._one_at_a_time:
            with self._state:
                self._sizes.see(frame, self._current.entry.contract)
                style = self._settle()
                size_wh = self._sizes.size_for(style)
                was_loading = self._engines.loading
            try:
                stylized_image = self._stylize(style, frame, size_wh)
            except Exception as error:
                if not is_fault(error):
                    raise
                style, stylized_image = self._rescue(style, frame, size_wh, error)
            with self._state:
                if isinstance(style.engine, TellsNews):
                    self._problems += style.engine.take_news()
                disturbed = was_loading or self._engines.loading
                self._sizes.tell_cost(size_wh, self._times, disturbed=disturbed)
                self._settle()  # so that another size is prepared from now on
            info = style.engine.info  # of an engine that is being built another one may paint
        return Painted(frame, stylized_image, style.engine.contract, info)

    @property
    def current(self) -> LoadedStyle:
        """The style that paints the next frame."""
        with self._state:
            return self._settle()

    @property
    def loading(self) -> StyleEntry | None:
        """The style that was asked for and is not ready yet; None if there is none."""
        with self._state:
            return None if self._settle().entry.path == self._wanted.path else self._wanted

    @property
    def wanted(self) -> StyleEntry:
        """The style that was asked for last, ready or not."""
        with self._state:
            self._settle()
            return self._wanted

    @property
    def sizes(self) -> dict[SizeWh, int]:
        """How many frames were painted at each size of the network, in the order of their first."""
        with self._state:
            return self._sizes.painted

    def step(self, steps: int) -> StyleEntry:
        """Ask for the style this many places further on (or back) from the one asked for last.

        Returns at once; the style paints from the first frame after it is ready.
        """
        with self._state:
            self._settle()
            self._place = (self._place + steps) % len(self._styles)
            self._wanted = self._styles[self._place]
            self._settle()
            return self._wanted

    def choose(self, style: StyleEntry) -> None:
        """Ask for a style, whether it can be stepped to or not; returns at once, as `step` does.

        Steps from it go on from the place of the last one that can be stepped to.
        """
        with self._state:
            self._settle()
            place = self._place_of(style)
            self._place = self._place if place is None else place
            self._wanted = style
            self._settle()

    def spare_memory(self, spare: bool) -> None:
        """Keep only the engine that paints, or as many as before again; from any thread."""
        self._engines.keep(1 if spare else self._keep)
        if spare:  # engines that are closed for it give theirs back when they are
            give_back_memory()

    def tell(self, problem: str) -> None:
        """Have `take_problem` return what went wrong beside the player."""
        with self._state:
            self._problems.append(problem)

    def take_problem(self) -> str | None:
        """Return, once, what went wrong with a style, a size or the wanted rate; None if nothing did."""
        with self._state:
            self._settle()
            return self._problems.pop(0) if self._problems else self._sizes.take_problem()

    def close(self) -> None:
        """End the threads and give back every engine; after the painting has ended."""
        self._guard.close()
        self._engines.close()

    def interrupt(self) -> None:
        """Let a painting that hangs fail now: the run has ended."""
        self._guard.interrupt()

    def _stylize(self, style: LoadedStyle, frame: Frame, size_wh: SizeWh) -> NDArray[np.uint8]:
        self._engines.lend(style)
        try:
            return stylize(
                GuardedEngine(style.engine, self._guard),
                frame,
                self._times,
                size_wh,
                self._buffers,
                steadier=self._steadier,
                style=style.entry.path,
            )
        finally:
            self._engines.lend(None)

    def _rescue(
        self, style: LoadedStyle, frame: Frame, size_wh: SizeWh, fault: Exception
    ) -> tuple[LoadedStyle, NDArray[np.uint8]]:
        """Return the frame painted by the next engine that can; the show waits for it.

        Raises:
            The fault, if there is no other engine, or what the last one raised.
        """
        failed = style.engine.info

        def load(options: EngineOptions) -> LoadedStyle:
            # Gives back the memory of a card. What hangs is left: closing it could hang too.
            self._engines.begin_anew(options, leave=style if hangs(fault) else None)
            return load_style(style.entry, options, lambda: size_wh, self._open_style)

        others = other_engines(failed, style.entry.path, self._options, fault)
        loaded, options, stylized_image = paint_with_next(
            () if self._guard.interrupted else others,
            load,
            lambda loaded: self._stylize(loaded, frame, size_wh),
            fault,
        )
        self._go_on_with(loaded, options, rescue_line(failed, loaded.info, fault))
        return loaded, stylized_image

    def _go_on_with(self, loaded: LoadedStyle, options: EngineOptions, line: str) -> None:
        with self._state:
            self._options = options
            self._sizes.use(loaded.info)
            self._current = loaded
            self._engines.put(self._sizes.order_of(loaded), loaded)
            self._sizes.follow(loaded.entry.contract)
            self._problems.append(line)

    def _settle(self) -> LoadedStyle:
        """Take up what has become ready, say what is wanted beside it; return what paints now."""
        while (failure := self._engines.take_failure()) is not None:
            self._give_up(*failure)
        order = self._order()
        ready = self._engines.find(order)
        if ready is None and self._sizes.apart and self._wanted.path == self._current.entry.path:
            nearest = self._sizes.on_the_way(self._engines.ready_sizes(self._wanted), self._current, order)
            ready = None if nearest is None else self._engines.find(nearest)
        if ready is not None and ready is not self._current:
            is_other_style = ready.entry.path != self._current.entry.path
            self._current, self._wanted = ready, ready.entry
            if is_other_style:
                self._sizes.follow(ready.entry.contract)
        self._engines.order(*self._orders())
        return self._current

    def _order(self) -> Order:
        """Return what is wanted; a style that cannot paint at this size is given up, and the show goes on."""
        try:
            return self._sizes.order(self._wanted, self._current)
        except ContractError as error:
            if self._wanted.path == self._current.entry.path:
                raise
            self._problems.append(str(error))
            self._wanted = self._current.entry
            return self._sizes.order(self._wanted, self._current)

    def _place_of(self, style: StyleEntry) -> int | None:
        """Return where a style stands among those that can be stepped to; None for one that does not."""
        paths = [entry.path for entry in self._styles]
        return paths.index(style.path) if style.path in paths else None

    def _orders(self) -> list[Order]:
        """Return what shall be ready: what is wanted, what paints, and the size that may be needed next."""
        orders = [self._sizes.order(self._wanted, self._current), self._sizes.order_of(self._current)]
        if self._wanted.path == self._current.entry.path:
            smaller = self._sizes.order_smaller(self._wanted)
            orders += [] if smaller is None else [smaller]
        return orders

    def _give_up(self, order: Order, error: Exception) -> None:
        says = str(error) if isinstance(error, LivebrushError) else f"{type(error).__name__}: {error}"
        self._problems.append(f"{order.entry.name}: {says}")
        if order.entry.path == self._current.entry.path:
            self._sizes.leave_out(order)
        elif order.entry.path == self._wanted.path:
            self._wanted = self._current.entry
