"""Recordings that viewers begin and end, kept in a folder under names of our own.

Frames are written in the output's thread; what is asked for comes from others.
"""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from realtime.errors import SinkError
from realtime.frame import Frame
from realtime.sinks import Sink

OpenVideo = Callable[[Path], Sink]
LONGEST_S = 3600.0
LEAST_FREE = 2**30  # bytes
MOST_FILES = 20


@dataclass(frozen=True)
class Recording:
    """A finished film.

    Args:
        name: that it is asked for by, and that it is offered under.
        path: where it lies.
        seconds: how long it is.
    """

    name: str
    path: Path
    seconds: float


class Films:
    """The finished recordings of all shows.

    Args:
        folder: for them; it must exist.
        most: the oldest beyond these is deleted; None keeps all, in a folder that is somebody's own.
        free_bytes: how much room the disk of a folder has.
    """

    def __init__(
        self,
        folder: Path,
        *,
        most: int | None = MOST_FILES,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self.folder = folder
        self._most, self._free_bytes = most, free_bytes
        self._lock = threading.Lock()
        self._films: OrderedDict[str, Recording] = OrderedDict()

    def add(self, recording: Recording) -> None:
        """Keep one more."""
        with self._lock:
            self._films[recording.name] = recording
            many = 0 if self._most is None else len(self._films) - self._most
            beyond = [self._films.popitem(last=False)[1] for _ in range(many)]
        for old in beyond:
            old.path.unlink(missing_ok=True)

    def find(self, name: str) -> Recording | None:
        """Return the one of that name; None if there is none."""
        with self._lock:
            return self._films.get(name)

    def check_room(self) -> None:
        """Raise SinkError where the disk is nearly full."""
        free = self._free_bytes(self.folder)
        if free < LEAST_FREE:
            raise SinkError(f"there is no room for a recording: {free // 2**20} MB are free")


class Recorder:
    """Writes films of a show.

    Args:
        films: where they go.
        open_video: opens a file.
        tell: is told, in one line, what became of them.
        longest_s: a recording ends by itself then.
    """

    def __init__(
        self,
        films: Films,
        open_video: OpenVideo,
        tell: Callable[[str], None],
        *,
        longest_s: float = LONGEST_S,
    ) -> None:
        self._films, self._open_video, self._tell = films, open_video, tell
        self._longest_s = longest_s
        self._lock = threading.Lock()
        self._wanted = False
        self._names: list[str] = []
        self._sink: Sink | None = None
        self._path = Path()
        self._first_pts = 0
        self._length_s = 0.0

    @property
    def wanted(self) -> bool:
        """True from the moment a recording is asked for until its end is."""
        with self._lock:
            return self._wanted

    @property
    def seconds(self) -> float | None:
        """Length of the recording that runs; None where none does."""
        return self._length_s if self.wanted else None

    @property
    def finished(self) -> list[Recording]:
        """What was recorded here and can be fetched, the oldest first."""
        with self._lock:
            names = list(self._names)
        return [film for film in map(self._films.find, names) if film is not None]

    def ask(self, wanted: bool) -> None:
        """Begin with the next frame, or end before it."""
        with self._lock:
            self._wanted = wanted

    def attend(self) -> None:
        """End what is to end; called by the output between frames too."""
        if self._sink is not None and not self.wanted:
            self._end()

    def write(self, frame: Frame, style_name: str) -> None:
        """Write a frame if something is recorded; an error ends the recording, not the show."""
        self.attend()
        if not self.wanted:
            return
        try:
            if self._sink is None:
                self._begin(frame, style_name)
            assert self._sink is not None
            shifted = replace(frame, pts=frame.pts - self._first_pts)  # the film begins at 0
            self._sink.write(shifted)
        except SinkError as error:
            self.ask(False)
            self._end(f"the recording ended early: {error}")
            return
        self._length_s = shifted.time_s()
        if self._length_s >= self._longest_s:
            self.ask(False)
            self._end()

    def close(self) -> None:
        """Finish the film that runs; the output has ended."""
        self.ask(False)
        self.attend()

    def _begin(self, frame: Frame, style_name: str) -> None:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        # The end of the name cannot be guessed: what a visitor recorded is no other visitor's to fetch.
        self._films.check_room()
        self._path = self._films.folder / f"livebrush_{style_name}_{stamp}_{secrets.token_hex(8)}.mp4"
        self._first_pts, self._length_s = frame.pts, 0.0
        self._sink = self._open_video(self._path)

    def _end(self, news: str | None = None) -> None:
        sink, self._sink = self._sink, None
        if sink is None:
            if news is not None:
                self._tell(news)
            return
        try:
            sink.close()
        except SinkError as error:
            news = news or f"the recording ended early: {error}"
        if news is not None:
            self._tell(news)
        if self._path.is_file():
            self._keep(Recording(self._path.name, self._path, self._length_s))

    def _keep(self, recording: Recording) -> None:
        self._films.add(recording)
        with self._lock:
            self._names.append(recording.name)
