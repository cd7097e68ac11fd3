"""The show without a screen: what keys do, what is drawn, what is written."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.captures import Captures
from realtime.catalog import StyleEntry
from realtime.controls import Controls
from realtime.engine import Engine, EngineInfo, EngineOptions
from realtime.pacer import Pacer, film_time
from realtime.painter import Painted
from realtime.style_player import StylePlayer, load_style
from realtime.style_walk import StyleWalk
from realtime.testing import CollectingSink, FakeClock, IdentityEngine, make_contract, make_frame
from realtime.timing import StageTimes
from realtime.window import WindowEvents
from realtime.window_output import WindowOutput

ENGINE = EngineInfo("identity", "fp32", "test", 1, "cpu")


class ScriptedScreen:
    """A screen that keeps what it is shown and gives the events a test has queued, one at each look."""

    def __init__(self, room_wh: tuple[int, int] = (640, 360)) -> None:
        self.shown: list[NDArray[np.uint8]] = []
        self.events: deque[WindowEvents] = deque()
        self.full_screen: list[bool] = []
        self._room_wh = room_wh

    def room_wh(self) -> tuple[int, int]:
        return self._room_wh

    def show(self, image: NDArray[np.uint8]) -> None:
        self.shown.append(image.copy())

    def poll(self, wait_ms: int = 1) -> WindowEvents:
        return self.events.popleft() if self.events else WindowEvents()

    def set_full_screen(self, on: bool) -> None:
        self.full_screen.append(on)

    def close(self) -> None:
        pass

    def press(self, keys: str) -> None:
        self.events.extend(WindowEvents(keys=(ord(key),)) for key in keys)


class Stage:
    """Everything a WindowOutput needs, of which each part can be looked at."""

    def __init__(self, folder: Path, *, live: bool = True, paced: bool = False, **options: object) -> None:
        self.clock = FakeClock(1000.0)
        self.screen = ScriptedScreen()
        self.stop = threading.Event()
        self.times = StageTimes(self.clock)
        self.recordings: list[CollectingSink] = []
        self.captures = Captures(folder, self._open_video)
        entries = [
            StyleEntry(n, Path(f"{n}.onnx"), make_contract(n, n.upper()), True) for n in ("one", "two")
        ]
        first = load_style(entries[0], EngineOptions(), lambda: None, _open)
        self.player = StylePlayer(entries, first, options=EngineOptions(), times=self.times, open_style=_open)
        self.output = WindowOutput(
            self.screen,
            self.player,
            self.times,
            self.stop,
            self.captures,
            live=live,
            pacer=Pacer(film_time, self.clock) if paced else None,
            clock=self.clock,
            **options,  # type: ignore[arg-type]
        )

    def _open_video(self, path: Path) -> CollectingSink:
        self.recordings.append(CollectingSink())
        return self.recordings[-1]

    def paint(self, index: int = 0, original: int = 100, painting: int = 200) -> Painted:
        """Return a painting of one grey of a frame of another grey."""
        frame = make_frame(index, size_wh=(640, 360), value=original, captured_at=self.clock())
        image = np.full((360, 640, 3), painting, np.uint8)
        return Painted(frame, image, self.player.current.engine.contract, ENGINE)

    def picture_after(self, keys: str) -> NDArray[np.uint8]:
        """Press keys during one frame and return the picture of the next, below the head-up line."""
        self.screen.press(keys)
        for _ in keys or " ":
            self.output.show(self.paint())
        self.output.show(self.paint())
        return self.screen.shown[-1][60:]

    def wait_until_loaded(self) -> None:
        """Wait for the loading thread, which has the lowest rank: for an event, not for a time."""
        for _ in range(3000):
            if self.player.loading is None:
                return
            threading.Event().wait(0.01)
        raise AssertionError("the style is still loading")


def _open(style: StyleEntry, options: EngineOptions) -> Engine:
    return IdentityEngine(style.contract)


MakeStage = Callable[..., Stage]


@pytest.fixture
def make_stage(tmp_path: Path) -> Iterator[MakeStage]:
    """Builds stages whose loading threads end with the test."""
    with ExitStack() as stages:

        def make(**options: Any) -> Stage:
            stage = Stage(tmp_path, **options)
            stages.callback(stage.player.close)
            return stage

        yield make


@pytest.fixture
def stage(make_stage: MakeStage) -> Stage:
    return make_stage()


def test_the_painting_is_shown_below_the_head_up_line(stage: Stage) -> None:
    below = stage.picture_after("")
    assert (below == 200).all()
    assert (stage.screen.shown[-1][:20] < 120).any()


def test_strength_goes_down_and_up(stage: Stage) -> None:
    assert (stage.picture_after("-") == 190).all()
    assert (stage.picture_after("-" * 4) == 150).all()
    assert (stage.picture_after("+" * 5) == 200).all()


def test_split_view_shows_the_original_left_of_a_line_that_can_be_dragged(stage: Stage) -> None:
    below = stage.picture_after("v")
    assert (below[:, :310] == 100).all()
    assert (below[:, 330:] == 200).all()
    stage.screen.events.append(WindowEvents(drag_x=480))
    below = stage.picture_after("")
    assert (below[:, :470] == 100).all()
    assert (below[:, 490:] == 200).all()


def test_original_colours_keep_the_paintings_light(make_stage: MakeStage) -> None:
    stage = make_stage(controls=Controls(original_colors=True))
    red = make_frame(size_wh=(640, 360)).with_image(np.full((360, 640, 3), (40, 40, 200), np.uint8))
    painted = Painted(
        red, np.full((360, 640, 3), 120, np.uint8), stage.player.current.engine.contract, ENGINE
    )
    stage.output.show(painted)
    blue, _, red_value = stage.screen.shown[-1][200, 300].astype(int)
    assert red_value - blue > 100


def test_the_head_up_line_can_be_hidden_and_help_shown(stage: Stage) -> None:
    stage.picture_after("i")
    assert (stage.screen.shown[-1] == 200).all()
    assert (stage.picture_after("h") < 100).any()
    assert (stage.picture_after("?") == 200).all()


@pytest.mark.parametrize("key", ["q", "\x1b"])
def test_quitting_asks_the_loop_to_stop(stage: Stage, key: str) -> None:
    stage.screen.press(key)
    stage.output.show(stage.paint())
    assert stage.stop.is_set()


def test_closing_the_window_asks_the_loop_to_stop(stage: Stage) -> None:
    stage.screen.events.append(WindowEvents(closed=True))
    stage.output.idle()
    assert stage.stop.is_set()


def test_the_last_picture_of_a_folder_stays_until_the_viewer_quits(stage: Stage) -> None:
    stage.output.show(stage.paint())
    stage.screen.press("-vq")
    stage.output.hold()
    assert stage.stop.is_set()
    assert (stage.screen.shown[-1][60:, 330:] == 190).all()


def test_full_screen_goes_over_and_back(stage: Stage) -> None:
    stage.picture_after("ff")
    assert stage.screen.full_screen == [True, False]


def test_a_small_picture_is_enlarged_to_the_windows_size_so_that_texts_are_sharp(
    make_stage: MakeStage,
) -> None:
    stage = make_stage()
    frame = make_frame(size_wh=(64, 36), value=9)
    painted = Painted(frame, np.full((36, 64, 3), 80, np.uint8), make_contract(), ENGINE)
    stage.output.show(painted)
    assert stage.screen.shown[-1].shape == (360, 640, 3)


def test_files_get_the_painting_without_split_view_and_head_up_line(make_stage: MakeStage) -> None:
    sink = CollectingSink()
    stage = make_stage(sinks=[sink])
    stage.picture_after("v-")
    assert (sink.frames[-1].image == 190).all()
    assert sink.frames[-1].size_wh == (640, 360)


def test_while_paused_keys_still_change_the_picture(stage: Stage) -> None:
    stage.screen.press(" ")
    stage.output.show(stage.paint())
    assert stage.output.paused
    stage.screen.press("-v")
    stage.output.idle()
    stage.output.idle()
    below = stage.screen.shown[-1][60:]
    assert (below[:, 330:] == 190).all()
    assert (below[:, :310] == 100).all()


def test_a_picture_on_pause_is_painted_in_the_next_style_too(stage: Stage) -> None:
    stage.screen.press(" ")
    stage.output.show(stage.paint(painting=200))
    stage.screen.press("n")
    stage.output.idle()
    stage.wait_until_loaded()
    stage.output.idle()
    # The scripted engine's painting is the frame itself, a grey of 100.
    assert (stage.screen.shown[-1][60:250] == 100).all()


def test_frames_of_a_camera_from_before_the_end_of_a_pause_are_left_out(stage: Stage) -> None:
    stage.screen.press(" ")
    stage.output.show(stage.paint())
    old = stage.paint()
    stage.clock.advance(5)
    stage.screen.press(" ")
    stage.output.idle()
    assert not stage.output.paused
    assert not stage.output.show(old)
    assert stage.output.show(stage.paint())


def test_frames_of_a_file_from_a_pause_are_all_shown(make_stage: MakeStage) -> None:
    stage = make_stage(live=False)
    stage.screen.press(" ")
    stage.output.show(stage.paint())
    old = stage.paint()
    stage.clock.advance(5)
    stage.screen.press(" ")
    stage.output.idle()
    assert stage.output.show(old)


def test_a_file_is_held_to_its_own_pace(make_stage: MakeStage) -> None:
    stage = make_stage(live=False, paced=True)
    shown_at: list[float] = []
    poll = stage.screen.poll

    def let_time_pass(wait_ms: int = 1) -> WindowEvents:
        stage.clock.advance(0.004)
        return poll(wait_ms)

    stage.screen.poll = let_time_pass  # type: ignore[method-assign]
    for index in range(4):
        frame = make_frame(index, fps=25, size_wh=(640, 360), captured_at=stage.clock())
        stage.output.show(Painted(frame, frame.image, stage.player.current.engine.contract, ENGINE))
        shown_at.append(stage.clock())
    assert np.diff(shown_at) == pytest.approx([0.04] * 3, abs=0.005)


def test_quitting_does_not_wait_until_the_next_frame_is_due(make_stage: MakeStage) -> None:
    stage = make_stage(live=False, paced=True)
    stage.output.show(stage.paint(0))
    stage.screen.press("q")
    assert not stage.output.show(stage.paint(3000))


def test_a_snapshot_has_the_split_view_and_no_head_up_line(stage: Stage, tmp_path: Path) -> None:
    import cv2

    stage.picture_after("v")
    stage.picture_after("s")
    stage.captures.close()
    written = cv2.imread(str(tmp_path / "livebrush_one.png"))
    assert written is not None
    assert written.shape == (360, 640, 3)
    assert (written[:, :310] == 100).all()
    assert (written[:, 330:] == 200).all()


def test_a_second_snapshot_does_not_overwrite_the_first(stage: Stage, tmp_path: Path) -> None:
    stage.picture_after("ss")
    stage.captures.close()
    assert sorted(path.name for path in tmp_path.glob("*.png")) == [
        "livebrush_one.png",
        "livebrush_one_2.png",
    ]


def test_a_recording_begins_and_ends_with_the_key_and_begins_at_zero(stage: Stage) -> None:
    for index in range(6):
        if index in (1, 4):
            stage.screen.press("r")
        stage.output.show(stage.paint(index))
    (recording,) = stage.recordings
    assert recording.closed
    assert [frame.pts for frame in recording.frames] == [0, 1, 2]
    assert [frame.index for frame in recording.frames] == [1, 2, 3]
    assert all((frame.image == 200).all() for frame in recording.frames)


def test_switching_styles_asks_the_player_and_tells_whose_painting_it_is(stage: Stage) -> None:
    stage.picture_after("n")
    stage.wait_until_loaded()
    assert stage.player.current.entry.name == "two"
    before = stage.picture_after("")
    assert (before[-60:] < 150).any()  # the toast with the credits


def test_keys_walk_to_a_second_style_and_back_and_stop_at_both_ends(make_stage: MakeStage) -> None:
    names = ("one", "between", "other")
    way = [StyleEntry(name, Path(f"{name}.onnx"), make_contract(name, name), False) for name in names]
    stage = make_stage(walk=StyleWalk(way))
    for key, name in (("[", "one"), ("]", "between"), ("]", "other"), ("]", "other"), ("[", "between")):
        stage.picture_after(key)
        stage.wait_until_loaded()
        assert stage.player.current.entry.name == name


def test_without_a_second_style_its_keys_say_how_to_get_one(stage: Stage) -> None:
    stage.picture_after("]")
    assert "--towards" in stage.output.view.toast


def test_the_age_of_a_picture_stands_over_it_grows_and_goes(make_stage: MakeStage) -> None:
    troubles: deque[str | None] = deque([None])
    stage = make_stage(trouble=lambda: troubles[-1])
    stage.output.show(stage.paint())
    clean = stage.screen.shown[-1]
    stage.output.idle()
    assert len(stage.screen.shown) == 1  # nothing new to draw
    for line in ("camera 0: no picture for 3 s", "camera 0: no picture for 4 s"):
        troubles.append(line)
        before = stage.screen.shown[-1]
        stage.output.idle()
        stage.output.idle()
        assert (stage.screen.shown[-1] != before).any()
    assert len(stage.screen.shown) == 3
    troubles.append(None)
    stage.output.idle()
    assert (stage.screen.shown[-1] == clean).all()


def test_a_toast_goes_away_by_itself(stage: Stage) -> None:
    stage.picture_after("n")
    stage.wait_until_loaded()
    stage.picture_after("")
    stage.clock.advance(60)
    stage.output.idle()
    assert (stage.picture_after("") == 200).all()


class WatchedSink(CollectingSink):
    """A sink that somebody watches; keeps what it is told between frames."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[bool] = []

    def idle(self, *, paused: bool) -> None:
        self.told.append(paused)


def test_what_is_watched_elsewhere_is_told_of_a_pause_between_frames(make_stage: MakeStage) -> None:
    sink = WatchedSink()
    stage = make_stage(sinks=[sink])
    stage.output.show(stage.paint())
    stage.output.idle()
    stage.screen.press(" ")
    stage.output.idle()
    stage.output.idle()
    assert sink.told == [False, False, True]
