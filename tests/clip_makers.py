"""Write small video clips whose frames carry their number, so that a test can tell which it got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

BITS = 8


def numbered_picture(number: int, size_wh: tuple[int, int] = (64, 48)) -> NDArray[np.uint8]:
    """Return (H, W, 3) uint8 BGR with the number in it, as eight black or white columns."""
    width, height = size_wh
    bits = [number >> bit & 1 for bit in range(BITS)]
    columns = np.array(bits)[np.arange(width) * BITS // width] * 200 + 30
    return np.broadcast_to(columns[None, :, None], (height, width, 3)).astype(np.uint8)


def read_number(image: NDArray[np.uint8]) -> int:
    """Return the number in a picture, also after compression and scaling."""
    width = image.shape[1]
    bits = [image[:, (2 * bit + 1) * width // (2 * BITS)].mean() > 130 for bit in range(BITS)]
    return sum(int(bit) << place for place, bit in enumerate(bits))


def write_clip(
    path: Path,
    *,
    count: int = 30,
    size_wh: tuple[int, int] = (64, 48),
    fps: int = 30,
    pts: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    sound: str | None = None,
    sound_s: float | None = None,
    rotation: float | None = None,
    pixel_aspect: Fraction | None = None,
    container_options: dict[str, str] | None = None,
    gop: int | None = None,
    codec_options: dict[str, str] | None = None,
    colour: tuple[int, int, int, int] | None = None,
    number_from: dict[int, int] | None = None,
) -> Path:
    """Write a clip of numbered pictures, by default with B-frames and one key frame.

    `gop` is the number of frames from one key frame to the next; `colour` is primaries, transfer, matrix
    and range as FFmpeg numbers them, and the pictures are converted so. `number_from` {60: 200} lets the
    pictures from the 60th on be numbered from 200.
    """
    base = time_base or Fraction(1, fps)
    times = list(range(count)) if pts is None else list(pts)
    with av.open(str(path), "w", options=container_options or {}) as output:
        stream: Any = output.add_stream(codec, rate=fps, options=codec_options or {})
        stream.width, stream.height = size_wh
        stream.pix_fmt = pix_fmt
        stream.time_base = stream.codec_context.time_base = base
        if gop:
            stream.codec_context.gop_size = gop
        if colour:
            context = stream.codec_context
            context.color_primaries, context.color_trc, context.colorspace, context.color_range = colour
        if pixel_aspect:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if rotation is not None:
            stream.set_display_rotation(rotation)
        audio: Any = (
            output.add_stream(sound, rate=48_000, layout="stereo", bit_rate=128_000) if sound else None
        )
        shift = 0
        for number, moment in enumerate(times):
            shift = number_from[number] - number if number_from and number in number_from else shift
            frame = av.VideoFrame.from_ndarray(numbered_picture((number + shift) % 256, size_wh), "bgr24")
            frame.pts, frame.time_base = moment, base
            output.mux(stream.encode(_converted(frame, pix_fmt, colour)))
        output.mux(stream.encode(None))
        if audio is not None:
            _write_tone(output, audio, sound_s if sound_s is not None else count / fps)
    return path


def _converted(frame: av.VideoFrame, pix_fmt: str, colour: tuple[int, int, int, int] | None) -> av.VideoFrame:
    if colour is None:
        return frame.reformat(format=pix_fmt)
    matrix = {6: 5, 10: 9}.get(colour[2], colour[2])  # swscale's numbers
    return frame.reformat(format=pix_fmt, dst_colorspace=matrix, dst_color_range=colour[3])


def _write_tone(output: Any, stream: Any, seconds: float) -> None:
    wave = (9000 * np.sin(np.arange(round(seconds * 48_000)) * 0.05)).astype(np.int16)
    resampler = av.AudioResampler(format=stream.format.name, layout="stereo", rate=48_000)
    for start in range(0, wave.size, 1024):
        part = np.repeat(wave[start : start + 1024], 2)[None]
        frame = av.AudioFrame.from_ndarray(part, "s16", "stereo")
        frame.sample_rate, frame.pts = 48_000, start
        for ready in resampler.resample(frame):
            output.mux(stream.encode(ready))
    output.mux(stream.encode(None))


@dataclass(frozen=True)
class Clip:
    """What is in a video file: read with PyAV alone, to check what our own code wrote."""

    numbers: list[int]
    times_s: list[Fraction]
    size_wh: tuple[int, int]
    sound: list[tuple[Fraction, bytes]]
    stream: dict[str, Any]


def read_clip(path: Path) -> Clip:
    """Decode every frame, and read every packet of sound with its time in seconds."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        context = stream.codec_context
        facts = {
            "codec": context.name,
            "pix_fmt": context.pix_fmt,
            "rate": stream.average_rate,
            "aspect": stream.sample_aspect_ratio,
            "colour": (context.color_primaries, context.color_trc, context.colorspace, context.color_range),
            "duration_s": None if stream.duration is None else stream.duration * stream.time_base,
        }
    return Clip(
        numbers=[read_number(frame.to_ndarray(format="bgr24")) for frame in frames],
        times_s=[frame.pts * frame.time_base for frame in frames],
        size_wh=(frames[0].width, frames[0].height),
        sound=read_sound(path),
        stream=facts,
    )


def read_sound(path: Path) -> list[tuple[Fraction, bytes]]:
    """Return time in seconds and bytes of every packet of the first audio stream."""
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return []
        packets = container.demux(container.streams.audio[0])
        return [(packet.pts * packet.time_base, bytes(packet)) for packet in packets if packet.size]


def write_fields(
    path: Path,
    *,
    codec: str,
    top_first: bool = True,
    interlaced: bool = True,
    count: int = 30,
    gop: int = 30,
    size_wh: tuple[int, int] = (160, 48),
) -> Path:
    """Write a clip of a bar that moves by 4 pixels from field to field, two fields woven into a picture.

    Without `interlaced` the file does not say what they are.
    """
    width, height = size_wh
    options = {"flags": "+ildct+ilme"} if interlaced and codec in ("mpeg2video", "prores_ks") else {}
    if codec == "libx264" and interlaced:
        options["x264-params"] = "tff=1" if top_first else "bff=1"
    pix_fmt = "yuv422p10le" if codec == "prores_ks" else "yuv420p"
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        stream.codec_context.gop_size = gop
        if interlaced:
            stream.codec_context.field_order = 2 if top_first else 3  # AV_FIELD_TT, AV_FIELD_BB
        fields = _set_field("tff" if top_first else "bff", size_wh, pix_fmt) if interlaced else None
        for number in range(count):
            image = np.full((height, width, 3), 40, np.uint8)
            for field in (0, 1):
                left = (2 * number + field) * 4 % (width - 20)
                image[field if top_first else 1 - field :: 2, left : left + 20] = 220
            frame = av.VideoFrame.from_ndarray(image, "bgr24").reformat(format=pix_fmt)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            if fields is not None:
                fields.push(frame)
                frame = fields.pull()
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def _set_field(which: str, size_wh: tuple[int, int], pix_fmt: str) -> Any:
    """Return a filter that marks pictures as woven of fields, which PyAV itself cannot."""
    graph = av.filter.Graph()
    base = Fraction(1, 25)
    source = graph.add_buffer(
        width=size_wh[0], height=size_wh[1], format=av.VideoFormat(pix_fmt), time_base=base
    )
    graph.link_nodes(source, graph.add("setfield", which), graph.add("buffersink")).configure()
    return graph
