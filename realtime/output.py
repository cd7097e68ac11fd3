"""Where paintings go when no window shows them: every one is finished and written to each sink."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from realtime.frame import Frame
from realtime.pacer import Pacer, wait_until_due
from realtime.painter import Look, Painted, finish
from realtime.timing import StageTimes

# How often a window is looked after while no frame comes.
IDLE_S = 0.01


class Output(Protocol):
    """Where paintings go. Every method is called in the thread that called `pipeline.run`."""

    @property
    def paused(self) -> bool:
        """True while no frame is wanted."""

    def show(self, painted: Painted) -> bool:
        """Put out one painting; False if it was left out, which counts it as dropped."""

    def idle(self) -> None:
        """Do what is to be done between frames; called at least every `IDLE_S` while none comes."""


class Writer(Protocol):
    """The part of a sink that the loop uses; opening and closing is the caller's."""

    def write(self, frame: Frame) -> None:
        """Take one finished frame."""


@runtime_checkable
class WatchedWriter(Protocol):
    """A writer that somebody watches now: it is called between frames too, so that it never goes dark."""

    def idle(self, *, paused: bool) -> None:
        """Look whether the last picture has to be shown again; called often, and must return at once."""


class SinkOutput:
    """Finishes every painting and writes it to sinks: the output without a window.

    Args:
        sinks: written to in this order; opened and closed by the caller.
        times: takes the postprocess and sink times.
        look: strength and colours; a function where they differ from frame to frame.
        output_wh: size of the picture that goes out; None for the source's own.
        pacer: holds a file's frames until they are due, where somebody watches; None for no waiting.
        stop: ends such a wait.
    """

    paused = False

    def __init__(
        self,
        sinks: Sequence[Writer],
        times: StageTimes,
        *,
        look: Look | Callable[[Frame], Look] = Look(),  # noqa: B008
        output_wh: tuple[int, int] | None = None,
        pacer: Pacer | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self._sinks = sinks
        self._watched = [sink for sink in sinks if isinstance(sink, WatchedWriter)]
        self._times = times
        self._look = look
        self._output_wh = output_wh
        self._pacer = pacer
        self._stop = stop or threading.Event()

    def show(self, painted: Painted) -> bool:
        """Write one painting to every sink; False if the run was stopped before it was due."""
        if not wait_until_due(self._pacer, painted.frame, self._stop, self.idle, IDLE_S):
            return False
        look = self._look if isinstance(self._look, Look) else self._look(painted.frame)
        with self._times.measure("postprocess"):
            frame = finish(painted, look, self._output_wh)
        with self._times.measure("sink"):
            for sink in self._sinks:
                sink.write(frame)
        return True

    def idle(self) -> None:
        """Let what is watched show its last picture again."""
        for sink in self._watched:
            sink.idle(paused=False)
