"""Engines that are ready before they are needed: loaded in a thread of their own, the last ones kept.

An engine paints for one thread at a time, and some compile for each size of picture. So a network that is
wanted at another size is loaded as a second engine beside the one that paints, like another style.
"""

from __future__ import annotations

import importlib
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from realtime.catalog import StyleEntry
from realtime.engine import ENGINES, Engine, EngineInfo, EngineOptions
from realtime.engine_building import open_live
from realtime.painter import SizeWh
from realtime.process import call_beside, give_back_memory

# How long an engine that is being loaded at the end may keep the run from ending. One that hangs is left.
STUCK_LOADER_S = 2.0

OpenStyle = Callable[[StyleEntry, EngineOptions], Engine]
Key = tuple[Path, SizeWh | None]


@dataclass(frozen=True, eq=False)
class LoadedStyle:
    """A style whose engine is ready.

    Args:
        entry: the style.
        engine: that paints it.
        info: what really runs.
        network_wh: size that the engine is warm for; None if for none in particular.
    """

    entry: StyleEntry
    engine: Engine
    info: EngineInfo
    network_wh: SizeWh | None = None


@dataclass(frozen=True)
class Order:
    """An engine that is wanted.

    Args:
        entry: the style.
        network_wh: size to warm up for; None for none.
        apart: this size has an engine of its own; else any engine of the style will do.
    """

    entry: StyleEntry
    network_wh: SizeWh | None = None
    apart: bool = False

    @property
    def key(self) -> Key:
        """What an engine that fulfils this order is kept under."""
        return self.entry.path, self.network_wh if self.apart else None


def load_style(
    entry: StyleEntry,
    options: EngineOptions,
    network_wh: Callable[[], SizeWh | None],
    open_style: OpenStyle = open_live,
) -> LoadedStyle:
    """Open a style and warm it up.

    Args:
        entry: the style.
        options: for its engine.
        network_wh: asked once the engine is open, and may wait: the size to warm up for, None for none.
        open_style: opens the engine.
    Raises:
        LivebrushError: if it cannot be opened, or does not take this size.
    """
    engine = open_style(entry, options)
    try:
        size_wh = network_wh()
        if size_wh is not None:
            engine.prepare(size_wh)
        return LoadedStyle(entry, engine, engine.info, size_wh)
    except BaseException:
        engine.close()
        raise


class WarmEngines:
    """Loads engines that are ordered, one after another, and keeps the ones used last.

    Args:
        options: for every engine.
        open_style: opens an engine.
        keep: how many are kept; more only while more are ordered or lent.
        urgent: the show may be stuttering until an engine is ready; so the loading thread, which else
            takes only what others leave, takes a share.
    """

    def __init__(
        self, options: EngineOptions, open_style: OpenStyle, *, keep: int, urgent: bool = False
    ) -> None:
        self._options = options
        self._open_style = open_style
        self._keep = keep
        self._urgent = urgent
        self._changed = threading.Condition()  # guards everything below
        self._ready: OrderedDict[Key, LoadedStyle] = OrderedDict()
        self._orders: tuple[Order, ...] = ()
        self._lent: LoadedStyle | None = None
        self._failures: deque[tuple[Order, Exception]] = deque()
        self._is_closed = False
        self._loader: threading.Thread | None = None

    def begin_anew(self, options: EngineOptions, *, leave: LoadedStyle | None = None) -> None:
        """Close every engine, and load with other options from now on; while none is lent.

        For when what ran them is gone. One that is being loaded meanwhile is closed when it is ready.

        Args:
            options: for every engine from now on.
            leave: forgotten, but not closed: it hangs.
        """
        with self._changed:
            self._options = options
            self._orders = ()
            gone = list(self._ready.values())
            self._ready.clear()
        for style in gone:
            if style is not leave:
                style.engine.close()

    def keep(self, count: int) -> None:
        """Keep this many from now on; engines beyond that are closed soon."""
        with self._changed:
            self._keep = count
            if self._loader is not None:
                self._changed.notify_all()

    def put(self, order: Order, style: LoadedStyle) -> None:
        """Take in an engine that somebody else has loaded."""
        with self._changed:
            self._ready[order.key] = style

    def order(self, *orders: Order) -> None:
        """Say what is wanted from now on, the most wanted first; all of it is kept once it is ready."""
        with self._changed:
            # Whoever orders may not know yet that it has failed a moment ago.
            failed = [order for order, _ in self._failures]
            orders = tuple(order for order in orders if order not in failed)
            if orders == self._orders:
                return
            self._orders = orders
            if self._loader is None and self._missing() is not None:
                self._loader = threading.Thread(target=self._work, name="livebrush-styles", daemon=True)
                self._loader.start()
            self._changed.notify_all()

    def find(self, order: Order) -> LoadedStyle | None:
        """Return the engine for an order, which counts as used; None if it is not ready."""
        with self._changed:
            style = self._ready.get(order.key)
            if style is not None:
                self._ready.move_to_end(order.key)
            return style

    def ready_sizes(self, entry: StyleEntry) -> list[SizeWh]:
        """Return the sizes that a style has an engine of its own for."""
        with self._changed:
            return [size_wh for path, size_wh in self._ready if path == entry.path and size_wh is not None]

    @property
    def loading(self) -> bool:
        """True while an engine is being loaded, or is about to be."""
        with self._changed:
            return self._missing() is not None

    def take_failure(self) -> tuple[Order, Exception] | None:
        """Return, once, an order that failed, and why; it is not tried again until it is ordered anew."""
        with self._changed:
            return self._failures.popleft() if self._failures else None

    def lend(self, style: LoadedStyle | None) -> None:
        """Say which engine paints now, so that it is not closed; None when it has ended."""
        with self._changed:
            self._lent = style

    def close(self) -> None:
        """End the loading thread and close every engine; after the painting has ended."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if self._loader is not None:
            self._loader.join(STUCK_LOADER_S)
        for style in self._ready.values():
            style.engine.close()
        self._ready.clear()

    def _work(self) -> None:
        while (order := self._next_order()) is not None:
            options = self._options
            try:
                loaded = self._load(order, options)
            except Exception as error:  # the show goes on with what it has
                with self._changed:
                    self._failures.append((order, error))
                    self._orders = tuple(other for other in self._orders if other != order)
            else:
                self._take_in(order, loaded, options)

    def _load(self, order: Order, options: EngineOptions) -> LoadedStyle:
        with self._changed:
            infos = [style.info for style in self._ready.values()]
        load = partial(load_style, order.entry, options, lambda: order.network_wh, self._open_style)
        if not all(compiles(info) for info in infos):
            return load()
        if infos:  # what comes next is most likely of the same kind
            ready_threads(infos[-1])
        return call_beside(load, wholly=not self._urgent)

    def _take_in(self, order: Order, style: LoadedStyle, options: EngineOptions) -> None:
        with self._changed:
            still_wanted = options is self._options
            if still_wanted:
                self._ready[order.key] = style
        if not still_wanted:
            style.engine.close()

    def _next_order(self) -> Order | None:
        """Wait for an order; close meanwhile what is not kept. None at the end."""
        while True:
            with self._changed:
                unused, missing = self._evicted(), self._missing()
                if not unused and missing is None and not self._is_closed:
                    self._changed.wait()
                    continue
                is_closed = self._is_closed
            for style in unused:
                style.engine.close()
            if unused:
                give_back_memory()
            if is_closed:
                return None
            if missing is not None:
                return missing

    def _missing(self) -> Order | None:
        return next((order for order in self._orders if order.key not in self._ready), None)

    def _evicted(self) -> list[LoadedStyle]:
        kept = {order.key for order in self._orders}
        idle = [key for key, style in self._ready.items() if key not in kept and style is not self._lent]
        return [self._ready.pop(key) for key in idle[: max(0, len(self._ready) - self._keep)]]


def compiles(info: EngineInfo) -> bool:
    """Tell whether loading a style is long work in the loading thread itself.

    Then a thread of lower rank does it, for it must not hold up the style that paints. Else the loading
    thread does it at its own rank, for the threads that an engine makes while it opens inherit the rank of
    the thread that opens it, for good.
    """
    spec = ENGINES.get(info.name)
    return spec is None or spec.compiles


def ready_threads(info: EngineInfo) -> None:
    """Have an engine's runtime make the threads that the next engine paints in: here, at this thread's rank.

    Does nothing for a runtime that does not keep threads for later.
    """
    spec = ENGINES.get(info.name)
    if spec is not None and spec.keeps_threads:
        importlib.import_module(spec.module).ready_threads(info.threads)


def wants_warming(info: EngineInfo) -> bool:
    """Tell whether an engine is worth preparing for a size before its first picture.

    One that does not compile is not, on the processor: a warm-up run, which is a whole picture's work,
    would cost the style that paints more than the first picture gains.
    """
    return compiles(info) or info.device != "cpu"
