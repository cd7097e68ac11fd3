"""The style that paints now, and the next one loading beside it, so that a switch costs no frame.

A network is opened, compiled and warmed in a thread of its own; the inference thread takes it up
between two frames. The ones used last stay warm: going back to them is immediate.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from realtime.catalog import StyleEntry
from realtime.engine import ENGINES, Engine, EngineInfo, EngineOptions, open_engine
from realtime.errors import LivebrushError
from realtime.frame import Frame
from realtime.painter import NetworkSize, Painted, SizeRule, SizeWh, stylize
from realtime.process import yield_to_others
from realtime.timing import StageTimes

OpenStyle = Callable[[StyleEntry, EngineOptions], Engine]

WARM_STYLES = 3


@dataclass(frozen=True, eq=False)
class LoadedStyle:
    """A style whose engine is ready, and what really runs it."""

    entry: StyleEntry
    engine: Engine
    info: EngineInfo


def load_style(
    entry: StyleEntry,
    options: EngineOptions,
    network_wh: Callable[[], SizeWh | None],
    open_style: OpenStyle = open_engine,
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
        return LoadedStyle(entry, engine, engine.info)
    except BaseException:
        engine.close()
        raise


class StylePlayer:
    """Paints with the current style; `step` asks for another. See `realtime.painter.Painter`.

    Args:
        styles: that can be stepped through, in order.
        first: the one to begin with, ready; it need not be among the styles.
        options: for the engines of the others.
        times: takes the preprocess and infer times.
        size: which size the network sees.
        open_style: opens an engine.
        warm: how many engines are kept, the one in use included.
    """

    def __init__(
        self,
        styles: Sequence[StyleEntry],
        first: LoadedStyle,
        *,
        options: EngineOptions,
        times: StageTimes,
        size: SizeRule = NetworkSize(),  # noqa: B008
        open_style: OpenStyle = open_engine,
        warm: int = WARM_STYLES,
    ) -> None:
        paths = {entry.path for entry in styles}
        self._styles = list(styles) if first.entry.path in paths else [first.entry, *styles]
        self._options = options
        self._times = times
        self._size = size
        self._open_style = open_style
        self._warm_limit = warm
        self._one_at_a_time = threading.Lock()  # an engine is used by one thread at a time
        self._state = threading.Condition()  # guards everything below
        self._current = first
        self._wanted = first.entry
        self._painting: LoadedStyle | None = None
        self._source_wh: SizeWh | None = None
        self._warm: OrderedDict[Path, LoadedStyle] = OrderedDict({first.entry.path: first})
        self._problem: str | None = None
        self._is_closed = False
        self._loader: threading.Thread | None = None

    def paint(self, frame: Frame) -> Painted:
        """Return the painting of one frame by the style that is ready now; from any thread."""
        with self._one_at_a_time:
            with self._state:
                self._source_wh = frame.size_wh
                style = self._painting = self._current
            try:
                stylized_image = stylize(style.engine, frame, self._times, self._size)
            finally:
                with self._state:
                    self._painting = None
        return Painted(frame, stylized_image, style.engine.contract, style.info)

    @property
    def current(self) -> LoadedStyle:
        """The style that paints the next frame."""
        with self._state:
            return self._current

    @property
    def loading(self) -> StyleEntry | None:
        """The style that was asked for and is not ready yet; None if there is none."""
        with self._state:
            return None if self._wanted is self._current.entry else self._wanted

    def step(self, steps: int) -> StyleEntry:
        """Ask for the style this many places further on (or back) from the one asked for last.

        Returns at once; the style paints from the first frame after it is ready.
        """
        with self._state:
            paths = [entry.path for entry in self._styles]
            place = paths.index(self._wanted.path) + steps
            self._wanted = self._styles[place % len(self._styles)]
            warm = self._warm.get(self._wanted.path)
            if warm is not None:
                self._use(warm)
            elif self._loader is None:
                self._loader = threading.Thread(target=self._load, name="livebrush-styles", daemon=True)
                self._loader.start()
            self._state.notify_all()
            return self._wanted

    def take_problem(self) -> str | None:
        """Return, once, why the last style asked for could not be loaded; None if nothing went wrong."""
        with self._state:
            problem, self._problem = self._problem, None
            return problem

    def close(self) -> None:
        """End the loading thread and give back every engine; after the painting has ended."""
        with self._state:
            self._is_closed = True
            self._state.notify_all()
        if self._loader is not None:
            self._loader.join()
        for style in self._warm.values():
            style.engine.close()
        self._warm.clear()

    def _load(self) -> None:
        if _compiles(self.current.info):
            yield_to_others()
        while (entry := self._next_wanted()) is not None:
            try:
                loaded = load_style(entry, self._options, partial(self._network_wh, entry), self._open_style)
            except Exception as error:  # the show goes on with the style it has
                self._give_up(entry, error)
            else:
                self._take_in(loaded)

    def _next_wanted(self) -> StyleEntry | None:
        with self._state:
            while not self._is_closed and self._wanted.path in self._warm:
                self._state.wait()
            return None if self._is_closed else self._wanted

    def _network_wh(self, entry: StyleEntry) -> SizeWh | None:
        with self._state:
            source_wh, info = self._source_wh, self._current.info
        if source_wh is None or not (_compiles(info) or info.device != "cpu"):
            return None
        return self._size(source_wh, entry.contract)

    def _take_in(self, loaded: LoadedStyle) -> None:
        with self._state:
            self._warm[loaded.entry.path] = loaded
            if self._wanted.path == loaded.entry.path:
                self._use(loaded)
            unused = self._evicted()
        for style in unused:
            style.engine.close()

    def _use(self, style: LoadedStyle) -> None:
        self._current = style
        self._wanted = style.entry
        self._warm.move_to_end(style.entry.path)

    def _evicted(self) -> list[LoadedStyle]:
        in_use = (self._current, self._painting)
        idle = [path for path, style in self._warm.items() if style not in in_use]
        return [self._warm.pop(path) for path in idle[: max(0, len(self._warm) - self._warm_limit)]]

    def _give_up(self, entry: StyleEntry, error: Exception) -> None:
        with self._state:
            says = str(error) if isinstance(error, LivebrushError) else f"{type(error).__name__}: {error}"
            self._problem = f"{entry.name}: {says}"
            if self._wanted.path == entry.path:
                self._wanted = self._current.entry


def _compiles(info: EngineInfo) -> bool:
    """Tell whether loading a style is long work in the loading thread itself.

    Then that thread takes only what the others leave, for it must not hold up the style that paints.
    Else it keeps its rank, for the threads that an engine makes while it opens would inherit the low
    one for good; and a warm-up run, which is a whole picture's work, would cost the painting style
    more than the first picture gains.
    """
    spec = ENGINES.get(info.name)
    return spec is None or spec.compiles
