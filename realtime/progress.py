"""How far a file or a measurement has come: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from realtime.bench_rounds import Watch
from realtime.frame import Frame
from realtime.sinks import ClosingSink
from realtime.timing import StageTimes


class ProgressSink(ClosingSink):
    """A sink that writes nothing and moves a bar on: frames, frames per second, time left.

    Args:
        what: in front of the bar.
        total: frames to come; None if nobody knows.
        times: gives the frames per second.
        console: for tests; by default the terminal, and nothing at all where there is none.
    """

    def __init__(
        self, what: str, total: int | None, times: StageTimes, console: Console | None = None
    ) -> None:
        self._times = times
        console = console or Console(file=sys.stderr)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[fps]:.1f} fps"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task(what, total=total, fps=0.0)

    def __enter__(self) -> ProgressSink:
        self._progress.start()
        return self

    def write(self, frame: Frame) -> None:
        """Count one frame."""
        self._progress.update(self._task, advance=1, fps=self._times.recent_fps())

    def close(self) -> None:
        """Leave the bar as it is."""
        self._progress.stop()


@contextmanager
def measuring(what: str = "measuring", console: Console | None = None) -> Iterator[Watch]:
    """Yield what shows how many turns are done; it draws between them only, never during one.

    Args:
        what: in front of the bar.
        console: as for ProgressSink.
    """
    console = console or Console(file=sys.stderr)
    bar = Progress(console=console, disable=not console.is_terminal, transient=True, auto_refresh=False)
    with bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total, refresh=True)
