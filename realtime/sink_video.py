"""A video file through PyAV: H.264, the source's own timestamps and sound, playable whatever happens."""

from __future__ import annotations

import math
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.video.reformatter import Interpolation, VideoReformatter

from realtime.errors import SinkError
from realtime.frame import Frame
from realtime.media import BT709, MEDIA_ERRORS, location, reason
from realtime.sinks import VIDEO_SUFFIXES, ClosingSink, refuse_overwriting, require_folder
from realtime.sources import SourceInfo
from realtime.track_copier import TrackCopier

DEFAULT_FPS = 30.0
# swscale's quick conversion is off by up to 3 levels, towards green; this costs half a millisecond more.
_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
_LIMITED_RANGE = 1  # AVCOL_RANGE_MPEG
_SAFE_EVERY_S = 1  # at most this much is lost if the process is killed
_HYBRID_WORKS = av.library_versions["libavformat"] >= (62, 12, 0)  # FFmpeg 8.1


class VideoSink(ClosingSink):
    """Writes H.264 with the size of the first frame and every frame's own time.

    The file is written in pieces of a second, each complete in itself, so that even a killed process
    leaves a playable video; `close` makes an ordinary file of it (FFmpeg's hybrid_fragmented for MP4 and
    MOV; Matroska is made that way). MP4 and MOV keep pts exactly, Matroska to the millisecond.

    Odd sizes are written as 4:4:4, the only way H.264 has to keep them; other sizes as 4:2:0, which
    every player plays. Colours are BT.709, limited range, and tagged so.

    Args:
        path: ends in .mp4, .mkv or .mov; overwritten at the first frame, not before.
        source: its sound is copied, its rate and pixel shape kept; None writes silence at 30 fps.
        crf: quality, 0 best to 51; 18 is visually the same as the frames.
        preset: of x264; the default costs little, since the encoder shares the processor.
    Raises:
        SinkError: the folder is missing or cannot be written, or the output is the source.
    """

    def __init__(
        self, path: Path, *, source: SourceInfo | None = None, crf: int = 18, preset: str = "superfast"
    ) -> None:
        if path.suffix.lower() not in VIDEO_SUFFIXES:
            raise SinkError(f"{path} must end in one of {', '.join(VIDEO_SUFFIXES)}")
        require_folder(path)
        refuse_overwriting(path, source)
        _require_writable(path)
        self.path = path
        self._source = source
        self._options = {"crf": str(crf), "preset": preset}
        self._container: Any = None
        self._sound: TrackCopier | None = None
        self._closed = False
        self._failed = False

    def write(self, frame: Frame) -> None:
        """Encode one frame, and copy the sound up to it.

        Raises:
            SinkError: the disk is full, or the frame has another size than the first.
        """
        if self._closed:
            raise SinkError(f"{self.path} is closed already; a frame came after the end")
        try:
            if self._container is None:
                self._open(frame)
            if frame.size_wh != self._size_wh:
                raise SinkError(
                    f"{self.path}: frame {frame.index} is {_text(frame.size_wh)}, the video is "
                    f"{_text(self._size_wh)}; give --output-size, or a folder as --output"
                )
            self._encode(frame)
            if self._sound is not None:
                self._sound.copy_until(self._end_s())
        except MEDIA_ERRORS as error:
            self._failed = True
            raise SinkError(f"{self.path} cannot be written: {reason(error)}") from error

    def close(self) -> None:
        """Write what the encoder still holds, the rest of the sound, and the end of the file.

        Raises:
            SinkError: the disk is full; what was written before can be played.
        """
        if self._closed:
            return
        self._closed = True
        if self._container is None:
            return  # no frame came: no file
        try:
            self._finish()
        except MEDIA_ERRORS as error:
            if self._failed:
                return  # reported already
            raise SinkError(f"the end of {self.path} cannot be written: {reason(error)}") from error

    def _finish(self) -> None:
        try:
            if not self._failed:  # muxing on after an error can bring the process down
                self._container.mux(self._stream.encode(None))
                if self._sound is not None:
                    self._sound.finish(self._last * self._time_base, self._end_s())
        finally:
            if self._sound is not None:
                self._sound.close()
            self._container.close()

    def _open(self, frame: Frame) -> None:
        self._size_wh = frame.size_wh
        self._time_base = frame.time_base
        self._last = frame.pts - 1
        rate = _frame_rate(self._source)
        self._step = max(1, round(1 / (rate * self._time_base)))
        self._reformatter = VideoReformatter()
        container: Any = av.open(
            location(self.path), "w", container_options=_container_options(self.path, self._time_base)
        )
        try:
            self._stream: Any = container.add_stream("libx264", rate=rate, options=self._options)
            self._configure(self._stream.codec_context, rate)
            self._stream.time_base = self._time_base
            if self._source is not None and self._source.address is not None:
                self._sound = TrackCopier(self._source.address, container)
            container.start_encoding()  # writes the header: a disk that is full already is known now
        except BaseException:
            if self._sound is not None:
                self._sound.close()
            container.close()
            raise
        self._container = container

    def _configure(self, context: Any, rate: Fraction) -> None:
        context.width, context.height = self._size_wh
        odd = self._size_wh[0] % 2 or self._size_wh[1] % 2
        context.pix_fmt = "yuv444p" if odd else "yuv420p"
        context.time_base = self._time_base
        context.gop_size = max(1, round(2 * rate))  # a jump in a player finds a picture within 2 s
        context.color_primaries = context.color_trc = context.colorspace = BT709
        context.color_range = _LIMITED_RANGE
        context.thread_count = max(2, (os.cpu_count() or 1) // 4)
        if self._source is not None and _same_shape(self._size_wh, self._source.size_wh):
            context.sample_aspect_ratio = self._source.pixel_aspect

    def _encode(self, frame: Frame) -> None:
        picture = self._reformatter.reformat(
            av.VideoFrame.from_ndarray(frame.image, "bgr24"),
            format=self._stream.codec_context.pix_fmt,
            dst_colorspace=BT709,
            dst_color_range=_LIMITED_RANGE,
            interpolation=_EXACT,
            threads=1,  # a second costs more than it gains at these sizes
        )
        pts = frame.pts
        if frame.time_base != self._time_base:
            pts = round(pts * frame.time_base / self._time_base)
        self._last = max(pts, self._last + 1)  # an encoder accepts no two frames of one time
        picture.pts, picture.time_base = self._last, self._time_base
        picture.duration = self._step
        self._container.mux(self._stream.encode(picture))

    def _end_s(self) -> Fraction:
        return (self._last + self._step) * self._time_base


def _require_writable(path: Path) -> None:
    """Raise SinkError unless the file can be written, leaving one that exists as it is."""
    existed = os.path.lexists(path)
    try:
        with path.open("ab"):
            pass
        if not existed:
            path.unlink()
    except OSError as error:
        raise SinkError(f"{path} cannot be written: {reason(error)}") from error


def _container_options(path: Path, time_base: Fraction) -> dict[str, str]:
    if path.suffix.lower() == ".mkv":
        return {"cluster_time_limit": str(_SAFE_EVERY_S * 1000), "flush_packets": "1"}
    return {
        # Before FFmpeg 8.1 hybrid_fragmented with delay_moov loses its place in the file: every second
        # piece is read from the wrong bytes. There the pieces stay, and hold all a player needs.
        # delay_moov lets the first piece know its sound and the order of its frames; without it every
        # time is shifted by the frames that x264 holds back.
        "movflags": "+delay_moov+hybrid_fragmented" if _HYBRID_WORKS else "+delay_moov+default_base_moof",
        "frag_duration": str(_SAFE_EVERY_S * 1_000_000),
        "flush_packets": "1",
        # The unit in which a late beginning is written; the usual 1/1000 s would round it.
        "movie_timescale": str(_timescale(time_base)),
    }


def _timescale(time_base: Fraction) -> int:
    """Return units per second in which a moment of the time base is a whole number, below 2^31."""
    return time_base.denominator if time_base.denominator < 1 << 31 else 90_000


def _frame_rate(source: SourceInfo | None) -> Fraction:
    fps = source.fps if source is not None and source.fps else DEFAULT_FPS
    return Fraction(min(max(fps, 1.0), 240.0)).limit_denominator(1001)


def _same_shape(size_wh: tuple[int, int], source_wh: tuple[int, int]) -> bool:
    return math.isclose(size_wh[0] * source_wh[1], size_wh[1] * source_wh[0], rel_tol=0.01)


def _text(size_wh: tuple[int, int]) -> str:
    return f"{size_wh[0]}x{size_wh[1]}"
