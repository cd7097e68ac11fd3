"""--start, --end, --fps and --every: which frames come out, at which times, and what goes with them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from clip_makers import read_clip, write_clip
from film_makers import read_chapters, read_tracks, write_rich_film
from film_runners import Count, paint

from realtime.errors import OptionError
from realtime.film_cut import FilmCut


def cut_clip(tmp_path: Path, cut: FilmCut, *, suffix: str = ".mp4", segment_frames: int = 20) -> Path:
    source = write_clip(tmp_path / f"in{suffix}", count=100, fps=25, gop=10, sound="aac")
    count = Count()
    result = paint(source, tmp_path / f"out{suffix}", cut=cut, segment_frames=segment_frames, count=count)
    assert result.frames == count.frames  # what was foretold
    return tmp_path / f"out{suffix}"


@pytest.mark.parametrize("start", [Fraction(0), Fraction(1), Fraction(33, 25), Fraction(399, 100)])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_cut_begins_with_the_frame_that_is_on_screen_and_at_0(
    tmp_path: Path, start: Fraction, suffix: str
) -> None:
    clip = read_clip(cut_clip(tmp_path, FilmCut(start), suffix=suffix))
    first = int(start * 25)
    assert clip.numbers == list(range(first, 100))
    assert clip.times_s[0] == 0
    later = [Fraction(n, 25) - start for n in range(first + 1, 100)]
    assert clip.times_s[1:] == later


@pytest.mark.parametrize("end", [Fraction(1, 25), Fraction(1), Fraction(51, 25), Fraction(300)])
def test_a_cut_ends_before_its_end(tmp_path: Path, end: Fraction) -> None:
    clip = read_clip(cut_clip(tmp_path, FilmCut(end_s=end)))
    assert clip.numbers == list(range(min(100, int(end * 25))))
    assert max(time for time, _ in clip.sound) < end


def test_only_the_pieces_within_a_cut_are_painted(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", count=100, fps=25, gop=10, codec_options={"sc_threshold": "0"})
    count = Count()
    cut = FilmCut(Fraction(45, 25), Fraction(75, 25))
    paint(source, tmp_path / "out.mp4", cut=cut, segment_frames=20, count=count)
    assert (count.frames, count.painted) == (30, 30)


def test_sound_subtitles_and_chapters_are_cut_with_the_pictures(tmp_path: Path) -> None:
    source = write_rich_film(tmp_path / "in.mkv")
    cut = FilmCut(Fraction(1, 2), Fraction(2))
    paint(source, tmp_path / "out.mkv", cut=cut, segment_frames=25)
    sound, before = (read_tracks(p, "audio")[1].packets for p in (tmp_path / "out.mkv", source))
    kept = [(time - Fraction(1, 2), data) for time, _, data in before if Fraction(1, 2) <= time < 2]
    assert [(time, data) for time, _, data in sound] == kept
    texts = read_tracks(tmp_path / "out.mkv", "subtitle")[0].packets
    assert [(float(t), float(d), text) for t, d, text in texts] == [
        (0.0, 0.3, b"Guten Tag"),  # was on screen at the start
        (1.0, 0.9, b"Auf Wiedersehen"),
    ]
    assert read_chapters(tmp_path / "out.mkv") == [
        ("Before", Fraction(0), Fraction(1, 2)),
        ("After", Fraction(1, 2), Fraction(3, 2)),
    ]


def test_sound_after_the_last_picture_is_kept_up_to_the_end_that_was_asked_for(tmp_path: Path) -> None:
    source = write_rich_film(tmp_path / "in.mkv", count=75, sound_s=5.0)
    paint(source, tmp_path / "out.mkv", cut=FilmCut(end_s=Fraction(4)))
    sound, before = (read_tracks(p, "audio")[0].packets for p in (tmp_path / "out.mkv", source))
    assert sound == [packet for packet in before if packet[0] < 4]
    assert sound[-1][0] > 3.9  # the last picture ends at 3


@pytest.mark.parametrize("fps", [7, 24])
def test_another_rate_moves_no_sound(tmp_path: Path, fps: int) -> None:
    source = write_rich_film(tmp_path / "in.mp4", subtitle="mov_text", late_s=Fraction(1, 3))
    paint(source, tmp_path / "out.mp4", cut=FilmCut(fps=Fraction(fps)))
    sound, before = (read_tracks(p, "audio")[0].packets[0][0] for p in (tmp_path / "out.mp4", source))
    assert float(sound) == pytest.approx(float(before), abs=1e-4) and before > Fraction(3, 10)


@pytest.mark.parametrize("every", [2, 3, 7])
def test_one_frame_in_n_keeps_its_own_time(tmp_path: Path, every: int) -> None:
    clip = read_clip(cut_clip(tmp_path, FilmCut(every=every)))
    assert clip.numbers == list(range(0, 100, every))
    assert clip.times_s == [Fraction(n, 25) for n in range(0, 100, every)]


@pytest.mark.parametrize("fps", [Fraction(10), Fraction(50), Fraction(30000, 1001)])
def test_another_rate_shows_at_each_tick_what_was_on_screen(tmp_path: Path, fps: Fraction) -> None:
    clip = read_clip(cut_clip(tmp_path, FilmCut(fps=fps)))
    ticks = [n for n in range(1000) if n / fps < 4]
    assert clip.numbers == [int(n / fps * 25) for n in ticks]
    assert clip.times_s == [n / fps for n in ticks]
    assert clip.stream["rate"] == fps


def test_another_rate_fills_long_pauses(tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "in.mp4", pts=[0, 1, 2, 30, 31, 60], time_base=Fraction(1, 10), fps=10, gop=3
    )
    paint(source, tmp_path / "out.mp4", cut=FilmCut(fps=Fraction(10)), segment_frames=3)
    clip = read_clip(tmp_path / "out.mp4")
    assert clip.numbers[:61] == [0, 1, *[2] * 28, 3, *[4] * 29, 5]
    assert set(clip.numbers[61:]) <= {5}  # for as long as the file says
    assert clip.times_s == [Fraction(n, 10) for n in range(len(clip.numbers))]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"start_s": Fraction(-1)}, "--start must be 0 or later"),
        ({"start_s": Fraction(3), "end_s": Fraction(3)}, "--end must be later than 3"),
        ({"fps": Fraction(0)}, "--fps must be more than 0"),
        ({"every": 0}, "--every must be 1 or more"),
        ({"every": 2, "fps": Fraction(5)}, "give one"),
    ],
)
def test_a_cut_that_cannot_be_is_refused(values: dict[str, Fraction], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        FilmCut(**values)  # type: ignore[arg-type]


def test_a_start_after_the_end_of_the_film_says_how_long_it_is(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", count=25, fps=25)
    with pytest.raises(OptionError, match=r"in.mp4 lasts 1.00 s, --start is 5"):
        paint(source, tmp_path / "out.mp4", cut=FilmCut(Fraction(5)))
