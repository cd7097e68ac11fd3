"""How one film is painted: its pieces, what they are encoded as, and the hash of all that makes each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2

from realtime import __version__, mask_steady
from realtime.catalog import StyleEntry
from realtime.codecs import choose_codec
from realtime.encoder import VideoFormat, check_quality, written_colour
from realtime.engine import EngineInfo, EngineOptions
from realtime.errors import OptionError, SourceError
from realtime.film_cut import FilmCut, Window, count_frames, wanted_segments, window_of
from realtime.film_mask import FilmMask
from realtime.film_pictures import describe_pictures, scan_pictures
from realtime.film_remote import Remote
from realtime.film_scan import SEGMENT_FRAMES, FilmScan, Segment, scan_film
from realtime.guided import DEFAULT_DETAIL
from realtime.painter import SizeWh
from realtime.picture_header import is_animation
from realtime.source_video import VideoSource
from realtime.sources import SourceInfo
from realtime.steady import SteadyLevel
from realtime.style_timeline import StyleTimeline
from realtime.temporal import WARM_UP_FRAMES

_GIF_TIME_BASE = Fraction(1, 100)  # all that a GIF can say


@dataclass(frozen=True)
class FilmOptions:
    """What is asked for, of every film alike.

    Args:
        timeline: what paints when, by names of `styles`.
        styles: by name.
        engine: engine, precision, device and threads.
        cut: which frames, when.
        network_wh: what the network sees; None for the film's size.
        output_wh: the picture that comes out; None for the film's size.
        original_colors: the painting's light and dark with the frame's colours.
        detail: of the frame, that a painting of a smaller size is joined with, from 0 to 1.
        steady: how steady the painting is kept; see `realtime.steady.Steadier`.
        codec, crf, preset, pixel_format: see `realtime.encoder.VideoFormat`; None for what fits the output.
        segment_frames: pieces have at least this many frames.
        mask: which part of every frame is painted, and what stands in the rest; None for all of it.
    """

    timeline: StyleTimeline
    styles: Mapping[str, StyleEntry]
    engine: EngineOptions = EngineOptions()  # noqa: RUF009
    cut: FilmCut = FilmCut()  # noqa: RUF009
    network_wh: SizeWh | None = None
    output_wh: SizeWh | None = None
    original_colors: bool = False
    detail: float = DEFAULT_DETAIL
    steady: SteadyLevel = "full"
    codec: str | None = None
    crf: int | None = None
    preset: str | None = None
    pixel_format: str | None = None
    segment_frames: int = SEGMENT_FRAMES
    mask: FilmMask | None = None

    @property
    def warm_up(self) -> int:
        """How many frames of the piece before come first, so that no seam shows."""
        remembers = self.mask is not None and self.mask.remembers
        return max(
            0 if self.steady == "off" else WARM_UP_FRAMES, mask_steady.WARM_UP_FRAMES if remembers else 0
        )

    @property
    def painting(self) -> tuple[str, ...]:
        """Every style that paints, each once."""
        beside = () if self.mask is None else self.mask.style_names
        return tuple(dict.fromkeys((*self.timeline.styles, *beside)))


@dataclass(frozen=True)
class FilmPlan:
    """One film to paint.

    Args:
        scan: what it is made of.
        info: what it promises.
        decoded_wh: size of its first frame as it is decoded.
        output: file or folder that comes out.
        options: what was asked for.
        cut: which frames, when.
        window: the same in units of the film.
        segments: that hold wanted frames.
        video: what they are encoded as.
        frames: how many there will be if all can be decoded.
        remote: where the film was loaded from; None if it lies here.
    """

    scan: FilmScan
    info: SourceInfo
    decoded_wh: SizeWh
    output: Path
    options: FilmOptions
    cut: FilmCut
    window: Window
    segments: tuple[Segment, ...]
    video: VideoFormat
    frames: int
    remote: Remote | None = None

    @property
    def film_end(self) -> int:
        """When the last frame of the result ends, in units of the encoder's time base."""
        window, base = self.window, self.video.time_base
        return round((window.film_end - window.shift) * window.time_base / base)


def plan_film(source: Path, files: Sequence[Path], output: Path, options: FilmOptions) -> FilmPlan:
    """Read a film, or a sequence of pictures, and decide how it is painted.

    Args:
        source: the file; the folder of the pictures.
        files: the pictures; empty for a film.
        output: file or folder that comes out.
        options: what was asked for.
    Raises:
        SourceError: it cannot be read.
        OptionError: it cannot be written so, or nothing of it is wanted.
    """
    cut = options.cut
    if files:
        scan = scan_pictures(source, files, fps=cut.fps, segment_frames=options.segment_frames)
        cut = FilmCut(cut.start_s, cut.end_s, None, cut.every)  # their rate, which nothing else says
        info = describe_pictures(scan)
        decoded_wh = info.size_wh
    else:
        _refuse_animated_webp(source)
        scan = scan_film(source, segment_frames=options.segment_frames)
        first = VideoSource(source)
        info, decoded_wh = first.info, first.decoded_wh
        first.close()
    window = window_of(cut, scan)
    segments, frames = wanted_segments(scan, window), count_frames(scan, window, cut)
    if not segments or not frames:
        raise SourceError(f"{source}: no frame of it lies between --start and --end")
    return FilmPlan(
        scan,
        info,
        decoded_wh,
        output,
        options,
        cut,
        window,
        segments,
        _format(info, scan, cut, output, options),
        frames,
    )


def _refuse_animated_webp(source: Path) -> None:
    """Raise SourceError for what FFmpeg writes and does not decode."""
    if source.suffix.lower() == ".webp" and is_animation(source):
        raise SourceError(
            f"{source} is an animated WebP, which FFmpeg does not decode; make pictures of it first, and "
            f"paint those: magick {source.name} -coalesce frame_%04d.png"
        )


def _format(
    info: SourceInfo, scan: FilmScan, cut: FilmCut, output: Path, options: FilmOptions
) -> VideoFormat:
    suffix = output.suffix.lower() if options.codec != "png" else ""
    size_wh = options.output_wh or info.size_wh
    codec = choose_codec(options.codec, suffix)
    rate = cut.fps or Fraction(info.fps or 25).limit_denominator(1001) / cut.every
    same_shape = size_wh[0] * info.size_wh[1] == size_wh[1] * info.size_wh[0]
    return VideoFormat(
        codec=codec,
        size_wh=size_wh,
        time_base=_time_base(suffix, 1 / cut.fps if cut.fps else scan.time_base),
        rate=min(max(rate, Fraction(1, 1000)), Fraction(1000)),
        pixel_aspect=info.pixel_aspect if same_shape else Fraction(1),
        colour=written_colour(info.colour, size_wh, info.size_wh),
        crf=options.crf,
        preset=options.preset,
        pixel_format=options.pixel_format,
    )


def _time_base(suffix: str, base: Fraction) -> Fraction:
    """Return the units of the result's times: the film's own, where the file can hold them."""
    if suffix == ".gif":
        return _GIF_TIME_BASE
    return base


def segment_keys(plan: FilmPlan, engines: Mapping[str, EngineInfo]) -> dict[int, str]:
    """Return for each piece the hash of what makes it: what is decoded, how it is painted and encoded.

    Args:
        engines: what really runs each style.
    """
    options = plan.options
    common = {
        "version": versions(),
        "styles": {name: _file_hash(options.styles[name].path) for name in options.painting},
        "engines": {name: asdict(engines[name]) for name in options.painting},
        "timeline": asdict(options.timeline),
        "look": [options.original_colors, options.detail],
        # OpenCV's flow differs a little with its version and with how many share the work.
        "steady": [options.steady, cv2.__version__, cv2.getNumThreads()]
        if options.steady != "off"
        else "off",
        "mask": None if options.mask is None else options.mask.digest,
        "network": options.network_wh,
        "video": asdict(plan.video),
        "cut": asdict(plan.cut),
        "window": asdict(plan.window),
        "decoded": plan.decoded_wh,
        "offset": plan.scan.offset,
        "source": [plan.info.size_wh, plan.info.pixel_aspect],
    }
    return {
        segment.number: _hash(
            [common, asdict(segment), _digest_before(plan, segment), _leads_on(plan, segment)]
        )
        for segment in plan.segments
    }


def _digest_before(plan: FilmPlan, segment: Segment) -> str | None:
    """Return the hash of the piece that a steady painting goes on from; None if it begins anew."""
    if plan.options.warm_up == 0 or segment == plan.segments[0]:
        return None
    return plan.scan.segments[segment.number - 1].digest


def _leads_on(plan: FilmPlan, segment: Segment) -> bool:
    """Tell whether a piece ends as the next one begins; see `realtime.film_seam`."""
    return plan.options.warm_up > 0 and segment != plan.segments[-1]


def film_key(plan: FilmPlan, keys: Mapping[int, str]) -> str:
    """Return the hash of what makes the whole output: its pieces, and all else that is in the source."""
    return _hash([plan.scan.digest, sorted(keys.items()), plan.output.name])


def check_codec(options: FilmOptions, output: Path) -> None:
    """Raise OptionError if an output of this name cannot be written with these options."""
    suffix = output.suffix.lower() if options.codec != "png" else ""
    check_quality(choose_codec(options.codec, suffix), options.crf, options.preset)


def versions() -> list[Any]:
    """Return of what version all is that makes a piece, engines aside."""
    return [__version__, av.__version__, av.library_versions]


def _hash(values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def _file_hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise OptionError(f"{path} cannot be read: {error.strerror}") from error
