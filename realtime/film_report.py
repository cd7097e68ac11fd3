"""How far a batch of films is, as bars on a terminal, and what became of it, as a table."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

if TYPE_CHECKING:
    from realtime.film import FilmResult


class BatchBars:
    """A bar for each film in turn and one for all of them, with frames a second and time left.

    Args:
        films: how many there are.
        console: for tests; by default the terminal, and nothing at all where there is none.
    """

    def __init__(self, films: int, console: Console | None = None) -> None:
        console = console or Console(file=sys.stderr)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}", markup=False),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._film: TaskID | None = None
        self._begun = 0
        self._all = self._bars.add_task("all films", total=films, unit="")

    def __enter__(self) -> BatchBars:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.update(self._all, completed=self._begun)
        self._bars.stop()

    def film(self, name: str) -> None:
        """The next film begins."""
        if self._film is not None:
            self._bars.refresh()  # as it ended
            self._bars.remove_task(self._film)
        self._bars.update(self._all, completed=self._begun)
        self._begun += 1
        self._film = self._bars.add_task(name, total=None, unit="is read")

    def begin(self, frames: int, done: int) -> None:
        """A film has this many frames, of which so many were painted before."""
        assert self._film is not None
        # A new start, so that what was painted before does not count as speed.
        self._bars.reset(self._film, total=frames, completed=done, unit="0.0 fps")
        self._show(frames=0)

    def advance(self, frames: int = 1) -> None:
        """So many more are painted."""
        self._show(frames)

    def _show(self, frames: int) -> None:
        assert self._film is not None
        self._bars.update(self._film, advance=frames)
        task = next(task for task in self._bars.tasks if task.id == self._film)
        fps = f"{task.speed or 0.0:.1f} fps"
        self._bars.update(self._film, unit=fps)
        share = min(1.0, task.completed / max(1.0, task.total or 0.0))
        self._bars.update(self._all, completed=self._begun - 1 + share, unit=fps)


def results_table(results: Sequence[FilmResult]) -> Table:
    """Return the table of what became of each film."""
    widest = max((len(result.film.source.name) for result in results), default=0)
    table = Table(Column("file", min_width=min(widest, 40)), box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("frames", justify="right", no_wrap=True)
    table.add_column("fps", justify="right", no_wrap=True)
    table.add_column("result", no_wrap=True)
    table.add_column("reason", overflow="fold")
    for result in results:
        fps = f"{result.fps:.1f}" if result.painted else ""
        frames = str(result.frames) if result.frames else ""
        table.add_row(result.film.source.name, frames, fps, result.result, result.reason)
    return table
