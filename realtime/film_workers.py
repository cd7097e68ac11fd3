"""Paints pieces of a film side by side, in processes of this machine.

Each worker has engines of its own and paints one piece at a time; the pieces are the same whoever paints
them. A worker that dies has its piece painted by another. When this process dies, however it dies, the
workers end too.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from typing import Any, cast

from realtime.catalog import StyleEntry
from realtime.engine import Engine, EngineInfo, EngineOptions, default_threads
from realtime.errors import EngineError, LivebrushError
from realtime.film_plan import FilmPlan
from realtime.film_scan import Segment
from realtime.film_store import Pieces
from realtime.film_task import FAILED, MOST_DEATHS, PieceTask, do_task, open_engines
from realtime.process import share_heap

LOOK_S = 0.1  # how often it is looked whether to stop
_STOP, _END = "stop", "end"  # what a worker is told
_READY, _FRAME, _DIED = "ready", "frame", "died"  # what it says


class _Worker:
    """A process, and what it is at."""

    def __init__(self, styles: Mapping[str, StyleEntry], options: EngineOptions) -> None:
        context = multiprocessing.get_context("spawn")  # engines do not survive a fork
        self.line, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, dict(styles), options), daemon=True)
        self._process.start()
        theirs.close()
        self.task: PieceTask | None = None

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def begin(self, task: PieceTask) -> None:
        self.task = task
        self.tell(task)

    def tell(self, message: PieceTask | str) -> None:
        with suppress(OSError):  # it is no more, which is heard when it is listened to
            self.line.send(message)

    def hear(self) -> tuple[str, Any]:
        """Return what the process says: of what kind, and what."""
        try:
            kind, value = self.line.recv()
            return kind, value
        except (EOFError, OSError):
            return _DIED, None

    def end(self) -> None:
        self.tell(_END)
        self._process.join()
        self.line.close()


class WorkerBrushes:
    """Paints in several processes; see `realtime.film.Brushes`. A context manager that ends them.

    Args:
        styles: by name.
        options: for the engines; without a number of threads the cores are shared out.
        workers: how many processes.
        stop: set it from anywhere to end between two frames.
    """

    def __init__(
        self, styles: Mapping[str, StyleEntry], options: EngineOptions, workers: int, stop: threading.Event
    ) -> None:
        self._styles = styles
        self._options = replace(options, threads=options.threads or max(1, default_threads() // workers))
        self._stop = stop
        self._workers = [_Worker(styles, self._options) for _ in range(workers)]
        self._infos: Mapping[str, EngineInfo] | None = None

    def __enter__(self) -> WorkerBrushes:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()

    def infos(self) -> Mapping[str, EngineInfo]:
        """Return what really runs each style; waits until the first worker has opened it.

        Raises:
            LivebrushError: if it cannot be opened.
        """
        if self._infos is None:
            kind, value = self._workers[0].hear()
            if kind == _DIED:
                raise EngineError("a worker ended while it opened the style; try without --workers")
            if kind == FAILED:
                raise LivebrushError(value)
            self._infos = value
        assert self._infos is not None
        return self._infos

    def paint(
        self,
        plan: FilmPlan,
        segments: Sequence[Segment],
        pieces: Pieces,
        keys: Mapping[int, str],
        advance: Callable[[int], object],
    ) -> bool:
        """Paint pieces, each by the first worker that is free; False if it was stopped.

        Raises:
            LivebrushError: what went wrong first; pieces that others are at are finished before.
        """
        return _Round(self, plan, segments, pieces, keys, advance).run()

    def revive(self, worker: _Worker) -> _Worker:
        """Put a new worker in the place of one that died."""
        worker.end()
        fresh = _Worker(self._styles, self._options)
        self._workers[self._workers.index(worker)] = fresh
        return fresh

    @property
    def workers(self) -> list[_Worker]:
        """Those that live."""
        return self._workers

    @property
    def stopped(self) -> bool:
        """Whether somebody wants it to end."""
        return self._stop.is_set()


class _Round:
    """The pieces of one film on their way to the workers and back."""

    def __init__(
        self,
        brushes: WorkerBrushes,
        plan: FilmPlan,
        segments: Sequence[Segment],
        pieces: Pieces,
        keys: Mapping[int, str],
        advance: Callable[[int], object],
    ) -> None:
        self._brushes = brushes
        self._tasks = [PieceTask(plan, segment, pieces, keys[segment.number]) for segment in segments][::-1]
        self._advance = advance
        self._deaths: Counter[int] = Counter()
        self._counted: Counter[int] = Counter()  # frames of a piece, which a dead worker takes back
        self._error: LivebrushError | None = None

    def run(self) -> bool:
        told = False
        while True:
            if self._brushes.stopped and not told:
                told = True
                for worker in self._busy():
                    worker.tell(_STOP)
            if not told and self._error is None:
                self._hand_out()
            if not self._busy():
                break
            by_line = {worker.line: worker for worker in self._busy()}
            for line in wait(list(by_line), LOOK_S):
                self._listen(by_line[cast(Connection, line)])
        if self._error is not None:
            raise self._error
        return not told

    def _busy(self) -> list[_Worker]:
        return [worker for worker in self._brushes.workers if worker.task is not None]

    def _hand_out(self) -> None:
        for worker in self._brushes.workers:
            if worker.task is None and self._tasks:
                worker.begin(self._tasks.pop())

    def _listen(self, worker: _Worker) -> None:
        (kind, value), task = worker.hear(), worker.task
        assert task is not None
        if kind == _FRAME:
            self._counted[task.segment.number] += 1
            self._advance(1)
        elif kind == _DIED:
            self._bury(worker, task)
        elif kind != _READY:
            worker.task = None
        if kind == FAILED and self._error is None:
            self._error = LivebrushError(value)

    def _bury(self, worker: _Worker, task: PieceTask) -> None:
        number = task.segment.number
        self._deaths[number] += 1
        self._advance(-self._counted.pop(number, 0))
        self._brushes.revive(worker)
        if self._deaths[number] > MOST_DEATHS:
            self._error = EngineError(
                f"workers died {self._deaths[number]} times over piece {number} of {task.plan.scan.path}; "
                "try fewer --workers"
            )
        self._tasks.append(task)


def _work(line: Connection, styles: Mapping[str, StyleEntry], options: EngineOptions) -> None:
    """Be a worker: paint what is told, until it is told to end or nobody is there any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that tells
    share_heap()
    inbox: queue.SimpleQueue[PieceTask | str] = queue.SimpleQueue()
    stop = threading.Event()
    engines: dict[str, Engine] = {}
    try:
        engines = open_engines(styles, options)
        line.send((_READY, {name: engine.info for name, engine in engines.items()}))
    except LivebrushError as error:
        line.send((FAILED, str(error)))
    threading.Thread(target=_listen, args=(line, inbox, stop), daemon=True).start()
    while isinstance(task := inbox.get(), PieceTask):
        line.send(do_task(task, engines, stop, lambda: line.send((_FRAME, None))))
    for engine in engines.values():
        engine.close()


def _listen(line: Connection, inbox: queue.SimpleQueue[PieceTask | str], stop: threading.Event) -> None:
    while True:
        try:
            message = line.recv()
        except (EOFError, OSError):
            os._exit(1)  # nobody is there any more: nothing may be written that somebody else writes now
        if message == _STOP:
            stop.set()
        else:
            inbox.put(message)
            if message == _END:
                return
