"""A video file or an address through PyAV: every frame, upright, in its true colours, at its own time."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from realtime.deinterlace import Deinterlacer
from realtime.errors import SourceBrokenError, SourceError
from realtime.frame import Frame
from realtime.media import (
    MEDIA_ERRORS,
    colour_matrix,
    colour_of,
    display_matrix,
    location,
    orient,
    reason,
    start_offset_s,
)
from realtime.packets import PacketReader, Place
from realtime.sources import Clock, SourceInfo, redact
from realtime.timeline import Timeline

OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 10.0
LIVE_TIME_BASE = Fraction(1, 90_000)
# FFmpeg takes text files for the art of old terminals, and draws them.
_TEXT_FORMATS = frozenset({"tty", "bin", "xbin", "adf", "idf"})
_NO_TIMES = 0x0080  # AVFMT_NOTIMESTAMPS: streams without a file around them, such as .h264
_TWO_THREADS_FROM = 1920 * 1080  # pixels; below, one decoder thread leaves the rest to the network


class VideoSource:
    """Decodes a file or an address to BGR frames; a file never loses one.

    Frames are deinterlaced and rotated as the file says, converted with the file's colour matrix and
    range, and keep its pts and time base (a recorded broadcast is shifted to start at 0). A stream whose
    size changes half-way is scaled to its first size. Timestamps of a live address that carries none of
    its own are the times of arrival.

    Args:
        source: a path, or an address as str.
        clock: seconds.
        timeouts_s: for opening an address and for reading from it.
        begin: the key frame to begin with; None for the beginning.
        decoded_wh: size that every frame is scaled to before it is turned upright; None for the first's.
    Raises:
        SourceError: it cannot be opened, holds no video, or no frame of it can be decoded.
    """

    def __init__(
        self,
        source: Path | str,
        *,
        clock: Clock = time.perf_counter,
        timeouts_s: tuple[float, float] = (OPEN_TIMEOUT_S, READ_TIMEOUT_S),
        begin: Place | None = None,
        decoded_wh: tuple[int, int] | None = None,
    ) -> None:
        self.damaged: list[int] = []
        """The times, as in `lost`, of frames given so far that the decoder had to make up in part."""
        self._clock = clock
        self._name = source.name if isinstance(source, Path) else redact(source)
        self._label = str(source) if isinstance(source, Path) else self._name  # the whole path, for errors
        self._container = open_container(source, self._label, timeouts_s)
        try:
            self._stream = pick_stream(self._container, self._label)
            self._packets = PacketReader(
                self._container, self._stream, source if isinstance(source, Path) else None, begin
            )
            self._fields = Deinterlacer(self._stream)
            self._pictures = self._fields.whole(self._packets.frames())
            self._prepare(source, decoded_wh)
        except BaseException:
            self._container.close()
            raise

    def _prepare(self, source: Path | str, decoded_wh: tuple[int, int] | None) -> None:
        live = isinstance(source, str) and self._container.duration is None
        _set_threads(self._stream, live)
        self._waiting = next(self._pictures, None)
        if self._waiting is None:
            why = self._packets.trouble or "it holds no frames"
            raise SourceError(f"{self._label}: no picture in it could be decoded ({why})")
        self._reformatter = VideoReformatter()
        self._decoded_wh = decoded_wh or (self._waiting.width, self._waiting.height)
        self._matrix = display_matrix(self._waiting)
        self._arrival_timed = live and (self._waiting.pts is None or self._container.format.name == "mpjpeg")
        self._opened_at = self._clock()
        self._frames = 0
        info = _describe(source, self._name, self._stream, self._decoded_wh, self._matrix, live)
        info = replace(info, colour=colour_of(self._waiting))
        self.info = replace(info, fps=None) if self._arrival_timed else info  # 25 would only be a guess
        time_base = LIVE_TIME_BASE if self._arrival_timed else self._stream.time_base or Fraction(1, 1000)
        fps = self.info.fps or 25.0
        self._timeline = Timeline(
            time_base,
            step=max(1, round(1 / (Fraction(fps).limit_denominator(1001) * time_base))),
            offset=round(start_offset_s(self._container) / time_base),
        )

    def read(self) -> Frame | None:
        """Return the next frame, or None at the end.

        Raises:
            SourceBrokenError: the file or the connection broke off; every frame before was given.
        """
        picture = next(self._pictures, None) if self._waiting is None else self._waiting
        self._waiting = None
        if picture is None:
            if self._packets.trouble:
                at_s = float(self._timeline.end * self._timeline.time_base)
                raise SourceBrokenError(self._label, self._frames, at_s, self._packets.trouble)
            return None
        captured_at = self._clock()
        pts: int | None = picture.pts
        if picture.is_corrupt and pts is not None:
            self.damaged.append(pts)
        if self._arrival_timed:
            pts = round((captured_at - self._opened_at) / LIVE_TIME_BASE)
        frame = Frame(
            self._to_bgr(picture),
            self._frames,
            self._timeline.place(pts),
            self._timeline.time_base,
            captured_at,
        )
        self._frames += 1
        return frame

    @property
    def decoded_wh(self) -> tuple[int, int]:
        """Width and height of the first frame as it was decoded, before it was turned upright."""
        return self._decoded_wh

    @property
    def lost(self) -> list[int]:
        """The times in the file, in units of its time base, of what could not be decoded so far."""
        return self._packets.lost

    @property
    def interlaced(self) -> bool:
        """Whether any of what was decoded so far was in fields, and made whole."""
        return self._fields.found > 0

    @property
    def frames_read(self) -> int:
        """How many frames `read` gave."""
        return self._frames

    def close(self) -> None:
        """Close the file or the connection."""
        self._pictures.close()
        self._container.close()

    def _to_bgr(self, picture: av.VideoFrame) -> NDArray[np.uint8]:
        width, height = self._decoded_wh
        bgr = self._reformatter.reformat(
            picture, width, height, "bgr24", src_colorspace=colour_matrix(picture), threads=1
        )
        return orient(np.asarray(bgr.to_ndarray(), dtype=np.uint8), self._matrix)


def open_container(source: Path | str, label: str, timeouts_s: tuple[float, float]) -> Any:
    """Open for reading. Errors of an address are raised without their cause, whose text has the password."""
    if isinstance(source, Path):
        try:
            return av.open(location(source), metadata_errors="ignore")
        except MEDIA_ERRORS as error:
            raise SourceError(f"{label} cannot be read as a video: {reason(error)}") from error
    options = {"rtsp_transport": "tcp"} if source.lower().startswith("rtsp") else {}
    try:
        return av.open(source, metadata_errors="ignore", options=options, timeout=timeouts_s)
    except MEDIA_ERRORS as error:
        why = reason(error)
    raise SourceError(f"{label} cannot be opened: {why.replace(source, label)}")


def pick_stream(container: Any, label: str) -> Any:
    """Return the first video stream that is not the cover picture of a song."""
    cover = 0x0400  # AV_DISPOSITION_ATTACHED_PIC
    streams = [stream for stream in container.streams.video if not stream.disposition.value & cover]
    if not streams or container.format.name in _TEXT_FORMATS:
        kinds = sorted({str(stream.type) for stream in container.streams} - {"video"})
        held = f"only {' and '.join(kinds)}" if kinds else "no video"
        raise SourceError(f"{label} is no video: it holds {held}")
    if streams[0].codec_context is None:
        raise SourceError(f"{label} cannot be decoded: PyAV has no decoder for its video")
    return streams[0]


def _set_threads(stream: Any, live: bool) -> None:
    context = stream.codec_context
    large = context.width * context.height >= _TWO_THREADS_FROM
    context.thread_count = 2 if large else 1
    context.thread_type = "SLICE" if live else "AUTO"  # threads by frame hold frames back


def _describe(
    source: Path | str,
    name: str,
    stream: Any,
    decoded_wh: tuple[int, int],
    matrix: tuple[int, int, int, int] | None,
    live: bool,
) -> SourceInfo:
    rate = stream.average_rate or stream.guessed_rate
    if stream.container.format.flags & _NO_TIMES:
        rate = stream.guessed_rate or rate  # what the stream itself says; the average is FFmpeg's 25
    aspect = stream.sample_aspect_ratio or Fraction(1)
    turned = matrix is not None and matrix[0] == 0
    width, height = decoded_wh
    return SourceInfo(
        name=name,
        kind="file" if isinstance(source, Path) else "url",
        size_wh=(height, width) if turned else (width, height),
        fps=float(rate) if rate else None,
        frame_count=_count_frames(stream),
        live=live,
        path=source if isinstance(source, Path) else None,
        pixel_aspect=1 / aspect if turned else aspect,
        address=None if live else location(source) if isinstance(source, Path) else source,
    )


def _count_frames(stream: Any) -> int | None:
    """Return how many frames will be shown, edits of an MP4 applied; None if the container does not say."""
    if stream.frames and stream.container.format.name.startswith("mov"):
        return sum(not entry.is_discard for entry in stream.index_entries)
    return stream.frames or None
