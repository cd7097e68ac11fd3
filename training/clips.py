"""Clips as rows of RGB pictures of one size: a video file, or a folder of its frames."""

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from training.errors import DataError
from training.images import SUFFIXES, read_rgb

log = logging.getLogger(__name__)

Image = NDArray[np.uint8]
FOLDER_FPS = 25
SMALLEST_SIDE = 64
# Networks halve a picture up to three times; what they would pad or round is cut off for all alike.
SIDE_MULTIPLE = 8
# FFmpeg takes text files for the art of old terminals, and draws them.
_TEXT_FORMATS = frozenset({"tty", "bin", "xbin", "adf", "idf"})
_MILLISECOND = Fraction(1, 1000)


@dataclass(frozen=True, eq=False)
class ClipFrame:
    """One frame: (H, W, 3) uint8 RGB, shown at `time_s` seconds."""

    image: Image
    time_s: float


@dataclass(frozen=True)
class Clip:
    """A video file, or a folder of frames, read as often as wanted and never held whole.

    Frames are upright, no larger than `short_side` on their shorter side, and cut around the middle to
    multiples of 8 pixels; each at its own time, a folder's at 25 a second.

    Args:
        path: of the file or the folder, whose pictures are taken in the order of the numbers in their names.
        short_side: pixels; frames are made smaller, never larger. None for their own size.
        count: at most so many frames.
    """

    path: Path
    short_side: int | None = None
    count: int | None = None

    def frames(self) -> Iterator[ClipFrame]:
        """Decode the frames, from the first on.

        Raises:
            DataError: if there is no clip, no frame can be read, it is too small, or sizes differ.
        """
        if not self.path.exists():
            raise DataError(f"no clip at {self.path}: give a video file or a folder of frames")
        read = _folder_frames if self.path.is_dir() else _video_frames
        first_hw: tuple[int, ...] | None = None
        for frame in islice(read(self.path), self.count):
            first_hw = first_hw or frame.image.shape
            if frame.image.shape != first_hw:
                height, width = frame.image.shape[:2]
                raise DataError(f"{self.path}: a frame of {width}x{height} among others of another size")
            yield ClipFrame(self._fit(frame.image), frame.time_s)
        if first_hw is None:
            raise DataError(f"{self.path} holds no frame that can be read")

    def _fit(self, image: Image) -> Image:
        height, width = image.shape[:2]
        scale = 1.0 if self.short_side is None else min(1.0, self.short_side / min(height, width))
        if scale < 1:
            size_wh = round(width * scale), round(height * scale)
            image = np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        height, width = (side // SIDE_MULTIPLE * SIDE_MULTIPLE for side in image.shape[:2])
        if min(height, width) < SMALLEST_SIDE:
            raise DataError(
                f"{self.path} has frames of {image.shape[1]}x{image.shape[0]}; "
                f"the shorter side must be at least {SMALLEST_SIDE} pixels"
            )
        top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
        return np.ascontiguousarray(image[top : top + height, left : left + width])


def write_lossless(
    file: Path, frames: Iterable[ClipFrame], tick: Callable[[int], None] = lambda _: None
) -> tuple[int, tuple[int, int]]:
    """Write frames as FFV1 in Matroska, every pixel as it is, times to the millisecond.

    Args:
        file: NAME.mkv.
        frames: all of one size, in the order of their times.
        tick: called with the number of frames written so far.
    Returns:
        How many there were, and their width and height.
    """
    written, last_pts, size_wh = 0, -1, (0, 0)
    stream: Any = None
    with av.open(str(file), "w") as output:
        for written, frame in enumerate(frames, start=1):
            if stream is None:
                stream = output.add_stream("ffv1", rate=FOLDER_FPS)
                size_wh = frame.image.shape[1], frame.image.shape[0]
                stream.width, stream.height = size_wh
                stream.pix_fmt = "bgr0"  # FFV1's RGB: no change of colours on the way
                stream.time_base = stream.codec_context.time_base = _MILLISECOND
            picture = av.VideoFrame.from_ndarray(frame.image, "rgb24").reformat(format="bgr0")
            last_pts = max(last_pts + 1, round(frame.time_s / _MILLISECOND))
            picture.pts, picture.time_base = last_pts, _MILLISECOND
            output.mux(stream.encode(picture))
            tick(written)
        if stream is not None:
            output.mux(stream.encode(None))
    return written, size_wh


def _folder_frames(folder: Path) -> Iterator[ClipFrame]:
    files = [file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES]
    if not files:
        raise DataError(f"no frames in {folder} (looked for {', '.join(sorted(SUFFIXES))})")
    for number, file in enumerate(sorted(files, key=_in_counting_order)):
        yield ClipFrame(read_rgb(file), number / FOLDER_FPS)


def _in_counting_order(file: Path) -> tuple[list[tuple[int, str]], str]:
    """2.png before 10.png."""
    parts = re.findall(r"\d+|\D+", file.name.casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], file.name


def _video_frames(file: Path) -> Iterator[ClipFrame]:
    try:
        # Absolute, so that "9:30.mp4" is not taken for a protocol.
        container = av.open(os.path.abspath(file), metadata_errors="ignore")
    except (av.FFmpegError, OSError) as error:
        raise DataError(f"{file} cannot be read as a video: {_reason(error)}") from error
    with container:
        stream: Any = container.streams.best("video")
        if stream is None or container.format.name in _TEXT_FORMATS:
            raise DataError(f"{file} holds no video: give a video file or a folder of frames")
        stream.thread_type = "AUTO"
        count = 0
        try:
            for count, frame in enumerate(container.decode(stream), start=1):
                yield ClipFrame(_upright(frame), frame.time if frame.time is not None else count / FOLDER_FPS)
        except av.FFmpegError as error:
            # What came before the break is whole; without any of it, `frames` says so.
            log.warning("%s breaks off after %d frames: %s", file, count, _reason(error))


def _upright(frame: av.VideoFrame) -> Image:
    image = np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
    return np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)))  # both count anticlockwise


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "strerror", None) or error).split())
