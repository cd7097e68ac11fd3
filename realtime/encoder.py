"""Encodes painted frames, always to the same bits: what a segment holds, before any file is around it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from realtime.codecs import CODECS, codec_named
from realtime.errors import OptionError, SinkError
from realtime.media import MEDIA_ERRORS, UNSPECIFIED, Colour, known_matrix, reason
from realtime.palette import Palettes
from realtime.process import keep_scheduling

# swscale's quick conversion is off by up to 3 levels, towards green; this costs half a millisecond more.
EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
_GLOBAL_HEADER = 1 << 22  # AV_CODEC_FLAG_GLOBAL_HEADER: parameters in the file's header, not in each piece
_RGB, _LIMITED, _FULL = 0, 1, 2
_CV_CPU_AVX_512F = 13  # OpenCV's number, which its Python has no name for
_FOUR_THREADS_FROM = 1280 * 720  # pixels


@dataclass(frozen=True)
class VideoFormat:
    """All that decides how frames become packets.

    Args:
        codec: a name from `realtime.codecs.CODECS`.
        size_wh: of the picture.
        time_base: seconds per unit of its times.
        rate: frames a second, as near as one number can say.
        pixel_aspect: width of a pixel by its height.
        colour: to be written, and said.
        crf: quality; None for the codec's own.
        preset: speed; None for the codec's own.
        pixel_format: None for the codec's own.
    Raises:
        OptionError: for what the codec does not know.
    """

    codec: str
    size_wh: tuple[int, int]
    time_base: Fraction
    rate: Fraction
    pixel_aspect: Fraction = Fraction(1)
    colour: Colour = Colour()  # noqa: RUF009
    crf: int | None = None
    preset: str | None = None
    pixel_format: str | None = None

    def __post_init__(self) -> None:
        check_quality(self.codec, self.crf, self.preset)

    @property
    def pixels(self) -> str:
        """The pixel format that is written."""
        codec = CODECS[self.codec]
        odd = self.size_wh[0] % 2 or self.size_wh[1] % 2
        return self.pixel_format or (codec.odd_format if odd else codec.pixel_format)

    @property
    def options(self) -> dict[str, str]:
        """What the encoder is opened with."""
        codec = CODECS[self.codec]
        options = dict(codec.options)
        quality = codec.default_quality if self.crf is None else self.crf
        if codec.quality is not None and quality is not None:
            options[codec.quality] = str(quality)
        speed = self.preset or codec.default_speed
        if codec.speed is not None and speed is not None:
            options[codec.speed] = speed
        if codec.encoder == "libx264" and cv2.checkHardwareSupport(_CV_CPU_AVX_512F):
            # Its AVX-512 code reads memory that nobody wrote: of 400 runs on one film, 5 gave other bits.
            options["x264-params"] = "asm=avx2,bmi2,fma3"
        return options

    @property
    def is_rgb(self) -> bool:
        """Whether the picture is written without a matrix."""
        return self.pixels.startswith(("rgb", "bgr", "gbr", "pal", "argb", "abgr"))


def check_quality(codec_name: str, crf: int | None, preset: str | None) -> None:
    """Raise OptionError if the codec has no such quality or no choice of speed."""
    codec = codec_named(codec_name)
    if crf is not None:
        if codec.quality is None:
            raise OptionError(f"--crf is not for {codec_name}, which has no choice of quality; leave it out")
        if not codec.qualities[0] <= crf <= codec.qualities[1]:
            least, most = codec.qualities
            raise OptionError(f"--crf of {codec_name} must be from {least} to {most}, got {crf}")
    if preset is not None and codec.speed is None:
        raise OptionError(f"--preset is not for {codec_name}, which has none; leave it out")


def configure(context: Any, video: VideoFormat) -> None:
    """Set all of an encoder's context that is not an option; before it is opened."""
    context.width, context.height = video.size_wh
    context.pix_fmt = video.pixels
    context.time_base = video.time_base
    context.framerate = video.rate
    context.gop_size = max(1, round(2 * video.rate))  # a jump in a player finds a picture within 2 s
    context.sample_aspect_ratio = video.pixel_aspect
    # Never the machine's number: with other threads some encoders write other bits.
    context.thread_count = 4 if video.size_wh[0] * video.size_wh[1] >= _FOUR_THREADS_FROM else 2
    context.color_primaries = video.colour.primaries
    context.color_trc = video.colour.transfer
    context.colorspace = _RGB if video.is_rgb else video.colour.matrix
    if video.colour.full_range is not None or video.is_rgb:
        context.color_range = _FULL if video.colour.full_range or video.is_rgb else _LIMITED


class PictureEncoder:
    """Turns BGR pictures into packets.

    Args:
        video: how.
    Raises:
        SinkError: if the encoder cannot be had here, or does not take this format.
    """

    def __init__(self, video: VideoFormat) -> None:
        os.environ.setdefault("SVT_LOG", "1")  # else SVT-AV1 prints a page about itself
        self._video = video
        self._reformatter = VideoReformatter()
        self._palettes = Palettes(video.size_wh) if video.pixels == "pal8" else None
        try:
            self._context: Any = av.CodecContext.create(CODECS[video.codec].encoder, "w")
            configure(self._context, video)
            self._context.options = video.options
            self._context.flags |= _GLOBAL_HEADER
            with keep_scheduling():
                self._context.open()
        except (*MEDIA_ERRORS, ValueError) as error:
            raise SinkError(cannot_encode(video, error)) from error

    def encode(self, image: NDArray[np.uint8], pts: int) -> list[Any]:
        """Return the packets that are ready after one more picture, (H, W, 3) uint8 BGR."""
        picture = av.VideoFrame.from_ndarray(image, "bgr24")
        picture = self._palettes.apply(picture) if self._palettes else self._convert(picture)
        picture.pts, picture.time_base = pts, self._video.time_base
        return list(self._context.encode(picture))

    def flush(self) -> list[Any]:
        """Return the packets that the encoder still holds."""
        return list(self._context.encode(None))

    def _convert(self, picture: av.VideoFrame) -> av.VideoFrame:
        return to_pixels(self._reformatter, picture, self._video)


def to_pixels(reformatter: VideoReformatter, picture: av.VideoFrame, video: VideoFormat) -> av.VideoFrame:
    """Convert a BGR picture to what the encoder takes, with the matrix and range that the film says."""
    if video.is_rgb:
        return reformatter.reformat(picture, format=video.pixels, interpolation=EXACT, threads=1)
    return reformatter.reformat(
        picture,
        format=video.pixels,
        dst_colorspace=known_matrix(video.colour.matrix, video.size_wh),
        dst_color_range=_FULL if video.colour.full_range else _LIMITED,
        interpolation=EXACT,
        threads=1,  # a second costs more than it gains at these sizes
    )


def cannot_encode(video: VideoFormat, error: BaseException) -> str:
    """Return one line on why an encoder could not be opened."""
    size = f"{video.size_wh[0]}x{video.size_wh[1]}"
    hint = "try h264" if "_" in video.codec else "try without --preset and --pixel-format"
    return f"{video.codec} cannot encode {size} {video.pixels} here ({reason(error)}); {hint}"


def written_colour(colour: Colour | None, size_wh: tuple[int, int], source_wh: tuple[int, int]) -> Colour:
    """Return the colours to write: the film's own, as far as they can be.

    What a film leaves unsaid stays unsaid, unless the picture changes its size: players guess the matrix
    by it. Matrices that nothing converts to (and RGB) become what they would be guessed as.
    """
    colour = colour or Colour()
    guess = known_matrix(colour.matrix, source_wh)
    known = colour.matrix == UNSPECIFIED or guess == colour.matrix or (colour.matrix, guess) in _SAME
    if not known or (colour.matrix == UNSPECIFIED and size_wh != source_wh):
        colour = Colour(guess, colour.full_range if known else False, colour.primaries, colour.transfer)
    return colour


_SAME = {(6, 5), (10, 9)}  # two names of one matrix: BT.601, and BT.2020 for constant luminance
