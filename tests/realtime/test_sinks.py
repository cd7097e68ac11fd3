from __future__ import annotations

import os
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from clip_makers import numbered_picture, write_clip

from realtime.errors import SinkError
from realtime.frame import Frame
from realtime.sink_pictures import PictureSink
from realtime.sink_video import VideoSink
from realtime.sinks import ClosingSink, NullSink, open_sink
from realtime.sources import SourceInfo, open_source


def test_the_path_chooses_the_sink(tmp_path: Path) -> None:
    assert isinstance(open_sink(None), NullSink)
    assert isinstance(open_sink(tmp_path / "a.mp4"), VideoSink)
    assert isinstance(open_sink(str(tmp_path / "A.MKV")), VideoSink)
    assert isinstance(open_sink(tmp_path / "a.mov"), VideoSink)
    assert isinstance(open_sink(tmp_path / "pictures"), PictureSink)
    assert isinstance(open_sink(f"{tmp_path}/with.dot/"), PictureSink)
    (tmp_path / "old.d").mkdir()
    assert isinstance(open_sink(tmp_path / "old.d"), PictureSink)


@pytest.mark.parametrize("name", ["a.avi", "a.gif", "a.png", "a.webm"])
def test_an_unknown_suffix_lists_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(SinkError, match=r"\.mp4, \.mkv, \.mov"):
        open_sink(tmp_path / name)


@pytest.mark.parametrize("name", ["missing/a.mp4", "missing/pictures"])
def test_a_missing_folder_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(SinkError, match=f"{tmp_path / 'missing'} does not exist"):
        open_sink(tmp_path / name)


@pytest.mark.parametrize("name", ["file/a.mp4", "file/pictures"])
def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkError, match="is no folder"):
        open_sink(tmp_path / name)


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere, Windows has other rights"
)
@pytest.mark.parametrize("name", ["a.mp4", "pictures"])
def test_a_folder_that_may_not_be_written_is_refused(tmp_path: Path, name: str) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(SinkError, match="Permission denied"):
            open_sink(tmp_path / name)
    finally:
        tmp_path.chmod(0o700)


def test_an_output_that_cannot_be_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="cannot be written"):
        open_sink(tmp_path / ("x" * 300 + ".mp4"))


@pytest.mark.parametrize("link", ["same", "symbolic", "hard", "roundabout"])
def test_the_input_is_never_overwritten(tmp_path: Path, link: str) -> None:
    path = write_clip(tmp_path / "in.mp4", count=3)
    before = path.read_bytes()
    output = tmp_path / "out.mp4"
    if link == "symbolic":
        output.symlink_to(path)
    elif link == "hard":
        os.link(path, output)
    elif link == "roundabout":
        (tmp_path / "sub").mkdir()
        output = tmp_path / "sub" / ".." / "in.mp4"
    else:
        output = path
    source = open_source(str(path))
    with pytest.raises(SinkError, match="is the input itself"):
        open_sink(output, source=source.info)
    source.close()
    assert path.read_bytes() == before


def test_a_folder_of_pictures_is_not_written_into_itself(tmp_path: Path) -> None:
    info = SourceInfo("in", "folder", (64, 48), path=tmp_path)
    with pytest.raises(SinkError, match="is the input itself"):
        open_sink(tmp_path, source=info)


def test_a_null_sink_takes_everything_and_keeps_nothing(tmp_path: Path) -> None:
    with open_sink(None) as sink:
        sink.write(Frame(numbered_picture(1), 0, 0, Fraction(1, 30), 0.0))


class Failing(ClosingSink):
    def close(self) -> None:
        raise SinkError("the end cannot be written")


def test_an_error_at_the_end_is_raised_but_does_not_hide_an_earlier_one() -> None:
    with pytest.raises(SinkError, match="the end"), Failing():
        pass
    with pytest.raises(ValueError, match="earlier"), Failing():
        raise ValueError("earlier")
