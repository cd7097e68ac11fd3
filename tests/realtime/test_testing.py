"""What ships for the tests of others does what it says, and its example runs."""

import textwrap

import numpy as np
import pytest

from realtime import testing
from realtime.testing import CollectingSink, FakeClock, IdentityEngine, ScriptedSource, make_frame


def test_the_example_of_the_documentation_runs() -> None:
    assert testing.__doc__ is not None
    example = testing.__doc__.split("clock.\n", 1)[1].rsplit("\nNothing", 1)[0]
    exec(textwrap.dedent(example), {})


def test_the_clock_stands_still_until_it_is_moved() -> None:
    clock = FakeClock(5.0)
    assert clock() == clock() == 5.0
    clock.advance(0.25)
    assert clock() == 5.25


def test_a_script_gives_frames_calls_functions_and_raises() -> None:
    called: list[str] = []
    frame = make_frame(3)
    source = ScriptedSource([lambda: called.append("first"), frame, OSError("unplugged"), make_frame(4)])
    assert source.read() is frame
    assert called == ["first"]
    with pytest.raises(OSError, match="unplugged"):
        source.read()
    last = source.read()
    assert last is not None
    assert last.index == 4
    assert source.read() is None
    assert not source.closed
    source.close()
    assert source.closed


def test_frames_tell_their_index_by_their_grey_and_their_place_in_time() -> None:
    frame = make_frame(7, size_wh=(20, 10), fps=25, captured_at=3.0)
    assert frame.image.shape == (10, 20, 3)
    assert (frame.image == 7).all()
    assert frame.time_s() == pytest.approx(0.28)
    assert frame.captured_at == 3.0


def test_frames_are_captured_when_the_clock_says() -> None:
    clock = FakeClock()
    source = ScriptedSource.of_frames(2, clock=clock, live=True, fps=10)
    clock.advance(1.5)
    first = source.read()
    assert first is not None
    assert first.captured_at == 1.5
    assert source.info.live
    assert source.info.fps == 10.0


def test_the_engine_paints_the_picture_itself_into_a_new_array() -> None:
    engine, image = IdentityEngine(), np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    painted = engine.infer(image)
    np.testing.assert_array_equal(painted, image)
    assert not np.shares_memory(painted, image)
    engine.prepare((2, 2))
    engine.close()
    assert (engine.painted, engine.prepared_wh, engine.closed) == (1, [(2, 2)], True)


def test_the_sink_keeps_what_it_is_given_and_remembers_the_end() -> None:
    with CollectingSink() as sink:
        sink.write(make_frame(1))
        assert not sink.closed
    assert [frame.index for frame in sink.frames] == [1]
    assert sink.closed
