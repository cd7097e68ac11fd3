"""Switching styles while frames run: at once, between two frames, and without losing one."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx_makers import make_style_onnx
from waiting import LONG_S

from realtime.catalog import StyleEntry, find_style
from realtime.engine import Engine, EngineOptions, open_engine
from realtime.errors import EngineError
from realtime.painter import EnginePainter, NetworkSize, Painted
from realtime.pipeline import SinkOutput, run
from realtime.style_player import StylePlayer, load_style
from realtime.testing import CollectingSink, IdentityEngine, ScriptedSource, make_contract, make_frame
from realtime.timing import StageTimes

OPTIONS = EngineOptions()


def entry(name: str) -> StyleEntry:
    return StyleEntry(name, Path(f"{name}.onnx"), make_contract(name, name.title()), shipped=True)


class Shelf:
    """Opens identity engines, remembers them, and lets a test hold an opening back."""

    def __init__(self) -> None:
        self.engines: dict[str, IdentityEngine] = {}
        self.opened: list[str] = []
        self.gates: dict[str, threading.Event] = {}
        self.errors: dict[str, Exception] = {}
        self.began: dict[str, threading.Event] = {}

    def hold_back(self, name: str) -> None:
        self.gates[name], self.began[name] = threading.Event(), threading.Event()

    def open(self, style: StyleEntry, options: EngineOptions) -> Engine:
        self.opened.append(style.name)
        if style.name in self.gates:
            self.began[style.name].set()
            assert self.gates[style.name].wait(LONG_S)
        if style.name in self.errors:
            raise self.errors[style.name]
        self.engines[style.name] = IdentityEngine(style.contract)
        return self.engines[style.name]


STYLES = [entry(name) for name in ("a", "b", "c", "d")]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def player(shelf: Shelf) -> Iterator[StylePlayer]:
    first = load_style(STYLES[0], OPTIONS, lambda: None, shelf.open)
    made = StylePlayer(STYLES, first, options=OPTIONS, times=StageTimes(), open_style=shelf.open, warm=2)
    yield made
    for gate in shelf.gates.values():
        gate.set()
    made.close()
    assert all(engine.closed for engine in shelf.engines.values())


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for another thread; fails after LONG_S."""
    passed = threading.Event()
    for _ in range(LONG_S * 100):
        if condition():
            return
        passed.wait(0.01)
    raise AssertionError("it did not happen")


def test_the_old_style_paints_until_the_new_one_is_ready(shelf: Shelf, player: StylePlayer) -> None:
    shelf.hold_back("b")
    assert player.step(1).name == "b"
    assert shelf.began["b"].wait(LONG_S)
    for index in range(5):
        assert player.paint(make_frame(index)).contract.name == "a"
    loading = player.loading
    assert loading is not None
    assert loading.name == "b"
    shelf.gates["b"].set()
    wait_until(lambda: player.loading is None)
    assert player.paint(make_frame(5)).contract.name == "b"


def test_the_new_style_is_warmed_for_the_size_of_the_frames(shelf: Shelf, player: StylePlayer) -> None:
    player.paint(make_frame(size_wh=(200, 100)))
    player.step(1)
    wait_until(lambda: player.loading is None)
    assert shelf.engines["b"].prepared_wh == [(200, 100)]


def test_stepping_goes_round_in_both_directions(shelf: Shelf, player: StylePlayer) -> None:
    assert [player.step(-1).name, player.step(-1).name, player.step(1).name] == ["d", "c", "d"]
    wait_until(lambda: player.loading is None)
    assert player.current.entry.name == "d"


def test_a_style_off_the_list_is_chosen_and_steps_go_on_from_where_they_were(
    shelf: Shelf, player: StylePlayer
) -> None:
    player.step(1)
    player.choose(entry("between"))
    assert player.wanted.name == "between"
    wait_until(lambda: player.loading is None)
    assert player.paint(make_frame()).contract.name == "between"
    assert player.step(1).name == "c"


def test_what_others_tell_is_a_problem_once(player: StylePlayer) -> None:
    player.tell("the look failed")
    assert (player.take_problem(), player.take_problem()) == ("the look failed", None)


def test_of_quick_steps_only_the_last_is_loaded(shelf: Shelf, player: StylePlayer) -> None:
    shelf.hold_back("b")
    player.step(1)
    assert shelf.began["b"].wait(LONG_S)
    player.step(1)
    player.step(1)
    shelf.gates["b"].set()
    wait_until(lambda: player.loading is None)
    assert player.current.entry.name == "d"
    assert shelf.opened == ["a", "b", "d"]


def test_going_back_to_a_warm_style_is_immediate(shelf: Shelf, player: StylePlayer) -> None:
    player.step(1)
    wait_until(lambda: player.loading is None)
    player.step(-1)
    assert player.current.entry.name == "a"
    assert shelf.opened == ["a", "b"]


def test_no_more_engines_are_kept_than_asked_for(shelf: Shelf, player: StylePlayer) -> None:
    for name in ("b", "c"):
        player.step(1)
        wait_until(lambda: player.loading is None)
        assert player.current.entry.name == name
    wait_until(lambda: shelf.engines["a"].closed)
    assert not shelf.engines["b"].closed
    assert not shelf.engines["c"].closed


def test_the_engine_that_is_painting_is_not_closed_under_it(shelf: Shelf) -> None:
    painting, go_on = threading.Event(), threading.Event()

    def linger(painted: int) -> None:
        painting.set()
        assert go_on.wait(LONG_S)

    first = load_style(STYLES[0], OPTIONS, lambda: None, shelf.open)
    shelf.engines["a"]._before_infer = linger
    player = StylePlayer(STYLES, first, options=OPTIONS, times=StageTimes(), open_style=shelf.open, warm=1)
    painter = threading.Thread(target=player.paint, args=(make_frame(),))
    painter.start()
    assert painting.wait(LONG_S)
    player.step(1)
    wait_until(lambda: player.loading is None)
    assert not shelf.engines["a"].closed
    go_on.set()
    painter.join(LONG_S)
    player.close()
    assert shelf.engines["a"].closed


def test_a_style_that_cannot_be_loaded_is_told_of_once_and_the_show_goes_on(
    shelf: Shelf, player: StylePlayer
) -> None:
    shelf.errors["b"] = EngineError("the file is corrupt")
    player.step(1)
    wait_until(lambda: player.loading is None)
    assert player.take_problem() == "b: the file is corrupt"
    assert player.take_problem() is None
    assert player.paint(make_frame()).contract.name == "a"


def test_steps_go_on_past_a_style_that_cannot_be_loaded(shelf: Shelf, player: StylePlayer) -> None:
    shelf.errors["b"] = EngineError("the file is corrupt")
    player.step(1)
    wait_until(lambda: player.loading is None)
    assert player.step(1).name == "c"
    wait_until(lambda: player.loading is None)
    assert player.step(-1).name == "b"


@pytest.mark.parametrize("way", ["step", "choose"])
def test_a_style_that_cannot_paint_at_this_size_is_told_of_and_the_show_goes_on(
    shelf: Shelf, way: str
) -> None:
    only = entry("only")
    only = replace(only, contract=replace(only.contract, only_wh=(1920, 1080)))
    size = NetworkSize((640, 360))
    first = load_style(STYLES[0], OPTIONS, lambda: (640, 360), shelf.open)
    player = StylePlayer(
        [STYLES[0], only, STYLES[1]],
        first,
        options=OPTIONS,
        times=StageTimes(),
        open_style=shelf.open,
        size=size,
    )
    player.paint(make_frame())
    if way == "step":
        assert player.step(1).name == "a"
    else:
        player.choose(only)
    problem = player.take_problem()
    assert problem is not None and "only was compiled for 1920x1080, got 640x360" in problem
    assert player.paint(make_frame(1)).contract.name == "a" and player.take_problem() is None
    assert player.step(1).name == "b"
    player.close()


def test_a_style_of_a_file_joins_the_round_of_the_others(shelf: Shelf) -> None:
    first = load_style(entry("mine"), OPTIONS, lambda: None, shelf.open)
    player = StylePlayer(STYLES, first, options=OPTIONS, times=StageTimes(), open_style=shelf.open)
    assert player.step(1).name == "a"
    assert player.step(-1).name == "mine"
    player.close()


def test_real_networks_are_switched_without_losing_a_frame(tmp_path: Path) -> None:
    styles = [
        find_style(str(make_style_onnx(tmp_path / f"{kind}.onnx", kind=kind)))
        for kind in ("identity", "invert")
    ]
    times, sink = StageTimes(), CollectingSink()
    first = load_style(styles[0], OPTIONS, lambda: (96, 64))
    player = StylePlayer(styles, first, options=OPTIONS, times=times)

    def frames() -> Iterator[object]:
        for index in range(60):
            if index == 20:
                yield lambda: player.step(1)
            if index == 40:
                yield lambda: wait_until(lambda: player.loading is None)
            yield make_frame(index)

    run(ScriptedSource(frames()), player, SinkOutput([sink], times), times=times)  # type: ignore[arg-type]
    player.close()
    assert [frame.index for frame in sink.frames] == list(range(60))
    painted = [int(frame.image[0, 0, 0]) for frame in sink.frames]
    assert painted[:20] == list(range(20))
    assert painted[44:] == [255 - index for index in range(44, 60)]
    assert all(value in (index, 255 - index) for index, value in enumerate(painted))


def test_a_painter_of_one_engine_paints_the_same(tiny_style: Path) -> None:
    times = StageTimes()
    engine = open_engine(tiny_style)
    painted: Painted = EnginePainter(engine, times, NetworkSize((80, 70))).paint(make_frame(9))
    engine.close()
    assert painted.network_wh == (80, 70)
    np.testing.assert_array_equal(painted.stylized_image, np.full((70, 80, 3), 246, np.uint8))
