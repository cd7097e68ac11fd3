"""A run that was killed at any moment goes on, and what comes out is the same to the bit."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from pathlib import Path

import pytest
from clip_makers import read_clip, write_clip
from film_makers import write_rich_film
from film_runners import Count, paint

from realtime.errors import SinkError, SourceError
from realtime.film_store import FilmStore
from realtime.segment_file import Found, SegmentWriter, read_packets, read_record


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a film, in.mkv, and what it becomes when nothing happens, whole.mkv."""
    folder = tmp_path_factory.mktemp("undisturbed")
    paint(write_rich_film(folder / "in.mkv", count=120, gop=10), folder / "whole.mkv", segment_frames=30)
    return folder


@pytest.fixture
def source(undisturbed: Path, tmp_path: Path) -> Path:
    """That film, to do anything with."""
    return Path(shutil.copy(undisturbed / "in.mkv", tmp_path / "in.mkv"))


@pytest.fixture
def whole(undisturbed: Path) -> str:
    """The digest of what it becomes."""
    return digest(undisturbed / "whole.mkv")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".webm", ".gif", ".webp"])
def test_the_same_film_comes_out_as_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    source = write_clip(tmp_path / "in.mp4", count=30, gop=10, sound="aac")
    paint(source, tmp_path / f"one{suffix}", segment_frames=10)
    paint(source, tmp_path / f"two{suffix}", segment_frames=10)
    assert digest(tmp_path / f"one{suffix}") == digest(tmp_path / f"two{suffix}")


@pytest.mark.parametrize("at", [1, 29, 30, 31, 60, 119])
def test_a_run_that_is_stopped_goes_on_with_the_piece_it_was_at(
    source: Path, whole: str, tmp_path: Path, at: int
) -> None:
    output = tmp_path / "out.mkv"
    stop = threading.Event()
    first = Count(lambda painted: stop.set() if painted == at else None)
    assert paint(source, output, segment_frames=30, stop=stop, count=first).result == "stopped"
    assert not output.exists()
    second = Count()
    result = paint(source, output, segment_frames=30, count=second)
    assert result.result == "painted"
    assert second.done % 30 == 0
    assert second.painted == 120 - second.done <= 120 - at // 30 * 30 + 30
    assert digest(output) == whole


def test_what_was_painted_and_is_unchanged_is_not_painted_again(source: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mkv"
    paint(source, output, segment_frames=30)
    again = Count()
    assert paint(source, output, segment_frames=30, count=again).result == "unchanged"
    assert again.painted == 0
    output.write_bytes(b"somebody else's")
    assert paint(source, output, segment_frames=30).result == "painted"
    assert len(read_clip(output).numbers) == 120


@pytest.mark.parametrize(
    "options", [{"crf": 30}, {"detail": 0.1}, {"output_wh": (32, 24)}, {"original_colors": True}]
)
def test_other_options_paint_every_piece_again(
    source: Path, tmp_path: Path, options: dict[str, object]
) -> None:
    output = tmp_path / "out.mkv"
    stop = threading.Event()
    paint(source, output, segment_frames=30, stop=stop, count=Count(lambda n: n == 80 and stop.set()))
    count = Count()
    paint(source, output, segment_frames=30, count=count, **options)
    assert (count.done, count.painted) == (0, 120)


def test_an_input_that_changed_meanwhile_is_painted_again_where_it_changed(tmp_path: Path) -> None:
    even = {"sc_threshold": "0", "bf": "0", "rc-lookahead": "0"}  # no packet depends on what comes later
    one = write_clip(tmp_path / "one.mkv", count=120, gop=30, codec_options=even)
    source, output = tmp_path / "in.mkv", tmp_path / "out.mkv"
    source.write_bytes(one.read_bytes())
    stop = threading.Event()
    paint(source, output, segment_frames=30, stop=stop, count=Count(lambda n: n == 110 and stop.set()))
    # The pictures from the third second on are others; the pieces before are the same packets.
    write_clip(source, count=120, gop=30, codec_options=even, number_from={60: 200})
    count = Count()
    paint(source, output, segment_frames=30, count=count)
    assert count.done == 60
    assert read_clip(output).numbers == [*range(60), *range(200, 256), *range(4)]


def test_an_input_that_changes_while_it_is_painted_gives_no_output(source: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mkv"
    touch = Count(lambda n: os.utime(source, ns=(1, 1)) if n == 50 else None)
    with pytest.raises(SourceError, match="was changed while it was painted; run the same command again"):
        paint(source, output, segment_frames=30, count=touch)
    assert not output.exists()


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "none"])
def test_a_piece_that_is_damaged_on_the_disk_is_painted_again(
    source: Path, whole: str, tmp_path: Path, damage: str
) -> None:
    output = tmp_path / "out.mkv"
    stop = threading.Event()
    paint(source, output, segment_frames=30, stop=stop, count=Count(lambda n: n == 119 and stop.set()))
    piece = sorted((tmp_path / ".livebrush" / "out.mkv").glob("*.segment"))[1]
    data = bytearray(piece.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    piece.write_bytes({"cut": data[:-7], "flip": data, "empty": b""}.get(damage, data))
    count = Count()
    paint(source, output, segment_frames=30, count=count)
    assert (count.done >= 90) == (damage == "none")
    assert digest(output) == whole


def test_two_processes_do_not_paint_one_output(source: Path, tmp_path: Path) -> None:
    store = FilmStore(tmp_path / "out.mkv")
    with pytest.raises(SinkError, match="is being painted by another process"):
        paint(source, tmp_path / "out.mkv")
    store.close()
    assert paint(source, tmp_path / "out.mkv").result == "painted"


def test_a_piece_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "000000.segment"
    writer = SegmentWriter(path)
    assert not path.exists()
    writer.abandon()
    assert list(tmp_path.iterdir()) == []
    record = SegmentWriter(path).finish("a key", Found((1.5,), (2.0,), True))
    assert read_record(path) == record
    assert (record.key, record.frames, record.found.lost_s) == ("a key", 0, (1.5,))
    assert list(read_packets(path)) == []
