"""Paints pieces of a film on a Ray cluster: every piece is a task, and the pieces are the same as here.

Ray looks for room, and does the piece of a worker or a node that is lost again, on another. A task asks for
its threads, its memory, and a share of a graphics card; so no node is given more than it holds. The weights
and what is known of the film are put into the object store once. No more than two tasks for each place in
the cluster are in flight, however long the film is.
"""

from __future__ import annotations

import importlib
import os
import signal
import socket
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from realtime.catalog import StyleEntry
from realtime.engine import EngineInfo, EngineOptions
from realtime.errors import EngineError, LivebrushError, MissingExtraError, SinkError
from realtime.film_plan import FilmPlan
from realtime.film_ray_node import Job, infos_here, leave_token, pack, paint_here, write_whole
from realtime.film_scan import Segment
from realtime.film_store import Pieces
from realtime.film_task import FAILED, MOST_DEATHS
from realtime.media import reason

LOOK_S = 0.1  # how often it is looked whether to stop
ANSWER_S = 10  # how long a cluster may take to answer at all
SEEN_S = 60  # how long a shared folder may take to show what another node wrote
_IN_FLIGHT = 2  # tasks for each place: one is painted, one is on its way
_ENGINE_BYTES = 400 << 20  # of a worker, whatever the film
_FRAMES_HELD = 40  # on their way through a worker: in threads, decoder and encoder


@dataclass(frozen=True)
class RayOptions:
    """How a cluster is used.

    Args:
        address: of it; "auto" for the one that this machine belongs to.
        workers: pieces painted at once; None for as many as there is room for.
        gpus: cards that one worker takes; a half lets two share one.
    """

    address: str
    workers: int | None = None
    gpus: float = 0


class RayBrushes:
    """Paints on a cluster; see `realtime.film.Brushes`. A context manager that leaves the cluster.

    Args:
        styles: by name.
        options: for the engines; without a number of threads one for each worker.
        ray_options: which cluster, and how much of it.
        stop: set it from anywhere to end.
    Raises:
        MissingExtraError: Ray is not installed.
        EngineError: there is no such cluster, or no room in it.
    """

    def __init__(
        self,
        styles: Mapping[str, StyleEntry],
        options: EngineOptions,
        ray_options: RayOptions,
        stop: threading.Event,
    ) -> None:
        self._ray = _import_ray()
        self._asked = ray_options
        self._options = replace(options, threads=options.threads or 1)
        self._stop = stop
        self._infos: Mapping[str, EngineInfo] | None = None
        _connect(self._ray, ray_options.address)
        try:
            self._check_room()
            self._kit = self._ray.put(pack(styles, self._options))
        except BaseException:
            self._ray.shutdown()
            raise

    def __enter__(self) -> RayBrushes:
        return self

    def __exit__(self, *_: object) -> None:
        self._ray.shutdown()

    def infos(self) -> Mapping[str, EngineInfo]:
        """Return what really runs each style, as the first worker that has room says.

        Raises:
            LivebrushError: if it cannot be opened.
        """
        if self._infos is None:
            answer = self._task(infos_here, _ENGINE_BYTES).remote(self._kit)
            kind, value = self._get(answer, "the style was opened")
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
        """Paint pieces, wherever there is room; False if it was stopped.

        Raises:
            LivebrushError: what went wrong first; pieces that others are at are finished before.
        """
        token = uuid.uuid4().hex
        try:
            leave_token(pieces, token)
        except OSError as error:
            raise SinkError(f"{pieces.folder} cannot be written: {reason(error)}") from error
        job = self._ray.put(Job(plan, pieces, token, self.infos()))
        task = self._task(paint_here, _memory(plan))
        waiting, running = deque(segments), dict[Any, Segment]()
        failure: LivebrushError | None = None
        while running or (waiting and failure is None):
            if self._stop.is_set():
                self._cancel(running)
                return False
            while waiting and failure is None and len(running) < self._most_in_flight():
                segment = waiting.popleft()
                running[task.remote(self._kit, job, segment, keys[segment.number])] = segment
            for ready in self._ray.wait(list(running), num_returns=1, timeout=LOOK_S)[0]:
                try:
                    advance(self._take(ready, running.pop(ready), pieces, keys))
                except LivebrushError as error:
                    failure = failure or error
        if failure is not None:
            raise failure
        return True

    def _take(self, answer: Any, segment: Segment, pieces: Pieces, keys: Mapping[int, str]) -> int:
        """Put a piece that a task painted in its place; return its frames."""
        kind, value = self._get(answer, f"piece {segment.number} was painted")
        if kind == FAILED:
            raise LivebrushError(value)
        path = pieces.piece(segment.number)
        try:
            if value is not None:
                write_whole(path, value)
            record = pieces.record(segment.number, keys[segment.number])
            for _ in range(round(SEEN_S / LOOK_S)):
                if record is not None or value is not None:
                    break
                os.listdir(pieces.folder)  # a folder on another machine: ask it what is new
                self._stop.wait(LOOK_S)
                record = pieces.record(segment.number, keys[segment.number])
        except OSError as error:
            raise SinkError(f"{path} cannot be written: {reason(error)}") from error
        if record is None:
            raise SinkError(
                f"{path} was painted and is not to be seen here; is its folder shared by all nodes?"
            )
        return record.frames

    def _get(self, answer: Any, what: str) -> tuple[str, Any]:
        errors = self._ray.exceptions
        try:
            kind, value = self._ray.get(answer)
            return kind, value
        except (errors.WorkerCrashedError, errors.NodeDiedError, errors.OutOfMemoryError) as error:
            raise EngineError(
                f"workers of the cluster died {MOST_DEATHS + 1} times while {what}; their nodes may lack "
                f"memory ({_first_line(error)})"
            ) from error
        except errors.RayError as error:
            raise EngineError(f"the cluster failed while {what}: {_first_line(error)}") from error

    def _task(self, function: Callable[..., Any], memory: int) -> Any:
        return self._ray.remote(function).options(
            num_cpus=self._options.threads,
            num_gpus=self._asked.gpus,
            memory=memory,
            max_retries=MOST_DEATHS,
        )

    def _places(self) -> int:
        """Return how many pieces the nodes that are there can paint at once."""
        places = 0
        for node in self._ray.nodes():
            has = node["Resources"] if node["Alive"] else {}
            here = int(has.get("CPU", 0) // (self._options.threads or 1))
            if self._asked.gpus:
                here = min(here, int(has.get("GPU", 0) / self._asked.gpus))
            places += here
        return places

    def _check_room(self) -> None:
        if self._places() < 1:
            card = f" and {self._asked.gpus:g} graphics cards" if self._asked.gpus else ""
            raise EngineError(
                f"no node of the cluster has {self._options.threads} processor cores{card} for a worker; "
                "ask for fewer --threads, or add a node"
            )

    def _most_in_flight(self) -> int:
        return self._asked.workers or _IN_FLIGHT * max(1, self._places())

    def _cancel(self, running: Mapping[Any, Segment]) -> None:
        for task in running:
            self._ray.cancel(task)  # between two of its instructions; what it has begun it removes
        self._ray.wait(list(running), num_returns=len(running), timeout=10)


def _memory(plan: FilmPlan) -> int:
    """Return the bytes that a worker takes at the most while it paints a film, as Ray shares them out."""
    pixels = max(w * h for w, h in (plan.decoded_wh, plan.video.size_wh))
    return _ENGINE_BYTES + _FRAMES_HELD * 3 * pixels


def _import_ray() -> Any:
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise MissingExtraError("ray", "ray") from error


def _connect(ray: Any, address: str) -> None:
    import logging

    _check_answers(address)
    with _own_signals():
        try:
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False)
        except (ConnectionError, ValueError, RuntimeError, OSError) as error:
            how = (
                "start one with: ray start --head"
                if address == "auto"
                else "give the one that `ray start` said"
            )
            raise EngineError(f"no Ray cluster answers at {address}; {how} ({_first_line(error)})") from error


def _check_answers(address: str) -> None:
    """Raise EngineError if nobody listens at HOST:PORT, which Ray would wait for for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_S).close()
    except OSError as error:
        raise EngineError(
            f"no Ray cluster answers at {address} ({reason(error)}); is it the one that it said?"
        ) from error


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep our own handlers: Ray sets one that ends the process at once."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in before.items():
                signal.signal(number, handler)


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
