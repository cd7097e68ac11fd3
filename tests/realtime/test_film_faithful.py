"""What comes out is the same film, painted: everything but the pictures is as it was, to the bit."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from clip_makers import read_clip, read_number, write_clip
from film_makers import (
    ffprobe,
    read_chapters,
    read_metadata,
    read_tracks,
    write_rich_film,
)
from film_runners import paint

from realtime.film import FilmResult
from realtime.source_video import VideoSource

LONG_PAUSES = [7, 100, 101, 350, 351, 900, 1499, 1500, 25_000, 25_001, 90_000, 300_000]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_every_frame_of_every_piece_is_there_in_order_at_its_time(tmp_path: Path, suffix: str) -> None:
    source = write_clip(tmp_path / f"in{suffix}", count=100, gop=12, sound="aac", sound_s=3.6)
    result = paint(source, tmp_path / f"out{suffix}", segment_frames=30)
    before, after = read_clip(source), read_clip(tmp_path / f"out{suffix}")
    assert (result.result, result.frames, result.painted) == ("painted", 100, 100)
    assert after.numbers == before.numbers == list(range(100))
    assert after.times_s == before.times_s
    assert after.sound == before.sound
    assert after.stream["rate"] == before.stream["rate"]
    assert after.stream["duration_s"] == before.stream["duration_s"]


@pytest.mark.parametrize("base", [Fraction(1, 12_800), Fraction(1001, 30_000), Fraction(1, 90_000)])
def test_uneven_times_and_long_pauses_are_kept_exactly_over_the_seams(tmp_path: Path, base: Fraction) -> None:
    exact = {"movie_timescale": str(base.denominator)}
    source = write_clip(tmp_path / "in.mp4", pts=LONG_PAUSES, time_base=base, gop=3, container_options=exact)
    paint(source, tmp_path / "out.mp4", segment_frames=3)
    before, after = read_clip(source), read_clip(tmp_path / "out.mp4")
    assert after.times_s == before.times_s == [pts * base for pts in LONG_PAUSES]
    assert after.numbers == list(range(len(LONG_PAUSES)))


def test_times_of_matroska_are_kept_where_mp4_takes_them_over(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", pts=[0, 33, 67, 100, 1133, 1167], time_base=Fraction(1, 1000))
    paint(source, tmp_path / "out.mp4")
    assert read_clip(tmp_path / "out.mp4").times_s == read_clip(source).times_s


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_all_sound_subtitles_chapters_languages_and_the_title_are_kept(tmp_path: Path, suffix: str) -> None:
    subtitle = "subrip" if suffix == ".mkv" else "mov_text"
    source, output = tmp_path / f"in{suffix}", tmp_path / f"out{suffix}"
    write_rich_film(source, subtitle=subtitle)
    assert paint(source, output, segment_frames=25).reason == ""
    for kind in ("audio", "subtitle", "attachment"):
        assert read_tracks(output, kind) == read_tracks(source, kind)
    assert [track.language for track in read_tracks(output, "audio")] == ["eng", "deu"]
    assert [track.language for track in read_tracks(output, "subtitle")] == ["deu", "fra"]
    assert len(read_tracks(output, "subtitle")[0].packets) == 2
    assert read_tracks(output, "video")[0].language == "nld"
    assert read_chapters(output) == read_chapters(source)
    assert len(read_chapters(output)) == 2
    for name in ("title", "artist"):
        assert read_metadata(output)[name] == read_metadata(source)[name]


def test_matroska_keeps_the_letters_of_its_subtitles(tmp_path: Path) -> None:
    paint(write_rich_film(tmp_path / "in.mkv", subtitle="ass"), tmp_path / "out.mkv")
    with av.open(str(tmp_path / "out.mkv")) as container:
        letters: Any = [stream for stream in container.streams if stream.type == "attachment"]
        assert [(one.name, one.mimetype, bytes(one.data)) for one in letters] == [
            ("letters.ttf", "font/ttf", b"not really a font")
        ]


@pytest.mark.parametrize("subtitle", ["subrip", "ass"])
def test_subtitles_that_a_file_cannot_hold_become_its_own_text_and_it_is_said(
    tmp_path: Path, subtitle: str
) -> None:
    source = write_rich_film(tmp_path / "in.mkv", subtitle=subtitle)
    result = paint(source, tmp_path / "out.mp4")
    texts = read_tracks(tmp_path / "out.mp4", "subtitle")
    gap = b"\n" if subtitle == "ass" else b" "
    assert texts[1].texts == [b"\x00\x09Guten" + gap + b"Tag", b"\x00\x0fAuf" + gap + b"Wiedersehen"]
    assert [times[:2] for times in texts[1].packets] == [
        (Fraction(1, 5), Fraction(3, 5)),
        (Fraction(3, 2), Fraction(9, 10)),
    ]
    assert [track.language for track in texts] == ["deu", "fra"]
    assert result.reason.count("they are written as mov_text") == 1


def test_times_stay_when_a_film_moves_to_matroska(tmp_path: Path) -> None:
    source = write_rich_film(tmp_path / "in.mp4", subtitle="mov_text")
    paint(source, tmp_path / "out.mkv")
    assert read_clip(tmp_path / "out.mkv").times_s == [Fraction(n, 25) for n in range(75)]
    for before, after in zip(
        read_tracks(source, "audio"), read_tracks(tmp_path / "out.mkv", "audio"), strict=True
    ):
        assert after.texts == before.texts
        assert after.packets[0][0] == pytest.approx(before.packets[0][0], abs=1e-3)
    text = read_tracks(tmp_path / "out.mkv", "subtitle")[0]
    assert (text.codec, text.texts[0], text.packets[0][0]) == ("srt", b"Guten Tag", Fraction(1, 5))


def test_webm_gets_sound_and_subtitles_that_it_can_hold(tmp_path: Path) -> None:
    source = write_rich_film(tmp_path / "in.mkv")
    result = paint(source, tmp_path / "out.webm")
    assert [track.codec for track in read_tracks(tmp_path / "out.webm", "audio")] == ["opus", "opus"]
    assert read_tracks(tmp_path / "out.webm", "subtitle")[0].texts == [b"Guten Tag", b"Auf Wiedersehen"]
    assert "aac sound; it is encoded as Opus" in result.reason
    assert read_clip(tmp_path / "out.webm").numbers == list(range(75))


def test_quicktime_keeps_languages_by_its_own_names(tmp_path: Path) -> None:
    paint(write_rich_film(tmp_path / "in.mov", subtitle="mov_text"), tmp_path / "out.mov")
    paint(write_rich_film(tmp_path / "in.mkv"), tmp_path / "too.mov")
    assert [track.language for track in read_tracks(tmp_path / "too.mov", "audio")] == ["eng", "ger"]


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_film_comes_out_upright(tmp_path: Path, rotation: int) -> None:
    source = write_clip(tmp_path / "in.mp4", count=8, rotation=rotation, pixel_aspect=Fraction(4, 3))
    paint(source, tmp_path / "out.mp4")
    shown, painted = first_frame(source), first_frame(tmp_path / "out.mp4")
    assert painted.shape == shown.shape == ((64, 48, 3) if rotation % 180 else (48, 64, 3))
    assert np.abs(shown.astype(int) - painted).max() < 12
    aspect = read_clip(tmp_path / "out.mp4").stream["aspect"]
    assert aspect == (Fraction(3, 4) if rotation % 180 else Fraction(4, 3))
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert next(container.decode(video=0)).rotation == 0


@pytest.mark.parametrize("full", [1, 2])
@pytest.mark.parametrize("matrix", [1, 5, 6, 9])
@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_matrix_range_primaries_and_transfer_are_kept_and_colours_look_the_same(
    tmp_path: Path, matrix: int, full: int, codec: str
) -> None:
    colour = (matrix, 6 if matrix != 9 else 16, matrix, full)
    source = write_clip(tmp_path / "in.mkv", count=3, colour=colour, codec_options={"crf": "1"})
    paint(source, tmp_path / "out.mkv", codec=codec, crf=1)
    assert read_clip(tmp_path / "out.mkv").stream["colour"] == read_clip(source).stream["colour"] == colour
    painted, shown = first_frame(tmp_path / "out.mkv"), first_frame(source)
    assert np.abs(painted.astype(int) - shown).max() <= 4  # another range moves black by 16


def test_what_a_film_does_not_say_about_its_colours_stays_unsaid(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", count=3)
    paint(source, tmp_path / "out.mp4")
    assert read_clip(tmp_path / "out.mp4").stream["colour"] == (2, 2, 2, 0)
    paint(source, tmp_path / "large.mp4", output_wh=(1280, 720))
    assert read_clip(tmp_path / "large.mp4").stream["colour"][2] == 5  # players would guess another


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_hevc_is_called_what_every_player_plays_and_holds_what_that_promises(
    tmp_path: Path, suffix: str
) -> None:
    source = write_clip(tmp_path / "in.mp4", count=40, gop=10)
    paint(source, tmp_path / f"out{suffix}", codec="hevc", segment_frames=10)
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"
        keys = [bytes(packet) for packet in container.demux(video=0) if packet.is_keyframe]
    assert len(keys) >= 4  # one for each piece
    for key in keys:  # ISO/IEC 14496-15: hvc1 has its parameter sets, units 32 to 34, in the header alone
        assert key[4] >> 1 & 63 not in (32, 33, 34)
    assert read_clip(tmp_path / f"out{suffix}").numbers == list(range(40))


@pytest.mark.parametrize("size_wh", [(65, 49), (64, 49), (65, 48)])
@pytest.mark.parametrize(
    ("codec", "suffix"),
    [
        ("h264", ".mp4"),
        ("hevc", ".mp4"),
        ("vp9", ".webm"),
        ("av1", ".mkv"),
        ("ffv1", ".mkv"),
        ("prores", ".mov"),
    ],
)
def test_odd_sizes_come_out_odd(tmp_path: Path, size_wh: tuple[int, int], codec: str, suffix: str) -> None:
    source = write_clip(tmp_path / "in.mp4", count=6, size_wh=size_wh, pix_fmt="yuv444p")
    paint(source, tmp_path / f"out{suffix}", codec=codec)
    clip = read_clip(tmp_path / f"out{suffix}")
    assert clip.size_wh == size_wh
    assert clip.numbers == list(range(6))


@pytest.mark.parametrize("pix_fmt", ["yuv420p10le", "yuv422p10le"])
def test_ten_bits_are_read_right_and_can_be_written(tmp_path: Path, pix_fmt: str) -> None:
    eight = write_clip(tmp_path / "eight.mkv", count=4, codec="ffv1", pix_fmt="bgr0")
    ten = write_clip(tmp_path / "ten.mp4", count=4, pix_fmt=pix_fmt, codec_options={"crf": "1"})
    paint(ten, tmp_path / "out.mp4", pixel_format=pix_fmt, crf=1)
    assert read_clip(tmp_path / "out.mp4").stream["pix_fmt"] == pix_fmt
    assert read_clip(tmp_path / "out.mp4").numbers == list(range(4))
    difference = np.abs(first_frame(tmp_path / "out.mp4").astype(int) - first_frame(eight))
    assert difference.mean() < 1.5
    assert difference.max() < 12


def test_the_shape_of_pixels_is_kept(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", count=3, pixel_aspect=Fraction(4, 3))
    paint(source, tmp_path / "out.mp4")
    assert read_clip(tmp_path / "out.mp4").stream["aspect"] == Fraction(4, 3)


@pytest.mark.parametrize("gop_options", [{"x264-params": "open-gop=1:bframes=3:b-adapt=0"}, {}])
def test_frames_shown_before_the_key_frame_that_they_follow_are_whole(
    tmp_path: Path, gop_options: dict[str, str]
) -> None:
    """An open group of pictures: the frames around a cut are made from both of its sides."""
    source = write_clip(tmp_path / "in.mkv", count=96, gop=12, codec_options=gop_options)
    paint(source, tmp_path / "out.mkv", segment_frames=24, codec="ffv1")
    assert read_clip(tmp_path / "out.mkv").numbers == list(range(96))
    assert pictures(tmp_path / "out.mkv") == pytest.approx(pictures(source), abs=1)


def test_a_film_refreshed_bit_by_bit_has_no_broken_frames_at_its_cuts(tmp_path: Path) -> None:
    """Without whole pictures, decoding that begins in the middle gives grey until all is refreshed."""
    options = {"x264-params": "intra-refresh=1:keyint=15:bframes=0"}
    source = write_clip(tmp_path / "in.mkv", count=90, codec_options=options)
    paint(source, tmp_path / "out.mkv", segment_frames=20, codec="ffv1")
    assert read_clip(tmp_path / "out.mkv").numbers == list(range(90))
    assert pictures(tmp_path / "out.mkv") == pytest.approx(pictures(source), abs=1)


@pytest.mark.parametrize("name", ["in.avi", "in.ts", "in.flv", "in.wmv", "in.mpg"])
def test_films_of_old_and_of_broadcasts_come_out_whole(tmp_path: Path, name: str) -> None:
    codec, sound = {
        "in.avi": ("mpeg4", "libmp3lame"),
        "in.wmv": ("msmpeg4", "wmav2"),
        "in.mpg": ("mpeg2video", "mp2"),
    }.get(name, ("libx264", "aac"))
    source = write_clip(tmp_path / name, count=70, fps=25, codec=codec, sound=sound, gop=12)
    result = paint(source, tmp_path / "out.mkv", segment_frames=24)
    clip = read_clip(tmp_path / "out.mkv")
    assert clip.numbers == list(range(70))
    times, before = (np.array([float(t) for t in c.times_s]) for c in (clip, read_clip(source)))
    np.testing.assert_allclose(times - times[0], before - before[0], atol=1.1e-3)
    assert len(clip.sound) > 10
    assert result.frames == 70


def test_a_clock_that_starts_again_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    one = write_clip(tmp_path / "one.ts", count=40, gop=10)
    two = write_clip(tmp_path / "two.ts", pts=range(40, 70), gop=10)
    both = tmp_path / "both.ts"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    shown = read_frames(both)
    paint(both, tmp_path / "out.mp4", segment_frames=10)
    clip = read_clip(tmp_path / "out.mp4")
    assert clip.numbers == shown
    assert len(shown) == 70
    assert clip.times_s == sorted(set(clip.times_s))


def test_ffprobe_finds_the_same_streams_and_times(tmp_path: Path) -> None:
    source = write_rich_film(tmp_path / "in.mkv")
    paint(source, tmp_path / "out.mkv", segment_frames=25)
    entries = (
        "-show_entries",
        "stream=codec_type,codec_name:stream_tags=language,title:packet=pts,size,stream_index",
    )
    before, after = ffprobe(source, *entries), ffprobe(tmp_path / "out.mkv", *entries)
    if before is None:
        pytest.skip("needs ffprobe")
    assert after["streams"] == before["streams"]
    sound: Callable[[Any], list[Any]] = lambda facts: [p for p in facts["packets"] if p["stream_index"]]  # noqa: E731
    assert sound(after) == sound(before) != []


def test_a_real_clip_is_painted_with_every_time_kept(shared_dir: Path, tmp_path: Path) -> None:
    source = shared_dir / "data" / "video" / "fox.mp4"
    result: FilmResult = paint(source, tmp_path / "out.mp4", output_wh=(128, 72))
    with av.open(str(source)) as a, av.open(str(tmp_path / "out.mp4")) as b:
        before: Any = [f.pts * f.time_base for f in a.decode(video=0)]
        after: Any = [f.pts * f.time_base for f in b.decode(video=0)]
    assert after == before
    assert result.frames == len(before) > 50


def first_frame(path: Path) -> Any:
    """Return the first frame as it is shown, (H, W, 3) uint8 BGR."""
    source = VideoSource(path)
    frame = source.read()
    source.close()
    assert frame is not None
    return frame.image


def read_frames(path: Path) -> list[int]:
    """Return the number in every frame that our own source reads."""
    source, numbers = VideoSource(path), []
    while (frame := source.read()) is not None:
        numbers.append(read_number(frame.image))
    source.close()
    return numbers


def pictures(path: Path) -> list[float]:
    """Return the mean of every frame."""
    with av.open(str(path)) as container:
        return [float(frame.to_ndarray(format="bgr24").mean()) for frame in container.decode(video=0)]


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_the_index_of_a_file_comes_before_its_pictures(tmp_path: Path, suffix: str) -> None:
    source = write_rich_film(tmp_path / "in.mkv")
    paint(source, tmp_path / f"out{suffix}")
    data = (tmp_path / f"out{suffix}").read_bytes()
    boxes, at = [], 0
    while at < len(data):
        boxes.append(data[at + 4 : at + 8])
        at += int.from_bytes(data[at : at + 4], "big")
    assert boxes.index(b"moov") < boxes.index(b"mdat")
