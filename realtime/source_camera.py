"""A camera through OpenCV: the newest picture, and the rate it really has."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.camera_holders import camera_holders
from realtime.errors import SourceBrokenError, SourceError
from realtime.frame import Frame
from realtime.sources import Clock, Sleep, SourceInfo

TIME_BASE = Fraction(1, 90_000)
RATE_WINDOW = 60  # frames: two seconds of a usual camera
FAILED_READS = 5  # in a row: a hiccup of the driver is no end, an unplugged camera is
RETRY_S = 0.05
_SILENT = 0


class Capture(Protocol):
    """The part of cv2.VideoCapture that is used here; a scripted one takes its place in tests."""

    def isOpened(self) -> bool: ...
    def set(self, propId: int, value: float) -> bool: ...
    def read(self) -> tuple[bool, Any]: ...
    def release(self) -> None: ...


CaptureFactory = Callable[[int], Capture]


class CameraSource:
    """A camera by its number. Live: the loop drops the oldest frame, the driver holds one.

    Frames are timed when they arrive: pts counts 1/90000 s since the first. `info.fps` is None until
    two frames were read, then the rate over the last `RATE_WINDOW`; what the driver claims is not asked.

    Args:
        index: 0 is the first camera.
        size_wh: asked of the camera, which may give the nearest it has; None leaves the driver's own.
        clock: seconds.
        sleep: waits between two tries after a failed read.
        capture_factory: opens the camera; a test gives a scripted one.
    Raises:
        SourceError: there is no such camera, or it gives no picture.
    """

    def __init__(
        self,
        index: int,
        *,
        size_wh: tuple[int, int] | None = None,
        clock: Clock = time.perf_counter,
        sleep: Sleep = time.sleep,
        capture_factory: CaptureFactory | None = None,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._name = f"camera {index}"
        self._arrivals: deque[float] = deque(maxlen=RATE_WINDOW)
        self._started_at: float | None = None
        self._frames = 0
        self._last_pts = -1
        with _silent_opencv():
            self._capture = (capture_factory or open_capture)(index)
            if not self._capture.isOpened():
                self._capture.release()
                raise SourceError(f"no camera {index} was found; plug one in, or try --source demo")
            self._configure(size_wh)
            self._waiting: NDArray[np.uint8] | None = self._grab()
        if self._waiting is None:
            self._capture.release()
            raise SourceError(
                f"camera {index} opened but gives no picture; {_held_by(index)}, "
                "close that one or try --source demo"
            )
        height, width = self._waiting.shape[:2]
        self._info = SourceInfo(name=self._name, kind="camera", size_wh=(width, height), live=True)

    @property
    def info(self) -> SourceInfo:
        """Name, size, and the rate measured so far."""
        return replace(self._info, fps=measured_fps(self._arrivals))

    def read(self) -> Frame | None:
        """Wait for the next picture of the camera.

        Raises:
            SourceBrokenError: the camera stopped giving pictures.
        """
        image = self._grab() if self._waiting is None else self._waiting
        self._waiting = None
        if image is None:
            raise SourceBrokenError(self._name, self._frames, self._seconds(), "it gives no more pictures")
        frame = Frame(image, self._frames, self._next_pts(), TIME_BASE, self._arrivals[-1])
        self._frames += 1
        return frame

    def close(self) -> None:
        """Release the camera."""
        self._capture.release()

    def _configure(self, size_wh: tuple[int, int] | None) -> None:
        # Many cameras reach 30 fps only as MJPG, and drivers want the format before the size.
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        if size_wh is not None:
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, size_wh[0])
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size_wh[1])
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # more would only be older pictures

    def _grab(self) -> NDArray[np.uint8] | None:
        for attempt in range(FAILED_READS):
            if attempt:
                self._sleep(RETRY_S)
            ok, image = self._capture.read()
            if ok and image is not None and image.size:
                self._arrivals.append(self._clock())
                return as_bgr(image)
        return None

    def _seconds(self) -> float:
        return self._arrivals[-1] - self._started_at if self._started_at is not None else 0.0

    def _next_pts(self) -> int:
        if self._started_at is None:
            self._started_at = self._arrivals[-1]
        # Two pictures of one tick would not be writable: time only grows.
        self._last_pts = max(round(self._seconds() / TIME_BASE), self._last_pts + 1)
        return self._last_pts


def measured_fps(arrivals: deque[float]) -> float | None:
    """Return frames per second over those arrival times (seconds); None for fewer than two."""
    if len(arrivals) < 2 or arrivals[-1] <= arrivals[0]:
        return None
    return (len(arrivals) - 1) / (arrivals[-1] - arrivals[0])


def as_bgr(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (H, W, 3) BGR of what a driver gave: grey (H, W) or (H, W, 1), BGR, or BGRA."""
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels == 3:
        return image
    code = cv2.COLOR_GRAY2BGR if channels == 1 else cv2.COLOR_BGRA2BGR
    return np.asarray(cv2.cvtColor(image, code), dtype=np.uint8)


def open_capture(index: int) -> Capture:
    """Open a camera with the system's own backend, and any other if that one finds none."""
    native = {"linux": cv2.CAP_V4L2, "win32": cv2.CAP_DSHOW, "darwin": cv2.CAP_AVFOUNDATION}
    capture = cv2.VideoCapture(index, native.get(sys.platform, cv2.CAP_ANY))
    if capture.isOpened():
        return capture
    capture.release()
    return cv2.VideoCapture(index, cv2.CAP_ANY)


def _held_by(index: int) -> str:
    """Return who else has the camera open, as far as that can be known."""
    holders = camera_holders(index)
    return f"{' and '.join(holders)} may hold it" if holders else "another program may hold it"


@contextmanager
def _silent_opencv() -> Iterator[None]:
    """Keep OpenCV's own lines off stderr: no camera is our error to report, in one line."""
    log: Any = getattr(cv2.utils, "logging", cv2)  # OpenCV 5 has it there, OpenCV 4 in cv2 itself
    before = log.getLogLevel()
    log.setLogLevel(_SILENT)
    try:
        yield
    finally:
        log.setLogLevel(before)
