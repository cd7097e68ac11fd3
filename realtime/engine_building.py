"""Paints with a slower engine while a faster one is being built, and goes over to it between two frames.

Nothing of this is silent: what is built, how far it is, that it paints now, and that it cannot be built are
news, a line each, which the player says (`realtime.style_player`).
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from realtime.contract import StyleContract
from realtime.engine import Engine, EngineInfo, EngineOptions, open_engine
from realtime.errors import LivebrushError

if TYPE_CHECKING:
    from realtime.catalog import StyleEntry

SizeWh = tuple[int, int]
# Told from time to time how much of a build is done, from 0 to 1; returns False to give it up.
Progress = Callable[[float], bool]
# Of a build that is told: each quarter is a line.
_QUARTERS = 4


def say_once(line: str) -> Progress:
    """Return the progress of a build that somebody waits for: one line, on the screen's error side."""
    said = False

    def progress(_done: float) -> bool:
        nonlocal said
        if not said:
            print(line, file=sys.stderr, flush=True)
        said = True
        return True

    return progress


@runtime_checkable
class Builds(Engine, Protocol):
    """An engine that has to be built before it paints, which takes long."""

    def is_built(self, size_wh: SizeWh) -> bool:
        """Tell whether it can paint this size without being built first."""

    def build(self, size_wh: SizeWh, progress: Progress) -> None:
        """Build it for this size."""


@runtime_checkable
class TellsNews(Protocol):
    """An engine that has something to say."""

    def take_news(self) -> list[str]:
        """Return, once, what is new, a line each."""


def open_live(style: StyleEntry | Path, options: EngineOptions) -> Engine:
    """Open a style so that it paints at once; see `realtime.engine.open_engine` for what it raises.

    An engine that has to be built first is opened with another beside it, the best that is installed. None
    keeps what it made for sizes that a source has no more: a show of hours would have the memory and the
    threads of every size there ever was.
    """
    options = replace(options, keep_sizes=1)
    engine = open_engine(style, options)
    if not isinstance(engine, Builds):
        return engine
    beside = replace(options, engine="auto", precision="auto", device="auto")
    return BuildingEngine(engine, lambda: open_engine(style, beside))


class BuildingEngine:
    """Two engines of one style that look like one; see `realtime.engine.Engine`.

    Args:
        fast: is built for the size that it is prepared for first, and anew for each that comes after.
        open_slow: opens what paints meanwhile; not called where nothing has to be built.
    """

    def __init__(self, fast: Builds, open_slow: Callable[[], Engine]) -> None:
        self._fast = fast
        self._open_slow = open_slow
        self._slow: Engine | None = None
        self._builder: threading.Thread | None = None
        self._ready_wh: SizeWh | None = None  # that the fast engine is prepared for
        self._news: deque[str] = deque()
        self._built = threading.Event()
        self._given_up = threading.Event()

    @property
    def info(self) -> EngineInfo:
        """What paints now."""
        return self._now().info

    @property
    def contract(self) -> StyleContract:
        """What the style file promises."""
        return self._fast.contract

    def prepare(self, size_wh: SizeWh) -> None:
        """Load the fast engine if it is built for this size; else begin to build it beside the other."""
        if self._slow is None and self._fast.is_built(size_wh):
            self._fast.prepare(size_wh)
            self._ready_wh = size_wh
            return
        if self._slow is None:
            self._slow = self._open_slow()
        self._slow.prepare(size_wh)
        if self._builder is None:
            name, now = self._fast.info.name, self._slow.info
            self._tell(f"{name} builds its engine, once for this machine; {now.name} paints meanwhile")
            self._builder = threading.Thread(
                target=self._build, args=(size_wh,), name=f"livebrush-{name}", daemon=True
            )
            self._builder.start()

    def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Paint one picture with the engine that is ready; see `realtime.engine.Engine`."""
        if self._slow is not None and self._built.is_set():
            self._slow.close()
            self._slow, self._builder = None, None
            self._built.clear()
            self._tell(f"{self._fast.info.name} paints now")
        size_wh = (image.shape[1], image.shape[0])
        if self._slow is None and size_wh != self._ready_wh:
            self.prepare(size_wh)  # a phone was turned: another one paints while this size is built
        return self._now().infer(image)

    def take_news(self) -> list[str]:
        """Return, once, what has happened since."""
        return [self._news.popleft() for _ in range(len(self._news))]

    def close(self) -> None:
        """Give up what is being built, and close both."""
        self._given_up.set()
        if self._builder is not None:
            self._builder.join()
        for engine in (self._slow, self._fast):
            if engine is not None:
                engine.close()

    def _now(self) -> Engine:
        return self._fast if self._slow is None else self._slow

    def _build(self, size_wh: SizeWh) -> None:
        try:
            self._fast.build(size_wh, self._go_on())
            self._fast.prepare(size_wh)  # loaded and warm before a frame waits for it
            self._ready_wh = size_wh
        except Exception as error:  # the show goes on with what it has
            if not self._given_up.is_set():
                says = str(error) if isinstance(error, LivebrushError) else f"{type(error).__name__}: {error}"
                assert self._slow is not None
                self._tell(
                    f"{self._fast.info.name} is not to be had, {self._slow.info.name} paints on: {says}"
                )
            return
        self._built.set()

    def _go_on(self) -> Callable[[float], bool]:
        told = 0

        def progress(done: float) -> bool:
            nonlocal told
            quarter = int(done * _QUARTERS)
            if told < quarter < _QUARTERS:
                told = quarter
                self._tell(f"{self._fast.info.name} has built {100 * quarter // _QUARTERS}% of its engine")
            return not self._given_up.is_set()

        return progress

    def _tell(self, line: str) -> None:
        self._news.append(f"{self._fast.contract.name}: {line}")
