"""Films in fields become films of whole pictures: as many, at the same times, without combs."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from clip_makers import write_fields
from film_runners import Count, paint
from numpy.typing import NDArray

from realtime.source_video import VideoSource


def combs(image: NDArray[np.uint8]) -> float:
    """Return how much the lines of a picture differ from their neighbours."""
    return float(np.abs(np.diff(image.astype(int), axis=0)).mean())


def read_all(path: Path) -> tuple[list[Any], VideoSource]:
    source, frames = VideoSource(path), []
    while (frame := source.read()) is not None:
        frames.append(frame)
    source.close()
    return frames, source


@pytest.mark.parametrize("top_first", [True, False])
@pytest.mark.parametrize(
    ("name", "codec"),
    [("in.mp4", "libx264"), ("in.ts", "mpeg2video"), ("in.mov", "prores_ks"), ("in.mkv", "ffv1")],
)
def test_what_was_filmed_in_fields_has_no_combs(
    tmp_path: Path, name: str, codec: str, top_first: bool
) -> None:
    path = write_fields(tmp_path / name, codec=codec, top_first=top_first)
    with av.open(str(path)) as container:
        woven = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
        container.seek(0)
        times = [f.pts * f.time_base for f in container.decode(video=0)]
    frames, source = read_all(path)
    assert source.interlaced
    assert len(frames) == len(woven) == 30
    assert [f.pts * f.time_base for f in frames] == [
        moment - (times[0] if name == "in.ts" else 0) for moment in times
    ]
    assert max(combs(frame.image) for frame in frames[1:]) < 0.1 * combs(woven[1])


def test_the_first_field_is_the_one_that_is_seen(tmp_path: Path) -> None:
    for top_first in (True, False):
        path = write_fields(tmp_path / f"{top_first}.mp4", codec="libx264", top_first=top_first)
        frames, _ = read_all(path)
        lefts = [int(np.argmax(frame.image[24, :, 0] > 128)) for frame in frames[1:10]]
        assert lefts == pytest.approx([8 * number for number in range(1, 10)], abs=1)


def test_whole_pictures_pass_as_they_are(tmp_path: Path) -> None:
    path = write_fields(tmp_path / "in.mkv", codec="ffv1", interlaced=False)
    frames, source = read_all(path)
    with av.open(str(path)) as container:
        woven = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    assert not source.interlaced
    assert combs(frames[5].image) == pytest.approx(combs(woven[5]), rel=0.1)


def test_a_film_in_fields_is_painted_in_whole_pictures_and_the_report_says_so(tmp_path: Path) -> None:
    source = write_fields(tmp_path / "in.mp4", codec="libx264", gop=10)
    result = paint(source, tmp_path / "out.mp4", segment_frames=10)
    assert (result.result, result.frames) == ("painted", 30)
    assert result.reason == "interlaced: every two fields became one picture"
    with av.open(str(tmp_path / "out.mp4")) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 30
    assert not any(frame.interlaced_frame for frame in frames)
    assert max(combs(frame.to_ndarray(format="bgr24")) for frame in frames) < 2


def test_a_film_in_fields_that_was_stopped_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    source, output = write_fields(tmp_path / "in.mp4", codec="libx264", gop=10), tmp_path / "out.mp4"
    paint(source, tmp_path / "whole.mp4", segment_frames=10)
    stop = threading.Event()
    paint(source, output, segment_frames=10, stop=stop, count=Count(lambda n: n == 25 and stop.set()))
    again = Count()
    assert "interlaced" in paint(source, output, segment_frames=10, count=again).reason
    assert 0 < again.done < 30  # x264 sets its key frames of field films where it likes
    assert output.read_bytes() == (tmp_path / "whole.mp4").read_bytes()
