import io

from rich.console import Console

from realtime.progress import ProgressSink, measuring
from realtime.testing import FakeClock, make_frame
from realtime.timing import StageTimes


def bar_after(frames: int, total: int | None, *, terminal: bool) -> str:
    clock, out = FakeClock(), io.StringIO()
    times = StageTimes(clock)
    console = Console(file=out, force_terminal=terminal, width=100)
    with ProgressSink("clip.mp4", total, times, console) as progress:
        for index in range(frames):
            clock.advance(0.1)
            times.count_shown()
            progress.write(make_frame(index))
    return out.getvalue()


def test_a_terminal_shows_what_is_done_and_how_fast() -> None:
    bar = bar_after(8, 20, terminal=True)
    assert "clip.mp4" in bar
    assert "8/20" in bar
    assert "10.0 fps" in bar


def test_an_unknown_length_is_shown_as_such() -> None:
    assert "8/?" in bar_after(8, None, terminal=True)


def test_nothing_is_drawn_where_there_is_no_terminal() -> None:
    assert bar_after(8, 20, terminal=False).strip() == ""


def test_a_measurement_shows_how_many_turns_are_done() -> None:
    out = io.StringIO()
    with measuring("640x360", Console(file=out, force_terminal=True, width=100)) as watch:
        watch(3, 4)
    assert "640x360" in out.getvalue() and "75%" in out.getvalue()
