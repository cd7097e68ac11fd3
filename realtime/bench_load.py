"""What a benchmark runs and measures itself against: a synthetic camera, and numpy's own speed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.errors import LivebrushError
from realtime.frame import Frame
from realtime.sources import SourceInfo
from realtime.timing import Clock

Image = NDArray[np.uint8]

# A thread count is fixed when numpy's library is loaded, and differs in name from one to the next.
_THREAD_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "BLIS_NUM_THREADS",
)
# Prints GFLOP/s of 1024 x 1024 float32 products, each a multiply-add counted as two.
_MATMUL = """
import time
import numpy as np
a = np.random.default_rng(0).random((1024, 1024), dtype=np.float32)
b, out = a.T.copy(), np.empty_like(a)
seconds = []
for _ in range(23):
    began = time.perf_counter()
    np.matmul(a, b, out=out)
    seconds.append(time.perf_counter() - began)
print(2 * 1024**3 / np.median(seconds[3:]) / 1e9)
"""


class SyntheticCamera:
    """A live source that decodes JPEG pictures at a fixed rate, as a webcam's driver hands them out.

    It never waits for the loop: a frame that comes too early for the network is dropped, so what is
    measured is the loop of a camera, not of a file.

    Args:
        pictures: JPEG, shown over and over; all of one size.
        size_wh: that size.
        fps: frames per second; the loop is slower than this if the network is.
        clock, sleep: seconds; for tests.
    """

    def __init__(
        self,
        pictures: Sequence[bytes],
        size_wh: tuple[int, int],
        fps: float,
        *,
        clock: Clock = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.info = SourceInfo(name="synthetic", kind="camera", size_wh=size_wh, fps=fps, live=True)
        self._pictures = pictures
        self._interval_s = 1 / fps
        self._clock = clock
        self._sleep = sleep
        self._index = 0
        self._due_s: float | None = None

    def read(self) -> Frame | None:
        """Wait until the next picture is due and return it."""
        now = self._clock()
        if self._due_s is None or now > self._due_s + self._interval_s:
            self._due_s = now  # a late reader gets the next picture at once, and no rush after it
        elif now < self._due_s:
            self._sleep(self._due_s - now)
        self._due_s += self._interval_s
        captured_at = self._clock()
        jpeg = np.frombuffer(self._pictures[self._index % len(self._pictures)], np.uint8)
        image = cast(Image, cv2.imdecode(jpeg, cv2.IMREAD_COLOR))
        pts, self._index = self._index, self._index + 1
        time_base = Fraction(self._interval_s).limit_denominator(1_000_000)
        return Frame(image, index=pts, pts=pts, time_base=time_base, captured_at=captured_at)

    def close(self) -> None:
        """Nothing to let go of."""


def encode_jpeg(image_bgr: Image) -> bytes:
    """Return the picture, (H, W, 3) uint8 BGR, as a camera's MJPG stream would carry it."""
    return cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def matmul_gflops(threads: int) -> float:
    """Return the GFLOP/s at which numpy multiplies float32 matrices on this many threads, now.

    A process of its own does it, because numpy's threads cannot be set in a running one.

    Raises:
        LivebrushError: if that process fails.
    """
    environment = os.environ | dict.fromkeys(_THREAD_VARIABLES, str(threads))
    command = [sys.executable, "-c", _MATMUL]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise LivebrushError(f"numpy's own speed cannot be measured ({last}); check numpy")
    return float(done.stdout)
