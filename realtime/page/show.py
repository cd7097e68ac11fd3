"""A show: one source, what paints it, what viewers have set, and where it goes.

Every setting is taken at once and done as soon as it can be: a style that must be made or loaded, or a mask
that must be opened, is got ready in a thread of its own while the show goes on as it was.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from realtime.backdrop import Backdrop, find_backdrop
from realtime.catalog import StyleEntry
from realtime.controls import Controls
from realtime.errors import LivebrushError
from realtime.memory_watch import MemoryWatch
from realtime.pacer import Pacer, film_time, slide_time
from realtime.page.broadcast import Broadcast
from realtime.page.changes import Change
from realtime.page.gallery import Gallery
from realtime.page.news import News
from realtime.page.output import PageOutput
from realtime.page.recorder import Recorder
from realtime.page.scene import Parting, Scene
from realtime.page.settings import CONTROLS, Settings, ShowOptions
from realtime.painter import LIVE_SHORT_SIDE, NetworkSize
from realtime.pipeline import run
from realtime.process import available_mb
from realtime.sinks import open_sink
from realtime.source_lasting import LastingSource
from realtime.sources import Source, SourceInfo
from realtime.steady import Steadier
from realtime.style_player import StylePlayer, load_style
from realtime.timing import StageTimes

MOST_SAMPLES = 20_000  # of each stage: a show may run for days
END_S = 5.0


class Show:
    """Paints a source for viewers until it is closed. Its methods may be called from any thread.

    Args:
        source: open; closed by the show.
        gallery: where styles come from.
        settings: to begin with.
        controls: to begin with.
        options: how it paints.
        own_camera: a visitor's own; else the server's source, for all.
    Raises:
        LivebrushError: if the style cannot be opened.
    """

    def __init__(
        self,
        source: Source,
        gallery: Gallery,
        settings: Settings,
        controls: Controls,
        options: ShowOptions,
        *,
        own_camera: bool = False,
    ) -> None:
        self.source, self.own_camera = source, own_camera
        self._gallery, self._options = gallery, options
        self._lock = threading.Lock()
        self._settings, self._controls = settings, controls
        self._versions = {"style": 0, "mask": 0, "swap": 0}
        self._news = News()
        self._ended: str | None = None
        self._stop = threading.Event()
        self.times = StageTimes(max_samples=MOST_SAMPLES)
        self._opened = ExitStack()
        try:
            self._open()
        except BaseException:
            self._opened.close()
            source.close()
            raise
        self._thread = threading.Thread(target=self._play, name="livebrush-show", daemon=True)

    def _open(self) -> None:
        options, source = self._options, self.source.info
        size = NetworkSize(options.network_wh, LIVE_SHORT_SIDE)
        entry = self._gallery.find(self._settings.style)
        loaded = load_style(entry, options.engine, lambda: size(source.size_wh, entry.contract))
        self.player = StylePlayer(
            [],
            loaded,
            options=options.engine,
            times=self.times,
            size=size,
            steadier=Steadier(options.steady),
        )
        self._opened.callback(self.player.close)
        self.scene = Scene(
            self.player, options=options.engine, times=self.times, size=size, steady=options.steady
        )
        self._opened.callback(self.scene.close)
        self._background(self._settings.background)  # named wrongly: said now, not when a mask is chosen
        self._part()
        self.broadcast = Broadcast(most_fps=options.page_fps)
        self._opened.callback(self.broadcast.close)
        recording_of = replace(source, address=None)  # without sound: a recording begins anywhere
        self.recorder = Recorder(options.films, partial(open_sink, source=recording_of), self.tell)
        self._opened.callback(self.recorder.close)
        self._worker = ThreadPoolExecutor(1, "livebrush-settings")
        self._opened.callback(self._worker.shutdown, cancel_futures=True)
        self.output = PageOutput(
            self.broadcast,
            self.recorder,
            self.scene,
            lambda: self._controls,
            self.times,
            self._stop,
            output_wh=options.output_wh,
            pacer=_pacer(source),
            memory=MemoryWatch(self.scene.spare_memory, self.tell, available=available_mb),
        )

    def start(self) -> Show:
        """Begin to paint; return the show itself."""
        if isinstance(self.source, LastingSource):
            self.source.tell = self.tell
        self._thread.start()
        return self

    def close(self) -> None:
        """End the show, and give back everything; a recording is finished."""
        self._stop.set()
        getattr(self.source, "interrupt", lambda: None)()
        if self._thread.is_alive():
            self._thread.join(END_S)
        self._opened.close()

    @property
    def settings(self) -> Settings:
        """What is set now."""
        with self._lock:
            return self._settings

    @property
    def controls(self) -> Controls:
        """Strength, colours and the like, as they are now."""
        with self._lock:
            return self._controls

    @property
    def trouble(self) -> str | None:
        """One line while no picture comes, or when none will come any more; None while all is well."""
        if self._ended is not None:
            return self._ended
        return self.source.trouble if isinstance(self.source, LastingSource) else None

    def tell(self, news: str) -> None:
        """Have all viewers told of something, in one line."""
        self._news.tell(news)

    def news_since(self, number: int) -> tuple[int, list[str]]:
        """Return what was told after that number, and the number of the newest."""
        problem = self.player.take_problem()
        if problem is not None:
            self.tell(problem)
        return self._news.since(number)

    def change(self, change: Change) -> None:
        """Take what a viewer sets.

        Raises:
            LivebrushError: naming what cannot be; nothing is changed then.
        """
        asked = change.model_dump(exclude_none=True)
        self._check(change)
        recording = asked.pop("recording", None)
        with self._lock:
            before = self._settings
            controls = {name: asked[name] for name in CONTROLS if name in asked}
            settings = {name: value for name, value in asked.items() if name not in CONTROLS}
            self._controls = replace(self._controls, **controls)
            self._settings = replace(before, **settings)
            after = self._settings
        # One that could not be loaded may be asked for again.
        if before.painted_by != after.painted_by or change.style is not None:
            self._later("style", self._restyle)
        if before.parted_by != after.parted_by:
            self._later("mask", self._part)
        if before.swapped != after.swapped:
            self._later("swap", self._swap)
        if recording is not None:
            self.recorder.ask(recording)

    def _check(self, change: Change) -> None:
        """Raise LivebrushError for a name that is not offered."""
        before = self.settings
        other = before.mix_with if change.mix_with is None else change.mix_with
        self._gallery.check_mix(change.style or before.style, other or None)
        if change.background is not None:
            self._background(change.background)

    def _background(self, name: str) -> StyleEntry | Backdrop:
        if name in ("original", "blur"):
            backdrop = find_backdrop(name)
            assert backdrop is not None
            return backdrop
        return self._gallery.find(name)

    def _later(self, kind: str, work: Callable[[], None]) -> None:
        """Do something in the worker's thread, unless more of its kind is asked for before."""
        with self._lock:
            self._versions[kind] += 1
            version = self._versions[kind]
        self._worker.submit(self._do, kind, version, work)

    def _do(self, kind: str, version: int, work: Callable[[], None]) -> None:
        if self._versions[kind] != version or self._stop.is_set():
            return
        try:
            work()
        except LivebrushError as error:
            self.tell(str(error))
        except Exception as error:  # an engine's or decoder's own; the show goes on
            self.tell(f"{type(error).__name__}: {error}")

    def _restyle(self) -> None:
        settings = self.settings
        self.player.choose(self._gallery.mix(settings.style, settings.mix_with or None, settings.mix))

    def _part(self) -> None:
        settings = self.settings
        if settings.mask == "off":
            self.scene.part(None)
            return
        mask = f"key:{settings.key}" if settings.mask == "key" else settings.mask
        self.scene.part(Parting(mask, self._background(settings.background), settings.swapped))

    def _swap(self) -> None:
        self.scene.swap(self.settings.swapped)

    def _play(self) -> None:
        try:
            run(self.source, self.scene, self.output, times=self.times, stop=self._stop)
            self._ended = f"{self.source.info.name} has ended"
        except LivebrushError as error:
            self._ended = str(error)
        except Exception as error:  # whatever it is: viewers are told, and the page stays
            self._ended = f"{type(error).__name__}: {error}"


def _pacer(source: SourceInfo) -> Pacer | None:
    if source.live:
        return None
    return Pacer(slide_time if source.kind == "folder" else film_time, time.perf_counter)
