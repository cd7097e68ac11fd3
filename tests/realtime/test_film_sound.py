"""Sound and subtitles of films that are not in order: what can be kept is, what is lost is said."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from clip_makers import numbered_picture
from film_makers import read_tracks, write_rich_film
from film_runners import paint

from realtime.packet_clock import PacketClock


def write_sound(path: Path, codec: str, layout: str = "stereo", *, sound_s: float = 2.0) -> Path:
    """Write two seconds of film, 64x48, with one track of noise of that length."""
    with av.open(str(path), "w", options={"strict": "experimental"}) as output:
        video: Any = output.add_stream("libx264", rate=25, options={"bf": "0"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound: Any = output.add_stream(codec, rate=48_000, layout=layout, options={"strict": "-2"})
        resampler = av.AudioResampler(format=sound.format.name, layout=layout, rate=48_000)
        noise = np.random.default_rng(0)
        for number in range(50):
            picture = av.VideoFrame.from_ndarray(numbered_picture(number, (64, 48)), "bgr24")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            output.mux(video.encode(picture.reformat(format="yuv420p")))
        for number in range(round(sound_s * 25)):
            channels = av.AudioLayout(layout).nb_channels
            values = noise.integers(-5000, 5000, (1, 1920 * channels)).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(values, "s16", layout)
            frame.sample_rate, frame.pts = 48_000, number * 1920
            for part in resampler.resample(frame):
                output.mux(sound.encode(part))
        for stream in (video, sound):
            output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
@pytest.mark.parametrize("sound_s", [1.9, 2.1])
def test_sound_stays_with_the_pictures_where_a_broadcasts_clock_begins_anew(
    tmp_path: Path, suffix: str, sound_s: float
) -> None:
    once = write_sound(tmp_path / "once.ts", "aac", sound_s=sound_s).read_bytes()
    (tmp_path / "thrice.ts").write_bytes(3 * once)
    result = paint(tmp_path / "thrice.ts", tmp_path / f"out{suffix}")
    assert (result.result, result.frames) == ("painted", 150)
    starts = [start for start, _, _ in read_tracks(tmp_path / f"out{suffix}", "audio")[0].packets]
    assert float(starts[-1]) == pytest.approx(4 + sound_s, abs=0.05)
    steps = [later - earlier for earlier, later in pairwise(starts)]
    assert min(steps) > 0
    assert max(steps) < 0.05 + max(0, 2 - sound_s)  # but for where the recordings have none


def test_packets_of_files_whose_clock_cannot_jump_are_left_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_leader: int) -> PacketClock:
        raise AssertionError

    monkeypatch.setattr("realtime.track_copier.PacketClock", fail)
    source = write_rich_film(tmp_path / "in.mkv")
    paint(source, tmp_path / "out.mkv")
    for kind in ("audio", "subtitle"):
        assert read_tracks(tmp_path / "out.mkv", kind) == read_tracks(source, kind)


def test_pictures_lead_a_jump_wherever_in_the_file_sound_comes_to_it() -> None:
    """Streams 0, pictures of 40 ms, and 1, sound of 20 ms that is 30 ms longer, in units of a millisecond."""

    def packets(*order: tuple[int, int]) -> list[SimpleNamespace]:
        kinds = ("video", "audio")
        return [
            SimpleNamespace(
                stream_index=n, stream=SimpleNamespace(type=kinds[n]), pts=at, dts=at,
                duration=40 - 20 * n, time_base=Fraction(1, 1000),
            )
            for n, at in order
        ]  # fmt: skip

    before = [(0, 1960), (1, 1990), (1, 2010)]
    orders = {
        "pictures": [(0, 0), (1, 0), (1, 20), (1, 40)],
        "sound": [(1, 0), (1, 20), (0, 0), (1, 40)],
    }
    for order in orders.values():
        placed = list(PacketClock(0).in_order(packets(*before, *order)))
        assert [one.pts for one in placed if one.stream_index == 0] == [1960, 2000]
        assert [one.pts for one in placed if one.stream_index == 1] == [1990, 2010, 2020, 2040]
    alone = list(PacketClock(0).in_order(packets(*before, (1, 0), (1, 20))))  # the pictures end before
    assert [one.dts for one in alone if one.stream_index == 1] == [1990, 2010, 2030, 2050]


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


@pytest.mark.parametrize("suffix", [".webm", ".mov"])
@pytest.mark.parametrize("layout", ["2.1", "quad", "4.0", "6.1", "7.1"])
def test_sound_that_is_encoded_has_as_many_channels(tmp_path: Path, layout: str, suffix: str) -> None:
    result = paint(write_sound(tmp_path / "in.mkv", "flac", layout), tmp_path / f"out{suffix}")
    assert result.result == "painted" and f"{layout} as" not in result.reason
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        assert container.streams.audio[0].layout.nb_channels == av.AudioLayout(layout).nb_channels
