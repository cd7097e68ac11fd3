"""Memory pressure: a row of docs/reliability.md."""

from pathlib import Path

import pytest
from waiting import wait_until

from realtime import style_player
from realtime.catalog import StyleEntry
from realtime.engine import Engine, EngineOptions
from realtime.memory_watch import ENOUGH_MB, LOOK_EVERY_S, SHORT_MB, MemoryWatch
from realtime.process import _container_room, available_mb, open_files, rss_mb, thread_count
from realtime.style_player import StylePlayer, load_style
from realtime.testing import FakeClock, IdentityEngine, make_contract, make_frame
from realtime.timing import StageTimes


class Machine:
    """A machine whose free memory a test sets; keeps what the watch does."""

    def __init__(self) -> None:
        self.left_mb = 5000.0
        self.looks = 0
        self.clock = FakeClock()
        self.spared: list[bool] = []
        self.lines: list[str] = []
        self.watch = MemoryWatch(
            self.spared.append, self.lines.append, available=self.available, clock=self.clock
        )

    def available(self) -> float:
        self.looks += 1
        return self.left_mb

    def look(self, left_mb: float) -> None:
        self.left_mb = left_mb
        self.clock.advance(LOOK_EVERY_S)
        self.watch.write(make_frame())


def test_memory_that_runs_short_is_said_once_and_what_is_kept_for_speed_given_back() -> None:
    machine = Machine()
    for left_mb in (5000, SHORT_MB - 20, SHORT_MB - 50, SHORT_MB + 10):
        machine.look(left_mb)
    assert machine.spared == [True]
    assert len(machine.lines) == 1
    assert machine.lines[0].startswith("memory is short (280 MB left)")


def test_with_enough_memory_all_is_as_before() -> None:
    machine = Machine()
    for left_mb in (SHORT_MB - 1, ENOUGH_MB + 1, SHORT_MB - 1):
        machine.look(left_mb)
    assert machine.spared == [True, False, True]
    assert len(machine.lines) == 2


def test_it_is_not_looked_at_for_every_frame() -> None:
    machine = Machine()
    for _ in range(100):
        machine.watch.write(make_frame())
        machine.watch.idle(paused=True)
    assert machine.looks == 1


def test_a_player_that_spares_memory_closes_what_it_does_not_paint_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given_back: list[None] = []
    monkeypatch.setattr(style_player, "give_back_memory", lambda: given_back.append(None))
    entries = [
        StyleEntry(name, Path(f"{name}.onnx"), make_contract(name), shipped=True) for name in ("a", "b", "c")
    ]
    engines: dict[str, IdentityEngine] = {}

    def open_style(style: StyleEntry, options: EngineOptions) -> Engine:
        engines[style.name] = IdentityEngine(style.contract)
        return engines[style.name]

    first = load_style(entries[0], EngineOptions(), lambda: None, open_style)
    player = StylePlayer(
        entries, first, options=EngineOptions(), times=StageTimes(), open_style=open_style, warm=3
    )
    for name in ("b", "c"):
        player.step(1)
        wait_until(lambda: player.loading is None)
        assert player.current.entry.name == name
    assert not engines["a"].closed
    player.spare_memory(True)
    wait_until(lambda: engines["a"].closed and engines["b"].closed)
    assert not engines["c"].closed
    assert player.paint(make_frame()).contract.name == "c"
    assert given_back == [None]
    player.spare_memory(False)
    assert given_back == [None]
    player.close()


def test_a_containers_limit_counts_and_no_limit_does_not(tmp_path: Path) -> None:
    assert _container_room(tmp_path) == float("inf")
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert _container_room(tmp_path) == float("inf")
    (tmp_path / "memory.max").write_text("1000\n")
    assert _container_room(tmp_path) == 300


def test_this_process_has_memory_threads_and_files() -> None:
    assert rss_mb() > 10
    assert thread_count() >= 1
    assert available_mb() > 1
    before = open_files()
    with Path(__file__).open():
        assert open_files() == before + 1
