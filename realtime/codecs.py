"""What a film can be written as: codecs by the names that people know, and what each file can hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from realtime.errors import OptionError

PICTURES = ""  # in place of a suffix: a folder of pictures


@dataclass(frozen=True)
class Codec:
    """One way to write a film.

    Args:
        encoder: FFmpeg's name.
        holders: suffixes of the files that may hold it.
        pixel_format: that keeps even sizes.
        odd_format: that keeps odd sizes.
        quality: FFmpeg's option for --crf; None where there is no such choice.
        qualities: lowest and highest number of it.
        default_quality: looks like the frames to most eyes.
        speed: FFmpeg's option for --preset; None where there is none.
        default_speed: costs little beside the network.
        options: always given. Threads are set for each size, never by the machine: some encoders write
            other bits with other threads.
    """

    encoder: str
    holders: tuple[str, ...]
    pixel_format: str = "yuv420p"
    odd_format: str = "yuv444p"
    quality: str | None = "crf"
    qualities: tuple[int, int] = (0, 51)
    default_quality: int | None = None
    speed: str | None = "preset"
    default_speed: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)


_MP4 = (".mp4", ".mov", ".mkv")
_ANY = (".mp4", ".mkv", ".webm")
_NVENC = {"rc": "vbr", "b": "0"}


def _nvenc(encoder: str) -> Codec:
    return Codec(encoder, _MP4, quality="cq", default_quality=19, default_speed="p5", options=_NVENC)


def _quick_sync(encoder: str) -> Codec:
    return Codec(encoder, _MP4, "nv12", "nv12", "global_quality", (1, 51), 20, default_speed="fast")


CODECS: dict[str, Codec] = {
    # Of a painting veryfast is no smaller (2% of 42 kB a frame at 854x480) and takes 1.6 times as long.
    "h264": Codec("libx264", _MP4, default_quality=18, default_speed="superfast"),
    "hevc": Codec(
        "libx265",
        _MP4,
        default_quality=20,
        default_speed="veryfast",
        options={"x265-params": "log-level=error:pools=2:frame-threads=2"},
    ),
    "av1": Codec(
        "libsvtav1",
        _ANY,
        odd_format="yuv420p",
        qualities=(0, 63),
        default_quality=28,
        default_speed="8",
        options={"svtav1-params": "lp=2"},
    ),
    "vp9": Codec(
        "libvpx-vp9",
        _ANY,
        odd_format="yuv420p",
        qualities=(0, 63),
        default_quality=28,
        speed="cpu-used",
        default_speed="5",
        options={"b": "0", "row-mt": "1"},
    ),
    "prores": Codec(
        "prores_ks",
        (".mov", ".mkv"),
        "yuv422p10le",
        "yuv444p10le",
        quality=None,
        speed="profile",
        default_speed="hq",
    ),
    "ffv1": Codec("ffv1", (".mkv",), "bgr0", "bgr0", quality=None, speed=None, options={"level": "3"}),
    "gif": Codec("gif", (".gif",), "pal8", "pal8", quality=None, speed=None),
    "webp": Codec(
        "libwebp", (".webp",), "yuv420p", "yuv420p", "quality", (0, 100), 90, "compression_level", "4"
    ),
    "png": Codec(
        "png", (PICTURES,), "rgb24", "rgb24", quality=None, speed="compression_level", default_speed="3"
    ),
    "h264_nvenc": _nvenc("h264_nvenc"),
    "hevc_nvenc": _nvenc("hevc_nvenc"),
    "av1_nvenc": _nvenc("av1_nvenc"),
    "h264_qsv": _quick_sync("h264_qsv"),
    "hevc_qsv": _quick_sync("hevc_qsv"),
    "h264_videotoolbox": Codec(
        "h264_videotoolbox",
        _MP4,
        odd_format="yuv420p",
        quality="q:v",
        qualities=(1, 100),
        default_quality=65,
        speed=None,
    ),
    "hevc_videotoolbox": Codec(
        "hevc_videotoolbox",
        _MP4,
        odd_format="yuv420p",
        quality="q:v",
        qualities=(1, 100),
        default_quality=65,
        speed=None,
    ),
}
_DEFAULTS = {".webm": "vp9", ".gif": "gif", ".webp": "webp", PICTURES: "png"}
SUFFIXES = (".mp4", ".mkv", ".mov", ".webm", ".gif", ".webp")


def choose_codec(asked: str | None, suffix: str) -> str:
    """Return the name of the codec for a file that ends in this.

    Raises:
        OptionError: if there is no such codec, or the file cannot hold it.
    """
    if asked is None:
        return _DEFAULTS.get(suffix, "h264")
    codec = codec_named(asked)
    if suffix not in codec.holders:
        what = f"a {suffix} file" if suffix else "a folder of pictures"
        raise OptionError(f"{what} cannot hold {asked}; write it to {_named(codec.holders)}")
    return asked


def codec_named(name: str) -> Codec:
    """Return a codec.

    Raises:
        OptionError: if there is none of that name.
    """
    if name not in CODECS:
        raise OptionError(f"--codec must be one of {', '.join(CODECS)}; got {name!r}")
    return CODECS[name]


def _named(holders: tuple[str, ...]) -> str:
    return " or ".join(holder or "a folder" for holder in holders)
