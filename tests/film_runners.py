"""Paint a film with an engine that changes nothing, so that a test sees what the rest does to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from realtime.catalog import StyleEntry, shipped_dir
from realtime.engine import Engine
from realtime.film import Film, FilmResult, OwnBrushes, paint_film
from realtime.film_plan import FilmOptions
from realtime.steady import SteadyLevel
from realtime.style_timeline import StyleTimeline
from realtime.testing import IdentityEngine, make_contract

IDENTITY = StyleEntry("identity", shipped_dir() / "udnie.onnx", make_contract(), shipped=False)


class Count:
    """Counts the frames that are painted; see `realtime.film.Progress`."""

    def __init__(self, on_frame: Callable[[int], object] | None = None) -> None:
        self.frames = self.done = self.painted = 0
        self._on_frame = on_frame

    def begin(self, frames: int, done: int) -> None:
        self.frames, self.done = frames, done

    def advance(self, frames: int = 1) -> None:
        self.painted += frames
        if self._on_frame is not None:
            self._on_frame(self.painted)


def paint(
    source: Path,
    output: Path,
    *,
    files: Sequence[Path] = (),
    engine: Engine | None = None,
    stop: threading.Event | None = None,
    count: Count | None = None,
    steady: SteadyLevel = "off",
    **options: Any,
) -> FilmResult:
    """Paint one film in this process; each frame by itself unless a level is given, for most of a tiny film's
    time is else spent on steadiness."""
    asked = FilmOptions(StyleTimeline("identity"), {"identity": IDENTITY}, steady=steady, **options)
    brushes = OwnBrushes({"identity": engine or IdentityEngine()}, stop or threading.Event())
    return paint_film(Film(source, output, tuple(files)), asked, brushes, count or Count())
