"""Frames and sources by a script: a camera that goes wrong in the way that a test wants."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.errors import SourceError
from realtime.frame import Frame
from realtime.source_lasting import LastingSource
from realtime.sources import SourceInfo
from realtime.testing.clock import FakeClock
from realtime.timing import Clock

Step = Frame | Exception | Callable[[], object]


def make_frame(
    index: int = 0,
    *,
    size_wh: tuple[int, int] = (96, 64),
    fps: int = 30,
    captured_at: float = 0.0,
    value: int | None = None,
) -> Frame:
    """Return a frame of one grey, by default a grey that tells its index (modulo 256)."""
    image = np.full((size_wh[1], size_wh[0], 3), index % 256 if value is None else value, np.uint8)
    return Frame(image, index=index, pts=index, time_base=Fraction(1, fps), captured_at=captured_at)


class ScriptedSource:
    """A source that gives what its script says, then ends.

    Args:
        script: a Frame is given, an exception is raised, a function is called (it may wait for a test's
            event, or move a clock) before the next step.
        live: True behaves as a camera (frames may be dropped), False as a file.
        fps: that the source claims.
        size_wh: that the source claims.
    """

    def __init__(
        self,
        script: Iterable[Step],
        *,
        live: bool = False,
        fps: float | None = 30.0,
        size_wh: tuple[int, int] = (96, 64),
    ) -> None:
        self._script = iter(script)
        self.closed = False
        self.info = SourceInfo(
            name="script",
            kind="camera" if live else "file",
            size_wh=size_wh,
            fps=fps,
            frame_count=None,
            live=live,
            path=None,
        )

    @classmethod
    def of_frames(
        cls,
        count: int,
        *,
        live: bool = False,
        fps: int = 30,
        size_wh: tuple[int, int] = (96, 64),
        clock: Clock | None = None,
    ) -> ScriptedSource:
        """Return a source of this many grey frames, each telling its index by its grey."""

        def frames() -> Iterable[Frame]:
            for index in range(count):
                yield make_frame(index, size_wh=size_wh, fps=fps, captured_at=clock() if clock else 0.0)

        return cls(frames(), live=live, fps=float(fps), size_wh=size_wh)

    def read(self) -> Frame | None:
        """Do the script's next step that gives a frame or an error; None at its end."""
        for step in self._script:
            if isinstance(step, Frame):
                return step
            if isinstance(step, Exception):
                raise step
            step()
        return None

    def close(self) -> None:
        """Remember that the source was closed, in `closed`."""
        self.closed = True


class ScriptedCapture:
    """A `cv2.VideoCapture` that gives these pictures, for `source_camera.CameraSource(capture_factory=...)`.

    Args:
        pictures: None is a failed read; after the last every read fails.
        opened: False for a camera that is not there.
    """

    def __init__(self, pictures: Iterable[NDArray[np.uint8] | None], *, opened: bool = True) -> None:
        self.pictures = iter(pictures)
        self.opened = opened
        self.asked: list[tuple[int, float]] = []
        self.released = False

    def isOpened(self) -> bool:
        """Tell whether the camera is there."""
        return self.opened

    def set(self, propId: int, value: float) -> bool:
        """Note what was asked, in `asked`, and refuse it, as a camera may."""
        self.asked.append((propId, value))
        return False

    def read(self) -> tuple[bool, Any]:
        """Return whether there is a picture, and the picture."""
        picture = next(self.pictures, None)
        return picture is not None, picture

    def release(self) -> None:
        """Remember it, in `released`."""
        self.released = True


class ScriptedCamera:
    """A camera that comes back: a `LastingSource` of scripted connections, on a clock that a test moves.

    Pauses between two tries move the clock and are noted in `pauses`; what would be told to people is in
    `lines`. After the last connection every try waits, until `close`.

    Args:
        first: the connection that is open at the beginning.
        then: the ones after it; an exception is a try that fails.
    """

    def __init__(self, first: ScriptedSource, *then: ScriptedSource | Exception) -> None:
        self.clock = FakeClock(100.0)
        self.lines: list[str] = []
        self.pauses: list[float] = []
        self.tries = 0
        self.first = first
        self._over = threading.Event()
        self._then = iter(then)
        self.source = LastingSource(
            first, self._open, tell=self.lines.append, clock=self.clock, wait=self._pause
        )

    def frame(self) -> Frame:
        """Return the next frame; it must come."""
        frame = self.source.read()
        if frame is None:
            raise SourceError("the scripted camera was closed")
        return frame

    def close(self) -> None:
        """End the threads."""
        self.source.interrupt()
        self._over.set()
        self.source.close()

    def _open(self) -> ScriptedSource:
        self.tries += 1
        step = next(self._then, None)
        if step is None:  # the script has run out
            self._over.wait()
        if not isinstance(step, ScriptedSource):
            raise step or SourceError("no camera 0 was found")
        return step

    def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock.advance(seconds)
