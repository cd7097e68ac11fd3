"""Sound and subtitles of films that are not in order: what can be kept is, what is lost is said."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from clip_makers import numbered_picture
from film_makers import read_tracks, write_rich_film
from film_runners import paint


def write_sound(path: Path, codec: str, layout: str = "stereo", seconds: float = 2.0) -> Path:
    """Write a film of 64x48 with one track of noise."""
    with av.open(str(path), "w", options={"strict": "experimental"}) as output:
        video: Any = output.add_stream("libx264", rate=25, options={"bf": "0"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound: Any = output.add_stream(codec, rate=48_000, layout=layout, options={"strict": "-2"})
        resampler = av.AudioResampler(format=sound.format.name, layout=layout, rate=48_000)
        noise = np.random.default_rng(0)
        for number in range(round(seconds * 25)):
            picture = av.VideoFrame.from_ndarray(numbered_picture(number, (64, 48)), "bgr24")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            output.mux(video.encode(picture.reformat(format="yuv420p")))
            channels = av.AudioLayout(layout).nb_channels
            values = noise.integers(-5000, 5000, (1, 1920 * channels)).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(values, "s16", layout)
            frame.sample_rate, frame.pts = 48_000, number * 1920
            for part in resampler.resample(frame):
                output.mux(sound.encode(part))
        for stream in (video, sound):
            output.mux(stream.encode(None))
    return path


def test_sound_goes_on_where_a_broadcasts_clock_begins_anew(tmp_path: Path) -> None:
    once = write_sound(tmp_path / "once.ts", "aac").read_bytes()
    (tmp_path / "twice.ts").write_bytes(once + once)
    result = paint(tmp_path / "twice.ts", tmp_path / "out.mp4")
    assert (result.result, result.frames) == ("painted", 100)
    sound = read_tracks(tmp_path / "out.mp4", "audio")[0].packets
    assert len(sound) == 2 * len(read_tracks(tmp_path / "once.ts", "audio")[0].packets)
    starts = [start for start, _, _ in sound]
    assert 3.9 < starts[-1] < 4.1
    assert max(later - earlier for earlier, later in pairwise(starts)) < 0.05


def test_sound_that_cannot_be_decoded_is_left_out_and_said_and_the_rest_goes_on(tmp_path: Path) -> None:
    source, spoilt = write_rich_film(tmp_path / "in.mkv"), tmp_path / "spoilt.mkv"
    with av.open(str(source)) as whole, av.open(str(spoilt), "w") as output:
        picture, sound = whole.streams.video[0], whole.streams.audio[0]
        copies = {one.index: output.add_stream_from_template(one) for one in (picture, sound)}
        for packet in whole.demux(picture, sound):
            if not packet.size:
                continue
            written: Any = packet
            if packet.stream_index == sound.index and 1 < packet.pts * packet.time_base < Fraction(103, 100):
                written = av.Packet(b"\xff" * 40)
                for name in ("pts", "dts", "duration", "time_base", "is_keyframe"):
                    setattr(written, name, getattr(packet, name))
            written.stream = copies[packet.stream_index]
            output.mux(written)
    result = paint(spoilt, tmp_path / "out.webm")
    assert result.result == "in part"
    assert "of sound could not be copied, from 1.0" in result.reason
    assert read_tracks(tmp_path / "out.webm", "audio")[0].packets[-1][0] > 2.8


@pytest.mark.parametrize("codec", ["flac", "libopus"])
def test_sound_that_a_file_refuses_late_is_encoded(tmp_path: Path, codec: str) -> None:
    result = paint(write_sound(tmp_path / "in.mkv", codec), tmp_path / "out.mov")
    assert result.result == "painted" and "it is encoded as AAC" in result.reason
    assert read_tracks(tmp_path / "out.mov", "audio")[0].packets[-1][0] > 1.9


@pytest.mark.parametrize("layout", ["quad", "4.0", "6.1"])
def test_opus_has_as_many_channels(tmp_path: Path, layout: str) -> None:
    result = paint(write_sound(tmp_path / "in.mkv", "flac", layout), tmp_path / "out.webm")
    assert result.result == "painted" and "channels" not in result.reason
    with av.open(str(tmp_path / "out.webm")) as container:
        assert container.streams.audio[0].layout.nb_channels == av.AudioLayout(layout).nb_channels
