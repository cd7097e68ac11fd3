from __future__ import annotations

import hashlib
import os
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from clip_makers import numbered_picture

from realtime.codecs import CODECS, choose_codec
from realtime.encoder import PictureEncoder, VideoFormat, written_colour
from realtime.errors import OptionError, SinkError
from realtime.media import Colour

SOFTWARE = ["h264", "hevc", "av1", "vp9", "prores", "ffv1", "gif", "webp", "png"]


def video(codec: str, size_wh: tuple[int, int] = (64, 64), **options: Any) -> VideoFormat:
    return VideoFormat(codec, size_wh, Fraction(1, 1000), Fraction(25), **options)


def encode(wanted: VideoFormat, count: int = 12) -> list[tuple[int, bytes]]:
    encoder = PictureEncoder(wanted)
    packets = []
    for number in range(count):
        packets += encoder.encode(numbered_picture(number, wanted.size_wh), 40 * number)
    return [(packet.pts, bytes(packet)) for packet in (*packets, *encoder.flush())]


@pytest.mark.parametrize("codec", SOFTWARE)
def test_every_codec_gives_each_frame_once_and_the_same_bits_again(codec: str) -> None:
    packets = encode(video(codec))
    assert sorted(pts for pts, _ in packets) == [40 * number for number in range(12)]
    assert encode(video(codec)) == packets


def test_h264_gives_the_same_bits_every_time() -> None:
    """x264's code for AVX-512 does not: of 400 runs about 5 differ."""
    assert len({hashlib.sha256(repr(encode(video("h264"), 32)).encode()).digest() for _ in range(250)}) == 1


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "vp9", "webp"])
def test_crf_changes_quality(codec: str) -> None:
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 255, (64, 64, 3), dtype=np.uint8) for _ in range(3)]
    sizes = []
    for crf in (10, 45):
        encoder = PictureEncoder(video(codec, crf=crf))
        packets = [packet for n, picture in enumerate(pictures) for packet in encoder.encode(picture, n)]
        sizes.append(sum(packet.size for packet in (*packets, *encoder.flush())))
    assert (sizes[0] > 1.5 * sizes[1]) == (codec != "webp")  # webp's numbers rise with quality


@pytest.mark.parametrize(
    ("codec", "options", "message"),
    [
        ("h264", {"crf": 52}, "--crf of h264 must be from 0 to 51, got 52"),
        ("prores", {"crf": 5}, "--crf is not for prores"),
        ("gif", {"preset": "slow"}, "--preset is not for gif"),
        ("divx", {}, "--codec must be one of h264, hevc"),
    ],
)
def test_what_a_codec_does_not_know_is_refused(codec: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        video(codec, **options)


@pytest.mark.parametrize(
    "wanted", [{"preset": "fastest"}, {"pixel_format": "rgb565"}, {"pixel_format": "nonsense"}]
)
def test_what_an_encoder_refuses_is_one_line(wanted: dict[str, Any]) -> None:
    with pytest.raises(SinkError, match="h264 cannot encode 64x64 .* here"):
        PictureEncoder(video("h264", **wanted))


def test_a_file_gets_a_codec_that_it_can_hold() -> None:
    chosen = [choose_codec(None, suffix) for suffix in (".mp4", ".webm", ".gif", ".webp", "")]
    assert chosen == ["h264", "vp9", "gif", "webp", "png"]
    with pytest.raises(OptionError, match=r"a .webm file cannot hold prores; write it to .mov or .mkv"):
        choose_codec("prores", ".webm")
    for name, codec in CODECS.items():
        assert choose_codec(name, codec.holders[0]) == name


def test_colours_are_written_as_the_film_has_them() -> None:
    said = Colour(matrix=6, full_range=True, primaries=5, transfer=6)
    assert written_colour(said, (64, 48), (64, 48)) == said
    assert written_colour(None, (64, 48), (64, 48)) == Colour()
    assert written_colour(Colour(), (1280, 720), (64, 48)).matrix == 5  # guessed by the film's own size
    rgb = Colour(matrix=0, full_range=True)
    assert written_colour(rgb, (64, 48), (64, 48)).matrix == 5  # nothing else writes RGB


@pytest.mark.skipif(sys.platform != "linux", reason="threads are scheduled so on Linux")
@pytest.mark.parametrize("codec", ["av1", "hevc"])
def test_no_encoder_takes_the_machine_for_itself(codec: str) -> None:
    """SVT-AV1 does when root runs it; see `keep_scheduling`."""
    usual = os.sched_getscheduler(0)
    encoder = PictureEncoder(video(codec))
    encoder.encode(numbered_picture(0, (64, 64)), 0)
    policies = {os.sched_getscheduler(int(thread)) for thread in os.listdir("/proc/self/task")}
    encoder.flush()
    assert policies == {usual}
