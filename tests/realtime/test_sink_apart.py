from pathlib import Path

import av
import pytest

from realtime import pipeline
from realtime.errors import SinkError
from realtime.frame import Frame
from realtime.painter import EnginePainter
from realtime.sink_apart import ApartSink
from realtime.sink_video import VideoSink
from realtime.testing import CollectingSink, FakeClock, IdentityEngine, ScriptedSource, make_frame
from realtime.timing import StageTimes


def failing_at(index: int, error: Exception) -> CollectingSink:
    def fail(frame: Frame) -> None:
        if frame.index == index:
            raise error

    return CollectingSink(fail)


def run(*sinks: pipeline.Writer) -> None:
    times = StageTimes(FakeClock())
    output = pipeline.SinkOutput(sinks, times)
    pipeline.run(ScriptedSource.of_frames(5), EnginePainter(IdentityEngine(), times), output, times=times)


@pytest.mark.parametrize("error", [SinkError("full.mp4 cannot be written: disk full"), ValueError("encoder")])
def test_a_sink_that_fails_is_closed_and_the_others_get_every_frame(error: Exception) -> None:
    said: list[str] = []
    full, well = failing_at(2, error), CollectingSink()
    apart = ApartSink(full, "full.mp4", said.append)
    run(apart, well)
    assert [frame.index for frame in full.frames] == [0, 1]
    assert full.closed
    assert [frame.index for frame in well.frames] == [0, 1, 2, 3, 4]
    assert len(said) == 1
    assert str(error) in said[0] and said[0].endswith("the show goes on")


def test_what_failed_is_raised_at_the_end_once_so_that_the_exit_code_tells_it() -> None:
    apart = ApartSink(failing_at(0, SinkError("disk full")), "full.mp4", lambda line: None)
    apart.write(make_frame(0))
    with pytest.raises(SinkError, match="full.mp4 ended early: disk full"):
        apart.close()
    apart.close()


def test_a_sink_that_does_not_fail_is_written_and_closed() -> None:
    well = CollectingSink()
    with ApartSink(well, "well.mp4", lambda line: None) as apart:
        apart.write(make_frame(3))
    assert ([frame.index for frame in well.frames], well.closed) == ([3], True)


def test_a_film_whose_picture_changes_size_ends_there_and_plays(tmp_path: Path) -> None:
    """The encoder itself refuses: what it had written before is a whole film."""
    apart = ApartSink(VideoSink(tmp_path / "a.mp4"), "a.mp4", lambda line: None)
    for index in range(6):
        apart.write(make_frame(index, size_wh=(96, 64) if index < 4 else (64, 64)))
    with pytest.raises(SinkError, match="frame 4 is 64x64"):
        apart.close()
    with av.open(str(tmp_path / "a.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == 4
