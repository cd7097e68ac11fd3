"""A piece of a film as a task for a worker, of this machine or of a cluster; and what the worker answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from realtime.catalog import StyleEntry
from realtime.engine import Engine, EngineOptions, open_engine
from realtime.film_paint import paint_segments
from realtime.film_plan import FilmPlan
from realtime.film_scan import Segment
from realtime.film_store import Pieces
from realtime.timing import StageTimes

MOST_DEATHS = 2  # of workers, over one piece
DONE, FAILED = "done", "failed"


@dataclass(frozen=True)
class PieceTask:
    """A piece to paint.

    Args:
        plan: of its film.
        segment: which piece.
        pieces: where it goes.
        key: hash of what makes it.
    """

    plan: FilmPlan
    segment: Segment
    pieces: Pieces
    key: str


def open_engines(styles: Mapping[str, StyleEntry], options: EngineOptions) -> dict[str, Engine]:
    """Open the engine of every style, or none.

    Raises:
        LivebrushError: what cannot be opened.
    """
    with ExitStack() as opened:
        engines: dict[str, Engine] = {}
        for name, entry in styles.items():
            engines[name] = open_engine(entry, options)
            opened.callback(engines[name].close)
        opened.pop_all()
        return engines


def do_task(
    task: PieceTask, engines: Mapping[str, Engine], stop: threading.Event, count: Callable[[], object]
) -> tuple[str, Any]:
    """Paint a piece; return `DONE` and whether it is whole, or `FAILED` and why.

    Args:
        engines: of the styles, by name.
        stop: set it from anywhere to end between two frames.
        count: called after each frame.
    """
    try:
        done = paint_segments(
            task.plan,
            [task.segment],
            engines,
            task.pieces,
            {task.segment.number: task.key},
            stop=stop,
            count=count,
            times=StageTimes(),
        )
        return DONE, done
    except Exception as error:  # whatever it is, it is the other process's to say
        return FAILED, str(error) or type(error).__name__
