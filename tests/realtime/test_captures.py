from pathlib import Path

import numpy as np
import pytest

from realtime.captures import Captures, free_path
from realtime.errors import SinkError
from realtime.frame import Frame
from realtime.sinks import open_sink
from realtime.testing import CollectingSink, make_frame


def all_news(captures: Captures) -> list[str]:
    return list(iter(captures.take_news, None))


def test_a_free_name_is_found_without_touching_what_is_there(tmp_path: Path) -> None:
    assert free_path(tmp_path, "clip", ".mp4").name == "clip.mp4"
    for name in ("clip.mp4", "clip_2.mp4"):
        (tmp_path / name).touch()
    assert free_path(tmp_path, "clip", ".mp4").name == "clip_3.mp4"
    assert free_path(tmp_path, "clip", "").name == "clip"


def test_what_became_of_a_snapshot_is_told(tmp_path: Path) -> None:
    captures = Captures(tmp_path, open_sink)
    captures.snapshot(np.zeros((64, 64, 3), np.uint8), "udnie")
    captures.close()
    assert all_news(captures) == ["saved livebrush_udnie.png"]
    assert (tmp_path / "livebrush_udnie.png").stat().st_size > 0


def test_a_snapshot_into_a_folder_that_is_gone_is_told_and_no_more(tmp_path: Path) -> None:
    captures = Captures(tmp_path / "gone", open_sink)
    captures.snapshot(np.zeros((64, 64, 3), np.uint8), "udnie")
    captures.close()
    assert all_news(captures) == ["no snapshot: No such file or directory"]


def test_a_recording_is_a_film_that_begins_at_zero(tmp_path: Path) -> None:
    captures = Captures(tmp_path, open_sink)
    assert captures.recording_s is None
    captures.start_recording(make_frame(300), "udnie")
    for index in range(300, 330):
        captures.record(make_frame(index))
    assert captures.recording_s == pytest.approx(29 / 30)
    captures.stop_recording()
    assert captures.recording_s is None
    assert all_news(captures) == ["recording livebrush_udnie.mp4", "saved livebrush_udnie.mp4"]

    import av

    with av.open(str(tmp_path / "livebrush_udnie.mp4")) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx([index / 30 for index in range(30)], abs=1e-3)


def test_a_recording_that_no_frame_came_to_is_not_said_to_be_saved(tmp_path: Path) -> None:
    captures = Captures(tmp_path, open_sink)
    captures.start_recording(make_frame(300), "udnie")
    captures.stop_recording()
    assert all_news(captures) == ["recording livebrush_udnie.mp4", "nothing was recorded: no frame came"]
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_ends_the_recording_and_not_the_show(tmp_path: Path) -> None:
    def full(frame: Frame) -> None:
        raise SinkError("the disk is full")

    sink = CollectingSink(full)
    captures = Captures(tmp_path, lambda path: sink)
    captures.start_recording(make_frame(), "udnie")
    captures.record(make_frame())
    captures.record(make_frame(1))
    assert captures.recording_s is None
    assert sink.closed
    assert all_news(captures) == ["recording livebrush_udnie.mp4", "recording ended: the disk is full"]


def test_a_recording_that_cannot_begin_is_told(tmp_path: Path) -> None:
    captures = Captures(tmp_path / "gone", open_sink)
    captures.start_recording(make_frame(), "udnie")
    assert captures.recording_s is None
    (news,) = all_news(captures)
    assert news.startswith("no recording: ")


def test_closing_finishes_a_recording(tmp_path: Path) -> None:
    sink = CollectingSink()
    captures = Captures(tmp_path, lambda path: sink)
    captures.start_recording(make_frame(), "udnie")
    captures.close()
    assert sink.closed
