"""Films with all that a film can have, and what is in a file by PyAV or ffprobe: to compare two of them."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from clip_makers import numbered_picture

ASS_HEADER = b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name\n\n[Events]\nFormat: Text\n"
CHAPTERS = [("Before", 0, 1000), ("After", 1000, 3000)]
SUBTITLES = [(200, 600, "Guten Tag"), (1500, 900, "Auf Wiedersehen")]


def write_rich_film(
    path: Path,
    *,
    count: int = 75,
    fps: int = 25,
    size_wh: tuple[int, int] = (64, 48),
    subtitle: str = "subrip",
    sound: str = "aac",
    gop: int = 25,
    sound_s: float | None = None,
    late_s: Fraction = Fraction(0),
) -> Path:
    """Write a film with two languages of sound and subtitles, chapters, a title, and a font in Matroska.

    Its sound is as long as its pictures, or `sound_s`, and begins at `late_s`.
    """
    with av.open(str(path), "w") as output:
        video: Any = output.add_stream("libx264", rate=fps)
        video.width, video.height, video.pix_fmt = *size_wh, "yuv420p"
        video.codec_context.gop_size = gop
        video.codec_context.options = {"sc_threshold": "0"}  # key frames at every `gop`, and nowhere else
        video.metadata["language"] = "nld"
        sounds = [_add_sound(output, sound, language) for language in ("eng", "deu")]
        texts = [_add_text(output, subtitle, language) for language in ("deu", "fra")]
        sounds[1].disposition = av.stream.Disposition.comment
        output.metadata["title"] = "A film"
        output.metadata["artist"] = "Somebody"
        output.set_chapters(
            [
                {"id": n, "start": a, "end": b, "time_base": Fraction(1, 1000), "metadata": {"title": title}}
                for n, (title, a, b) in enumerate(CHAPTERS)
            ]
        )
        if path.suffix == ".mkv":
            output.add_attachment("letters.ttf", "font/ttf", b"not really a font")
        output.start_encoding()
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(numbered_picture(number % 256, size_wh), "bgr24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            output.mux(video.encode(frame.reformat(format="yuv420p")))
        output.mux(video.encode(None))
        for place, stream in enumerate(sounds):
            _write_noise(output, stream, sound_s or count / fps, seed=place, late_s=late_s)
        for stream in texts:
            for start, length, text in SUBTITLES:
                output.mux(_text_packet(stream, subtitle, start, length, text))
    return path


def _add_sound(output: Any, codec: str, language: str) -> Any:
    stream = output.add_stream(codec, rate=48_000, layout="stereo", bit_rate=96_000)
    stream.metadata["language"] = language
    stream.metadata["title"] = f"In {language}"
    return stream


def _add_text(output: Any, codec: str, language: str) -> Any:
    stream = output.add_stream(codec)
    stream.codec_context.subtitle_header = ASS_HEADER
    stream.metadata["language"] = language
    return stream


def _write_noise(output: Any, stream: Any, seconds: float, seed: int, late_s: Fraction) -> None:
    random = np.random.default_rng(seed)
    resampler = av.AudioResampler(format=stream.format.name, layout="stereo", rate=48_000)
    for start in range(0, round(seconds * 48_000), 1024):
        frame = av.AudioFrame.from_ndarray(
            random.integers(-5000, 5000, (1, 2048)).astype(np.int16), "s16", "stereo"
        )
        frame.sample_rate, frame.pts = 48_000, start + round(late_s * 48_000)
        for ready in resampler.resample(frame):
            output.mux(stream.encode(ready))
    output.mux(stream.encode(None))


def _text_packet(stream: Any, codec: str, start: int, length: int, text: str) -> Any:
    data = text.encode()
    if codec == "mov_text":
        data = len(data).to_bytes(2, "big") + data
    elif codec == "ass":
        data = b"0,0,Default,,0,0,0,,{\\i1}" + data.replace(b" ", b"\\N")
    packet: Any = av.Packet(data)
    packet.stream, packet.time_base = stream, Fraction(1, 1000)
    packet.pts = packet.dts = start
    packet.duration, packet.is_keyframe = length, True
    return packet


@dataclass(frozen=True)
class Track:
    """One stream: what it is, and every packet as (time in s, duration in s, data)."""

    kind: str
    codec: str
    language: str | None
    title: str | None
    purpose: int
    packets: list[tuple[Fraction, Fraction, bytes]]

    @property
    def texts(self) -> list[bytes]:
        return [data for _, _, data in self.packets]


def read_tracks(path: Path, kind: str) -> list[Track]:
    """Return every stream of a kind with its packets, empty ones of MP4's subtitles left out."""
    with av.open(str(path)) as container:
        found = [stream for stream in container.streams if stream.type == kind]
        packets: dict[int, list[tuple[Fraction, Fraction, bytes]]] = {s.index: [] for s in found}
        if found and kind != "attachment":
            for packet in container.demux(*found):
                if packet.size and bytes(packet) != b"\0\0":
                    base = packet.time_base
                    times = packet.pts * base, (packet.duration or 0) * base
                    packets[packet.stream_index].append((*times, bytes(packet)))
        return [
            Track(
                stream.type,
                stream.codec_context.name if stream.codec_context else "",
                stream.language,
                stream.metadata.get("title"),
                int(stream.disposition),
                packets[stream.index],
            )
            for stream in found
        ]


def read_chapters(path: Path) -> list[tuple[str, Fraction, Fraction]]:
    """Return title, beginning and end in seconds of every chapter."""
    with av.open(str(path)) as container:
        return [
            (c["metadata"].get("title", ""), c["start"] * c["time_base"], c["end"] * c["time_base"])
            for c in container.chapters()
        ]


def read_metadata(path: Path) -> dict[str, str]:
    """Return what the file says about itself, by lower-case names."""
    with av.open(str(path)) as container:
        return {name.lower(): text for name, text in container.metadata.items()}


def ffprobe(path: Path, *entries: str) -> Any:
    """Return what ffprobe says, as JSON; None where it is not installed."""
    program = shutil.which("ffprobe")
    if program is None:
        return None
    command = [program, "-v", "error", "-of", "json", *entries, str(path)]
    return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
