"""Everything that one page holds: its shows, its seats, its gallery and its limits."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from realtime.camera_again import open_lasting
from realtime.controls import Controls
from realtime.errors import LivebrushError, SourceError
from realtime.page.config import ServeConfig
from realtime.page.describe import describe
from realtime.page.gallery import Gallery
from realtime.page.limits import RateLimit
from realtime.page.looped import LoopedSource
from realtime.page.recorder import Films
from realtime.page.settings import Settings, ShowOptions
from realtime.page.show import Show
from realtime.page.thumbnails import Thumbnails
from realtime.sources import Source
from realtime.timing import Clock

MAIN = "main"
UPLOADS, UPLOADS_PER_S = 10, 60.0
STATE_S = 0.1  # a state that is younger is told again as it is


class FullError(LivebrushError):
    """There is no seat left."""


class House:
    """Opens the show for all, and whatever a visitor brings.

    Args:
        config: what was asked for.
        source: of the show for all; None opens the one that was asked for.
        clock: seconds.
    Raises:
        LivebrushError: if the source or the style cannot be opened.
    """

    def __init__(
        self, config: ServeConfig, source: Source | None = None, *, clock: Clock = time.perf_counter
    ) -> None:
        self.config, self.clock = config, clock
        self.uploads = RateLimit(UPLOADS, UPLOADS_PER_S, clock)
        self._lock = threading.Lock()
        self._seats = self._cameras = 0
        self._states: dict[str, tuple[float, str]] = {}
        self._opened = ExitStack()
        folder = Path(self._opened.enter_context(TemporaryDirectory(prefix="livebrush_")))
        try:
            self.gallery = Gallery(config.style, folder / "styles")
            self.thumbnails = Thumbnails(config.engine)
            own = config.recordings
            self.films = Films(folder) if own is None else Films(own, most=None)
            self._options = ShowOptions(
                config.engine,
                self.films,
                config.network_wh,
                config.output_wh,
                config.steady,
                config.page_fps,
            )
            controls = Controls(strength=config.strength, original_colors=config.original_colors)
            self.main = Show(
                source or open_source_for_all(config.source),
                self.gallery,
                _first_settings(config),
                controls,
                self._options,
            )
        except BaseException:
            self._opened.close()
            raise
        self._shows = {MAIN: self.main}

    def start(self) -> House:
        """Begin the show for all; return the house itself."""
        self.main.start()
        return self

    def close(self) -> None:
        """End all shows, and delete what was made for them alone."""
        with self._lock:
            shows, self._shows = list(self._shows.values()), {}
        for show in shows:
            show.close()
        self._opened.close()

    def show(self, session: str) -> Show | None:
        """Return the show of a session; None if there is none."""
        with self._lock:
            return self._shows.get(session)

    @property
    def viewers(self) -> int:
        """How many seats are taken."""
        return self._seats

    def check_seat(self) -> None:
        """Raise FullError where all seats are taken now."""
        if self._seats >= self.config.viewers:
            raise FullError(f"all {self.config.viewers} places are taken; try again later")

    @contextmanager
    def seat(self) -> Iterator[None]:
        """Have a seat, for as long as the body runs.

        Raises:
            FullError: all are taken.
        """
        with self._lock:
            self.check_seat()
            self._seats += 1
        try:
            yield
        finally:
            with self._lock:
                self._seats -= 1

    @contextmanager
    def camera_place(self) -> Iterator[None]:
        """Have the right to a show of one's own, for as long as the body runs.

        Raises:
            FullError: none is left.
        """
        with self._lock:
            if self._cameras >= self.config.cameras:
                raise FullError(
                    f"this machine paints {self.config.cameras} visitors' cameras at once; try again later"
                    if self.config.cameras
                    else "visitors' cameras are not painted here"
                )
            self._cameras += 1
        try:
            yield
        finally:
            with self._lock:
                self._cameras -= 1

    def open_own(self, source: Source) -> tuple[str, Show]:
        """Begin a show of a visitor's camera, as the one for all is set now; return its session too.

        Raises:
            LivebrushError: if it cannot be opened.
        """
        settings = self.main.settings
        controls = replace(self.main.controls, paused=False)
        show = Show(source, self.gallery, settings, controls, self._options, own_camera=True).start()
        session = secrets.token_urlsafe(18)
        with self._lock:
            self._shows[session] = show
        return session, show

    def close_own(self, session: str) -> None:
        """End a visitor's show."""
        with self._lock:
            show = self._shows.pop(session, None)
            self._states.pop(session, None)
        if show is not None:
            show.close()

    def state_text(self, session: str, show: Show, *, fresh: bool = False) -> str:
        """Return the state of a show as JSON; the same text for all who ask within a moment."""
        now = self.clock()
        at, text = self._states.get(session, (-float("inf"), ""))
        if fresh or now - at >= STATE_S:
            text = describe(show, self.gallery).model_dump_json()
            self._states[session] = now, text
        return text


def open_source_for_all(asked: str | None) -> Source:
    """Open what was asked for; without a word camera 0, and without a camera the demo scene.

    Raises:
        SourceError: if it cannot be opened.
    """
    if asked is None:
        try:
            return open_lasting("0")
        except SourceError:
            return open_lasting("demo")
    source = open_lasting(asked)
    return source if source.info.live else LoopedSource(source, lambda: open_lasting(asked))


def _first_settings(config: ServeConfig) -> Settings:
    first = Settings(style=config.style.name, background=config.background)
    if config.mask is None:
        return first
    if config.mask.startswith("key:"):
        return replace(first, mask="key", key=config.mask.removeprefix("key:"))
    return replace(first, mask="person" if config.mask == "person" else "motion")
