"""Sizes on demand in the player: prepared beside the one that paints, and taken up when they are ready."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from waiting import LONG_S, wait_until

from realtime.catalog import StyleEntry, find_style
from realtime.engine import Engine, EngineInfo, EngineOptions, is_installed
from realtime.errors import EngineError
from realtime.governor import pixels
from realtime.painter import Look, Painted, finish
from realtime.resolution import DISTURBED_S, Resolution, size_ladder
from realtime.style_player import StylePlayer, load_style
from realtime.testing import FakeClock, IdentityEngine, make_contract, make_frame
from realtime.timing import StageTimes

SOURCE_WH = (640, 360)
LADDER = size_ladder(SOURCE_WH, make_contract())
SizeWh = tuple[int, int]


class PacedEngine(IdentityEngine):
    """An engine that takes its time for each pixel, on a clock of its own."""

    def __init__(self, entry: StyleEntry, workshop: "Workshop") -> None:
        super().__init__(entry.contract)
        self.info = EngineInfo(workshop.runtime, "fp32", "test", 1, "cpu")
        self._entry = entry
        self._workshop = workshop

    def prepare(self, size_wh: SizeWh) -> None:
        self._workshop.began.set()
        assert self._workshop.gate.wait(LONG_S)
        if size_wh in self._workshop.errors:
            raise self._workshop.errors[size_wh]
        super().prepare(size_wh)
        self._workshop.prepared.append((self._entry.name, size_wh))

    def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        assert not self.closed
        self._workshop.clock.advance(image.shape[0] * image.shape[1] * self._workshop.ns_per_pixel * 1e-9)
        return super().infer(image)


class Workshop:
    """Makes paced engines and remembers every size that was prepared; `gate` holds preparing back."""

    def __init__(self, ns_per_pixel: float, *, fps: float = 30, runtime: str = "paced") -> None:
        self.clock = FakeClock(50.0)
        self.ns_per_pixel = ns_per_pixel
        self.runtime = runtime
        self.prepared: list[tuple[str, SizeWh]] = []
        self.engines: list[PacedEngine] = []
        self.errors: dict[SizeWh, Exception] = {}
        self.gate, self.began = threading.Event(), threading.Event()
        self.gate.set()
        self.resolution = Resolution(fps, clock=self.clock)
        styles = [
            StyleEntry(n, Path(f"{n}.onnx"), make_contract(n, n.upper()), shipped=True) for n in ("a", "b")
        ]
        first = load_style(
            styles[0], EngineOptions(), lambda: self.resolution(SOURCE_WH, styles[0].contract), self.open
        )
        self.player = StylePlayer(
            styles,
            first,
            options=EngineOptions(),
            times=StageTimes(self.clock),
            size=self.resolution,
            open_style=self.open,
        )

    def open(self, entry: StyleEntry, options: EngineOptions) -> Engine:
        self.engines.append(PacedEngine(entry, self))
        return self.engines[-1]

    def paint(self, frames: int = 1, *, wait: bool = True) -> Painted:
        """Paint frames of a camera of 30 fps; with wait, each after whatever is being loaded."""
        for index in range(frames):
            if wait:
                wait_until(lambda: not self.player._engines.loading)
            before = self.clock()
            painted = self.player.paint(make_frame(index, size_wh=SOURCE_WH))
            self.clock.advance(max(0.0, 1 / 30 - (self.clock() - before)))
        return painted

    def close(self) -> None:
        self.gate.set()
        self.player.close()
        assert all(engine.closed for engine in self.engines)


@pytest.fixture
def make_workshop() -> Iterator[Callable[..., Workshop]]:
    made: list[Workshop] = []

    def make(ns_per_pixel: float, **options: object) -> Workshop:
        made.append(Workshop(ns_per_pixel, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for workshop in made:
        workshop.close()


def test_the_size_below_is_prepared_before_it_is_needed(make_workshop: Callable[..., Workshop]) -> None:
    workshop = make_workshop(50)
    workshop.paint()
    wait_until(lambda: len(workshop.prepared) == 2)
    assert workshop.prepared == [("a", (640, 360)), ("a", LADDER[-2])]


def test_a_network_that_is_too_slow_gets_smaller_and_each_size_is_prepared_once(
    make_workshop: Callable[..., Workshop],
) -> None:
    workshop = make_workshop(200)  # 46 ms at 640x360
    painted = workshop.paint(60)
    assert painted.network_wh == LADDER[-3]
    assert 200e-6 * pixels(painted.network_wh) < 0.85 * 1000 / 30
    assert sorted(set(workshop.prepared)) == sorted(workshop.prepared)
    assert list(workshop.player.sizes) == [(640, 360), LADDER[-3]]
    assert workshop.player.sizes[640, 360] <= 1 + 8 + 8  # beside the first engine, at the start, and too slow
    assert sum(workshop.player.sizes.values()) == 60


def test_the_picture_that_goes_out_keeps_its_size_whatever_the_network_sees(
    make_workshop: Callable[..., Workshop],
) -> None:
    workshop = make_workshop(200)
    for _ in range(40):
        painted = workshop.paint()
        assert finish(painted, Look()).size_wh == SOURCE_WH
    assert painted.network_wh < SOURCE_WH


def test_the_old_size_paints_until_the_new_one_is_ready(make_workshop: Callable[..., Workshop]) -> None:
    workshop = make_workshop(200)
    workshop.paint()
    wait_until(lambda: len(workshop.prepared) == 2)
    workshop.gate.clear()
    workshop.began.clear()
    workshop.paint(30, wait=False)
    assert workshop.began.wait(LONG_S)
    # On the way to the size that fits, the one that was kept ready helps out.
    assert workshop.paint(wait=False).network_wh == LADDER[-2]
    workshop.gate.set()
    assert workshop.paint(5).network_wh == LADDER[-3]


def test_frames_beside_a_loading_engine_tell_nothing_at_first(make_workshop: Callable[..., Workshop]) -> None:
    workshop = make_workshop(60)
    workshop.gate.clear()  # the size below does not get ready
    workshop.paint(wait=False)
    assert workshop.began.wait(LONG_S)
    workshop.ns_per_pixel = 300
    frames = int(0.9 * DISTURBED_S / (300e-9 * pixels(SOURCE_WH)))
    workshop.paint(frames, wait=False)
    assert workshop.resolution(SOURCE_WH, make_contract()) == SOURCE_WH
    workshop.paint(40, wait=False)
    assert workshop.resolution(SOURCE_WH, make_contract()) < SOURCE_WH


def test_a_size_that_was_left_a_moment_ago_is_still_warm(make_workshop: Callable[..., Workshop]) -> None:
    workshop = make_workshop(200)
    workshop.paint(40)
    workshop.ns_per_pixel = 20
    prepared = len(workshop.prepared)
    while workshop.paint(20).network_wh != SOURCE_WH:
        assert workshop.clock() < 70
    assert ("a", LADDER[-2]) not in workshop.prepared[prepared:]
    assert ("a", SOURCE_WH) not in workshop.prepared[prepared:]


def test_no_more_engines_are_kept_than_wanted(make_workshop: Callable[..., Workshop]) -> None:
    workshop = make_workshop(140)
    workshop.paint(2)
    workshop.ns_per_pixel = 300
    workshop.paint(40)
    workshop.player.step(1)
    wait_until(lambda: workshop.player.loading is None)
    workshop.paint(2)
    # 360 and 304, 216 and 176, and those two again in the other style.
    wait_until(lambda: len(workshop.engines) == 6)
    wait_until(lambda: sum(not engine.closed for engine in workshop.engines) == 4)


def test_another_style_starts_at_the_size_of_now(make_workshop: Callable[..., Workshop]) -> None:
    workshop = make_workshop(200)
    small_wh = workshop.paint(40).network_wh
    workshop.player.step(1)
    wait_until(lambda: workshop.player.loading is None)
    assert ("b", small_wh) in workshop.prepared
    assert [size_wh for name, size_wh in workshop.prepared if name == "b" and size_wh > small_wh] == []
    painted = workshop.paint(20)
    assert painted.contract.name == "b"
    assert painted.network_wh == small_wh


def test_going_back_to_a_style_that_is_warm_at_another_size_prepares_this_one(
    make_workshop: Callable[..., Workshop],
) -> None:
    workshop = make_workshop(20)
    workshop.paint(2)
    workshop.player.step(1)
    wait_until(lambda: workshop.player.loading is None)
    workshop.ns_per_pixel = 200
    small_wh = workshop.paint(60).network_wh
    assert small_wh < SOURCE_WH
    workshop.player.step(-1)
    wait_until(lambda: workshop.player.loading is None)
    assert workshop.paint().network_wh == small_wh


def test_a_size_that_cannot_be_prepared_is_told_of_and_left_out(
    make_workshop: Callable[..., Workshop],
) -> None:
    workshop = make_workshop(200)
    workshop.errors[LADDER[-3]] = EngineError("no memory")
    painted = workshop.paint(60)
    assert workshop.player.take_problem() == "a: no memory"
    assert painted.network_wh not in (SOURCE_WH, LADDER[-3])
    assert workshop.player.take_problem() is None


def test_a_rate_that_cannot_be_had_is_told_once_by_the_player(make_workshop: Callable[..., Workshop]) -> None:
    workshop = make_workshop(2000)
    told = []
    for _ in range(60):
        painted = workshop.paint()
        told.append(workshop.player.take_problem())
    said = [problem for problem in told if problem is not None]
    assert len(said) == 1
    assert said[0].startswith("30 fps cannot be reached: 312x176")
    assert painted.network_wh == LADDER[0]


def test_an_engine_that_takes_any_size_is_opened_once_and_never_prepared(
    make_workshop: Callable[..., Workshop],
) -> None:
    workshop = make_workshop(200, runtime="onnxruntime")
    del workshop.prepared[:]  # the first one was prepared by whoever loaded it
    assert workshop.paint(60).network_wh == LADDER[-3]
    assert (len(workshop.engines), workshop.prepared) == (1, [])


@pytest.mark.skipif(not is_installed("openvino"), reason="needs openvino")
def test_a_real_network_is_compiled_beside_and_paints_at_every_size(network_style: Path) -> None:
    clock = FakeClock()
    style = find_style(str(network_style))
    options = EngineOptions(engine="openvino", threads=1)
    resolution = Resolution(1e-9, clock=clock)  # whatever it costs, there is time
    source_wh = (432, 240)
    first = load_style(style, options, lambda: resolution(source_wh, style.contract))
    times = StageTimes(clock)
    player = StylePlayer([style], first, options=options, times=times, size=resolution)
    resolution.follow(source_wh, style.contract)
    seen = []
    for index in range(20):
        wait_until(lambda: not player._engines.loading)
        seen.append(player.paint(make_frame(index, size_wh=source_wh)).network_wh)
        resolution.observe(seen[-1], 1e13, 1e13)
    player.close()
    assert seen[0] == source_wh
    assert seen[-1] == size_ladder(source_wh, style.contract)[0]
    assert sum(player.sizes.values()) == 20
