"""Snapshots and recordings that the viewer takes with a key: free names, and no frame waits for a disk."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.errors import SinkError
from realtime.frame import Frame
from realtime.sinks import Sink

OpenVideo = Callable[[Path], Sink]


def free_path(folder: Path, stem: str, suffix: str) -> Path:
    """Return the first of `stem.suffix`, `stem_2.suffix`, `stem_3.suffix`, ... that does not exist yet."""
    number, path = 1, folder / f"{stem}{suffix}"
    while path.exists():
        number += 1
        path = folder / f"{stem}_{number}{suffix}"
    return path


class Captures:
    """Writes what the viewer asks for into a folder; what became of it is told by `take_news`.

    Args:
        folder: for the files.
        open_video: opens a video file.
    """

    def __init__(self, folder: Path, open_video: OpenVideo) -> None:
        self._folder = folder
        self._open_video = open_video
        self._news: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._writers: list[threading.Thread] = []
        self._recording: Sink | None = None
        self._recording_path = Path()
        self._first_pts = 0
        self._length_s = 0.0
        self._wrote = False

    def take_news(self) -> str | None:
        """Return one line about a file written or an error since the last call, oldest first; else None."""
        try:
            return self._news.get_nowait()
        except queue.Empty:
            return None

    def snapshot(self, image: NDArray[np.uint8], style_name: str) -> None:
        """Write a PNG, (H, W, 3) uint8 BGR, in a thread of its own: a large one takes 50 ms and more."""
        self._writers = [writer for writer in self._writers if writer.is_alive()]
        writer = threading.Thread(
            target=self._write_png, args=(image, f"livebrush_{style_name}"), name="livebrush-snapshot"
        )
        self._writers.append(writer)
        writer.start()

    @property
    def recording_s(self) -> float | None:
        """Length of the recording so far, seconds; None while nothing is recorded."""
        return None if self._recording is None else self._length_s

    def start_recording(self, frame: Frame, style_name: str) -> None:
        """Open a new video file, beginning with the frame that comes next."""
        self._recording_path = free_path(self._folder, f"livebrush_{style_name}", ".mp4")
        try:
            self._recording = self._open_video(self._recording_path)
        except SinkError as error:
            self._news.put(f"no recording: {error}")
            return
        self._first_pts, self._length_s, self._wrote = frame.pts, 0.0, False
        self._news.put(f"recording {self._recording_path.name}")

    def record(self, frame: Frame) -> None:
        """Write a frame if something is recorded. A full disk ends the recording, not the show."""
        if self._recording is None:
            return
        shifted = replace(frame, pts=frame.pts - self._first_pts)  # the file begins at 0
        try:
            self._recording.write(shifted)
        except SinkError as error:
            self._end_recording(f"recording ended: {error}")
        else:
            self._length_s, self._wrote = shifted.time_s(), True

    def stop_recording(self) -> None:
        """Finish the video file, if there is one."""
        saved = f"saved {self._recording_path.name}"
        self._end_recording(saved if self._wrote else "nothing was recorded: no frame came")

    def close(self) -> None:
        """Finish everything that is being written."""
        self.stop_recording()
        for writer in self._writers:
            writer.join()

    def _end_recording(self, news: str) -> None:
        recording, self._recording = self._recording, None
        if recording is None:
            return
        try:
            recording.close()
        except SinkError as error:
            news = f"recording ended: {error}"
        self._news.put(news)

    def _write_png(self, image: NDArray[np.uint8], stem: str) -> None:
        path = free_path(self._folder, stem, ".png")
        try:
            _, data = cv2.imencode(".png", image)
            with path.open("xb") as file:  # "x": two snapshots in a row must not take one name
                file.write(data.tobytes())
        except FileExistsError:
            self._write_png(image, stem)
        except OSError as error:
            self._news.put(f"no snapshot: {error.strerror or error}")
        else:
            self._news.put(f"saved {path.name}")
