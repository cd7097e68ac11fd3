"""A slower engine paints while a faster one is built; nothing of it is silent."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime import engine_building
from realtime.catalog import StyleEntry, find_style
from realtime.contract import StyleContract
from realtime.engine import EngineInfo, EngineOptions
from realtime.engine_building import BuildingEngine, open_live
from realtime.engine_openvino import OpenVinoEngine
from realtime.errors import EngineError
from realtime.style_player import StylePlayer
from realtime.testing import IdentityEngine, make_frame
from realtime.timing import StageTimes
from realtime.warm_engines import load_style

SIZE_WH = (96, 64)
FRAME = np.zeros((64, 96, 3), np.uint8)


class SlowToBuild:
    """An engine that is built when a test lets it; paints white."""

    def __init__(self, *, built: bool = False, error: Exception | None = None) -> None:
        self._identity = IdentityEngine()
        self.let, self.asked = threading.Event(), threading.Event()
        self.told_to_go_on: list[bool] = []
        self.built, self.error = built, error
        self.prepared: list[tuple[int, int]] = []
        self.closed = 0

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("tensorrt", "fp16", "TensorRT", 1, "cuda")

    @property
    def contract(self) -> StyleContract:
        return self._identity.contract

    def is_built(self, size_wh: tuple[int, int]) -> bool:
        return self.built

    def build(self, size_wh: tuple[int, int], progress: Callable[[float], bool]) -> None:
        self.asked.set()
        self.told_to_go_on.append(progress(0.3))
        assert self.let.wait(30)
        self.told_to_go_on.append(progress(0.6))
        if self.error is not None:
            raise self.error

    def prepare(self, size_wh: tuple[int, int]) -> None:
        self.prepared.append(size_wh)

    def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.full_like(image, 255)

    def close(self) -> None:
        self.closed += 1


@contextmanager
def building(fast: SlowToBuild) -> Iterator[tuple[BuildingEngine, list[IdentityEngine]]]:
    slow: list[IdentityEngine] = []

    def open_slow() -> IdentityEngine:
        slow.append(IdentityEngine())
        return slow[-1]

    engine = BuildingEngine(fast, open_slow)
    try:
        yield engine, slow
    finally:
        fast.let.set()
        engine.close()


def finish(engine: BuildingEngine) -> None:
    assert engine._builder is not None
    engine._builder.join(30)


def test_the_slower_engine_paints_until_the_faster_one_is_ready_and_both_say_so() -> None:
    fast = SlowToBuild()
    with building(fast) as (engine, slow):
        engine.prepare(SIZE_WH)
        assert fast.asked.wait(30)
        assert engine.infer(FRAME).max() == 0 and engine.info.name == slow[0].info.name
        fast.let.set()
        finish(engine)
        assert engine.infer(FRAME).min() == 255 and engine.info.name == "tensorrt"
        assert fast.prepared == [SIZE_WH] and len(slow) == 1
        name, now = fast.contract.name, slow[0].info.name
        assert engine.take_news() == [
            f"{name}: tensorrt builds its engine, once for this machine; {now} paints meanwhile",
            f"{name}: tensorrt has built 25% of its engine",
            f"{name}: tensorrt has built 50% of its engine",
            f"{name}: tensorrt paints now",
        ]
        assert engine.take_news() == []


def test_one_that_is_built_already_paints_at_once_and_nothing_else_is_opened() -> None:
    fast = SlowToBuild(built=True)
    with building(fast) as (engine, slow):
        engine.prepare(SIZE_WH)
        assert engine.infer(FRAME).min() == 255 and not slow and engine.take_news() == []


@pytest.mark.parametrize(
    ("error", "says"), [(EngineError("no memory"), "no memory"), (ValueError("x"), "ValueError: x")]
)
def test_one_that_cannot_be_built_is_said_and_the_other_paints_on(error: Exception, says: str) -> None:
    fast = SlowToBuild(error=error)
    with building(fast) as (engine, slow):
        engine.prepare(SIZE_WH)
        fast.let.set()
        finish(engine)
        assert engine.infer(FRAME).max() == 0
        assert engine.take_news()[-1].endswith(
            f"tensorrt is not to be had, {slow[0].info.name} paints on: {says}"
        )


def test_another_size_is_built_beside_what_paints_meanwhile() -> None:
    """As where a phone is turned; the painting's thread builds nothing."""
    fast = SlowToBuild()
    with building(fast) as (engine, slow):
        engine.prepare(SIZE_WH)
        fast.let.set()
        finish(engine)
        assert engine.infer(FRAME).min() == 255
        fast.let.clear()
        fast.asked.clear()
        turned = np.ascontiguousarray(FRAME.swapaxes(0, 1))
        assert engine.infer(turned).max() == 0 and len(slow) == 2
        assert fast.asked.wait(30)
        assert engine.infer(turned).max() == 0
        fast.let.set()
        finish(engine)
        assert engine.infer(turned).min() == 255
        assert fast.prepared == [SIZE_WH, SIZE_WH[::-1]]
        assert [line.split(": ")[1] for line in engine.take_news()].count("tensorrt paints now") == 2
        fast.built = True
        assert engine.infer(FRAME).min() == 255 and len(slow) == 2  # built before: loaded, and no more


def test_leaving_gives_up_the_build_and_is_no_failure() -> None:
    fast = SlowToBuild(error=EngineError("given up"))
    with building(fast) as (engine, _):
        engine.prepare(SIZE_WH)
        assert fast.asked.wait(30)
        closing = threading.Thread(target=engine.close)
        closing.start()
        assert engine._given_up.wait(30)
        fast.let.set()
        closing.join(30)
    assert fast.told_to_go_on == [True, False] and fast.closed == 2
    assert not any("not to be had" in line for line in engine.take_news())


def test_only_engines_that_build_get_another_beside_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[EngineOptions] = []
    fast = SlowToBuild()

    def open_engine(style: object, options: EngineOptions) -> object:
        asked.append(options)
        return fast if options.engine == "tensorrt" else IdentityEngine()

    monkeypatch.setattr(engine_building, "open_engine", open_engine)
    assert isinstance(open_live(Path("x.onnx"), EngineOptions("openvino")), IdentityEngine)
    engine = open_live(Path("x.onnx"), EngineOptions("tensorrt", "fp16", "cuda", 2))
    assert isinstance(engine, BuildingEngine) and len(asked) == 2
    engine.prepare(SIZE_WH)
    assert asked[-1] == EngineOptions("auto", "auto", "auto", 2, keep_sizes=1)
    fast.let.set()
    engine.close()


def test_a_live_engine_keeps_one_size(tiny_style: Path) -> None:
    engine = open_live(tiny_style, EngineOptions("openvino", threads=1))
    assert isinstance(engine, OpenVinoEngine)
    for size_wh in ((64, 64), (72, 64), (64, 64)):
        engine.prepare(size_wh)
        assert list(engine._compiled) == [size_wh]
    engine.close()


def test_the_player_says_the_news_and_names_what_really_painted() -> None:
    fast, entry = SlowToBuild(), find_style("starry_night")

    def open_style(_style: StyleEntry, _options: EngineOptions) -> BuildingEngine:
        return BuildingEngine(fast, IdentityEngine)

    options, times = EngineOptions(), StageTimes()
    first = load_style(entry, options, lambda: SIZE_WH, open_style)
    player = StylePlayer([entry], first, options=options, times=times, open_style=open_style)
    try:
        painted = player.paint(make_frame(0))
        assert painted.engine.name != "tensorrt"
        fast.let.set()
        assert isinstance(first.engine, BuildingEngine)
        finish(first.engine)
        assert player.paint(make_frame(1)).engine == replace(fast.info)
        said = []
        with suppress(StopIteration):
            said = list(iter(player.take_problem, None))
        assert "builds its engine" in said[0] and said[-1].endswith("tensorrt paints now")
    finally:
        fast.let.set()
        player.close()
