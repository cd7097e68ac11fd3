"""What a benchmark shows the network and the loop: the demo scene, as a camera or as a file gives it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.demo import DemoSource
from realtime.errors import OptionError
from realtime.frame import Frame
from realtime.sources import Source, SourceInfo
from realtime.timing import Clock

Image = NDArray[np.uint8]

SOURCES = ("camera", "file")
MEMORY = "memory"  # pictures that nothing has to decode: the loop itself, and engines beyond any decoder
ALL_SOURCES = (MEMORY, *SOURCES)
PICTURES = 8


def choose_sources(text: str) -> tuple[str, ...]:
    """Return the sources that a name, "both" (camera and file) or "all" stands for.

    Raises:
        OptionError: it is none of these.
    """
    if text == "both":
        return SOURCES
    if text == "all":
        return ALL_SOURCES
    if text not in ALL_SOURCES:
        raise OptionError(f"--source must be one of both, all, {', '.join(ALL_SOURCES)}; got {text!r}")
    return (text,)


class Scene:
    """Pictures of one size, to be painted as they are, or read from a camera or a file.

    Args:
        images: (H, W, 3) uint8 BGR, shown over and over.
        clip: the video that is the file; None for none.
    """

    def __init__(self, images: Sequence[Image], clip: Path | None = None) -> None:
        self.images = images
        self.size_wh = (images[0].shape[1], images[0].shape[0])
        self._clip = clip

    @cached_property
    def _jpegs(self) -> list[bytes]:
        return [encode_jpeg(image) for image in self.images]

    @classmethod
    def of_noise(cls, size_wh: tuple[int, int]) -> Scene:
        """Return one picture of noise: made in no time, where the demo scene has to be painted first."""
        shape = (size_wh[1], size_wh[0], 3)
        return cls([np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)])

    def open(self, source: str, fps: float) -> Source:
        """Return the scene as one of `ALL_SOURCES`.

        Args:
            source: "camera" decodes JPEGs without end and waits for nobody; "file" decodes the clip as
                fast as it is asked for, and ends; "memory" gives pictures without end, decoded already.
            fps: of the camera.
        Raises:
            OptionError: there is no clip.
        """
        if source == MEMORY:
            return PictureSource(self.images)
        if source == "camera":
            return SyntheticCamera(self._jpegs, self.size_wh, fps)
        if self._clip is None:
            raise OptionError("this scene has no file; give demo_scene some clip_frames")
        from realtime.source_video import VideoSource

        return VideoSource(self._clip)


@contextmanager
def demo_scene(size_wh: tuple[int, int], clip_frames: int = 0) -> Iterator[Scene]:
    """Give the demo scene, with an H.264 clip of it in a temporary folder.

    Args:
        size_wh: width and height in pixels, each from 16 to 8192.
        clip_frames: length of the clip, written with the ordinary video sink; 0 for no clip.
    Raises:
        LivebrushError: the size is out of range, or the clip cannot be written.
    """
    source = DemoSource(size_wh, paced=False)
    images = [source.read().image for _ in range(PICTURES)]
    if not clip_frames:
        yield Scene(images)
        return
    with tempfile.TemporaryDirectory(prefix="livebrush-bench-") as folder:
        clip = Path(folder) / "scene.mp4"
        _write_clip(clip, size_wh, clip_frames)
        yield Scene(images, clip)


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


class PictureSource:
    """Pictures that are decoded already, over and over; waits for whoever takes them, as a file does.

    Args:
        images: (H, W, 3) uint8 BGR, all of one size.
    """

    def __init__(self, images: Sequence[Image]) -> None:
        height, width, _ = images[0].shape
        self.info = SourceInfo(name="pictures", kind="file", size_wh=(width, height), fps=None, live=False)
        self._images = images
        self._index = 0

    def read(self) -> Frame | None:
        """Return the next picture at once."""
        image = self._images[self._index % len(self._images)]
        pts, self._index = self._index, self._index + 1
        return Frame(image, index=pts, pts=pts, time_base=Fraction(1, 30), captured_at=time.perf_counter())

    def close(self) -> None:
        """Nothing to let go of."""


def encode_jpeg(image_bgr: Image) -> bytes:
    """Return the picture, (H, W, 3) uint8 BGR, as a camera's MJPG stream would carry it."""
    return cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def _write_clip(path: Path, size_wh: tuple[int, int], frames: int) -> None:
    from realtime.sink_video import VideoSink

    source = DemoSource(size_wh, paced=False)
    with VideoSink(path) as sink:
        for _ in range(frames):
            sink.write(source.read())
