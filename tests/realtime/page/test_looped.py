from realtime.page.looped import LoopedSource
from realtime.testing import ScriptedSource


def test_a_film_begins_again_at_its_end_and_time_goes_on() -> None:
    opened: list[ScriptedSource] = []

    def open_again() -> ScriptedSource:
        opened.append(ScriptedSource.of_frames(3))
        return opened[-1]

    source = LoopedSource(open_again(), open_again)
    frames = [source.read() for _ in range(8)]
    assert [frame.index for frame in frames if frame] == list(range(8))
    assert [frame.pts for frame in frames if frame] == list(range(8))
    assert [int(frame.image[0, 0, 0]) for frame in frames if frame] == [0, 1, 2, 0, 1, 2, 0, 1]
    assert len(opened) == 3 and opened[0].closed and opened[1].closed and not opened[2].closed
    assert source.info.frame_count is None
    source.close()
    assert opened[2].closed


def test_a_source_without_frames_ends() -> None:
    assert LoopedSource(ScriptedSource([]), lambda: ScriptedSource([])).read() is None


def test_a_film_that_cannot_be_read_again_ends() -> None:
    source = LoopedSource(ScriptedSource.of_frames(1), lambda: ScriptedSource([]))
    assert source.read() is not None
    assert source.read() is None
