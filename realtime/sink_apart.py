"""A sink that fails alone: the window and what else is written go on, and the failure is not forgotten."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from realtime.errors import SinkError
from realtime.frame import Frame
from realtime.output import WatchedWriter
from realtime.sinks import ClosingSink, Sink


class ApartSink(ClosingSink):
    """Writes to a sink until that fails; then closes it, says so in one line, and takes frames in vain.

    Args:
        sink: closed with this one, or when it fails.
        name: of the sink, for people to read.
        tell: called with the line, in the thread that writes.
    """

    def __init__(self, sink: Sink, name: str, tell: Callable[[str], None]) -> None:
        self._sink = sink
        self._name = name
        self._tell = tell
        self._error: SinkError | None = None
        self._closed = False

    def write(self, frame: Frame) -> None:
        """Hand a frame on, if the sink still takes any."""
        self._try(lambda: self._sink.write(frame))

    def idle(self, *, paused: bool) -> None:
        """Let the sink show its last picture again, if it is one that does."""
        sink = self._sink
        if isinstance(sink, WatchedWriter):
            self._try(lambda: sink.idle(paused=paused))

    @property
    def failure(self) -> SinkError | None:
        """Why the sink takes nothing any more; None while it does."""
        return self._error

    def _try(self, call: Callable[[], None]) -> None:
        if self._error is not None or self._closed:
            return
        try:
            call()
        except Exception as error:  # an encoder may raise anything
            self._give_up(error)

    def close(self) -> None:
        """Close the sink.

        Raises:
            SinkError: it failed, now or while it was written: the run went on, but its file is not whole.
        """
        if not self._closed:
            self._closed = True
            if self._error is None:
                self._sink.close()
        if self._error is not None:
            error, self._error = self._error, None  # closing again does nothing
            raise error

    def _give_up(self, error: Exception) -> None:
        said = str(error) if isinstance(error, SinkError) else f"{type(error).__name__}: {error}"
        self._error = SinkError(f"{self._name} ended early: {said}")
        try:
            self._sink.close()  # what was written can be played
        except Exception as closing:
            self._error.__context__ = closing
        self._tell(f"{self._error}; the show goes on")


class LastSinkEnds:
    """Ends the run when every one of several sinks has failed: nothing would be left of it.

    Args:
        sinks: written to before this one.
    """

    def __init__(self, sinks: Sequence[ApartSink]) -> None:
        self._sinks = sinks

    def write(self, frame: Frame) -> None:
        """Look whether any sink still takes frames.

        Raises:
            SinkError: none does.
        """
        failures = [sink.failure for sink in self._sinks]
        if failures and all(failures):
            raise SinkError("; ".join(str(failure) for failure in failures))
