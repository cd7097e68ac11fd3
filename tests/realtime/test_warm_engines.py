"""Engines that are loaded before they are needed, one after another."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from onnx_makers import make_style_onnx
from waiting import LONG_S, wait_until

from realtime.catalog import StyleEntry
from realtime.engine import Engine, EngineInfo, EngineOptions
from realtime.errors import EngineError
from realtime.testing import IdentityEngine, make_contract
from realtime.warm_engines import LoadedStyle, Order, WarmEngines, compiles, load_style, wants_warming

STYLES = {name: StyleEntry(name, Path(f"{name}.onnx"), make_contract(name), shipped=True) for name in "abc"}
SMALL, LARGE = (64, 64), (128, 128)


def order(name: str, size_wh: tuple[int, int] | None = None) -> Order:
    return Order(STYLES[name], size_wh, apart=size_wh is not None)


class Opener:
    """Opens identity engines when its gate is open, and remembers them."""

    def __init__(self) -> None:
        self.engines: list[IdentityEngine] = []
        self.names: list[str] = []
        self.broken: set[str] = set()
        self.gate, self.began = threading.Event(), threading.Event()
        self.gate.set()

    def __call__(self, entry: StyleEntry, options: EngineOptions) -> Engine:
        self.began.set()
        assert self.gate.wait(LONG_S)
        self.names.append(entry.name)
        if entry.name in self.broken:
            raise EngineError("broken")
        self.engines.append(IdentityEngine(entry.contract))
        return self.engines[-1]


@pytest.fixture
def opener() -> Opener:
    return Opener()


@pytest.fixture
def warm(opener: Opener) -> Iterator[WarmEngines]:
    made = WarmEngines(EngineOptions(), opener, keep=2)
    yield made
    opener.gate.set()
    made.close()
    assert all(engine.closed for engine in opener.engines)


def ready(warm: WarmEngines, wanted: Order) -> LoadedStyle:
    """Wait for an engine that was ordered."""
    wait_until(lambda: warm.find(wanted) is not None)
    style = warm.find(wanted)
    assert style is not None
    return style


def test_orders_are_loaded_in_their_order_and_prepared_for_their_size(
    warm: WarmEngines, opener: Opener
) -> None:
    opener.gate.clear()
    warm.order(order("b", LARGE), order("a", SMALL))
    assert warm.loading
    opener.gate.set()
    assert ready(warm, order("a", SMALL)).network_wh == SMALL
    assert not warm.loading
    assert opener.names == ["b", "a"]
    assert [engine.prepared_wh for engine in opener.engines] == [[LARGE], [SMALL]]


def test_two_sizes_of_a_style_are_two_engines_and_one_for_any_size_is_one(
    warm: WarmEngines, opener: Opener
) -> None:
    warm.order(order("a", SMALL), order("a", LARGE))
    assert ready(warm, order("a", SMALL)).engine is not ready(warm, order("a", LARGE)).engine
    assert sorted(warm.ready_sizes(STYLES["a"])) == [SMALL, LARGE]
    warm.order(Order(STYLES["b"], SMALL), Order(STYLES["b"], LARGE))
    ready(warm, order("b"))
    assert not warm.loading
    assert warm.ready_sizes(STYLES["b"]) == []


def test_an_order_that_failed_is_tried_again_only_once_that_is_known(
    warm: WarmEngines, opener: Opener
) -> None:
    opener.broken.add("b")
    warm.order(order("b"))
    wait_until(lambda: not warm.loading)
    warm.order(order("a"), order("b"))  # by someone who has not asked yet what became of it
    ready(warm, order("a"))
    assert not warm.loading and opener.names == ["b", "a"]
    assert warm.take_failure() is not None and warm.take_failure() is None
    opener.broken.clear()
    warm.order(order("b"))
    ready(warm, order("b"))


def test_what_is_no_longer_wanted_is_not_begun(warm: WarmEngines, opener: Opener) -> None:
    opener.gate.clear()
    warm.order(order("a"), order("b"))
    assert opener.began.wait(LONG_S)
    warm.order(order("c"))
    opener.gate.set()
    ready(warm, order("c"))
    assert opener.names == ["a", "c"]


def test_the_one_used_longest_ago_is_closed_unless_it_is_ordered_or_paints(
    warm: WarmEngines, opener: Opener
) -> None:
    for name in "ab":
        warm.order(order(name))
        ready(warm, order(name))
    first = ready(warm, order("a"))  # used again: now "b" is the oldest
    second = ready(warm, order("b"))
    ready(warm, order("a"))
    warm.lend(second)
    warm.order(order("c"))
    ready(warm, order("c"))
    wait_until(lambda: opener.engines[0].closed)
    assert first.engine is opener.engines[0]
    assert not opener.engines[1].closed
    assert not opener.engines[2].closed


def test_an_order_that_fails_is_told_once_and_the_next_is_loaded(warm: WarmEngines, opener: Opener) -> None:
    opener.broken.add("a")
    warm.order(order("a"), order("b"))
    ready(warm, order("b"))
    failed = warm.take_failure()
    assert failed is not None
    assert failed[0] == order("a")
    assert str(failed[1]) == "broken"
    assert warm.take_failure() is None
    assert opener.names == ["a", "b"]


def test_an_engine_that_cannot_be_prepared_is_closed(opener: Opener) -> None:
    class Unprepared(IdentityEngine):
        def prepare(self, size_wh: tuple[int, int]) -> None:
            raise EngineError("no memory")

    engine = Unprepared()
    with pytest.raises(EngineError):
        load_style(STYLES["a"], EngineOptions(), lambda: SMALL, lambda entry, options: engine)
    assert engine.closed


@pytest.mark.parametrize(
    ("name", "device", "compiling", "warming"),
    [
        ("openvino", "cpu", True, True),
        ("onnxruntime", "cpu", False, False),
        ("onnxruntime", "cuda", False, True),
        ("an engine of somebody's own", "cpu", True, True),
    ],
)
def test_an_engine_is_prepared_where_that_saves_the_first_picture_something(
    name: str, device: str, compiling: bool, warming: bool
) -> None:
    info = EngineInfo(name, "fp32", "test", 1, device)
    assert (compiles(info), wants_warming(info)) == (compiling, warming)


RANKS = """
import os, sys, time
from pathlib import Path
from realtime.catalog import StyleEntry
from realtime.contract import read_contract
from realtime.engine import EngineOptions, open_engine
from realtime.warm_engines import Order, WarmEngines, load_style

def ranks():
    return [os.getpriority(os.PRIO_PROCESS, int(thread)) for thread in os.listdir("/proc/self/task")]

paths = [Path(text) for text in sys.argv[1:]]
first, second = (StyleEntry(path.stem, path, read_contract(path), shipped=False) for path in paths)
options = EngineOptions("openvino", threads=2)
own = os.getpriority(os.PRIO_PROCESS, 0)
warm = WarmEngines(options, open_engine, keep=2)
warm.put(Order(first, (64, 64)), load_style(first, options, lambda: (64, 64), open_engine))
warm.order(Order(second, (64, 64)))
while warm.find(Order(second, (64, 64))) is None:
    time.sleep(0.01)
warm.find(Order(second, (64, 64))).engine.prepare((64, 64))
time.sleep(0.1)  # the thread that loaded it ends
print(sum(rank != own for rank in ranks()))
warm.close()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads a thread's rank as Linux keeps it")
def test_a_style_that_was_loaded_beside_does_not_paint_at_the_low_rank_of_its_loading(tmp_path: Path) -> None:
    """In a process of its own: idle threads of other tests' engines would be used."""
    pytest.importorskip("openvino")
    styles = [make_style_onnx(tmp_path / f"{name}.onnx") for name in "ab"]
    told = subprocess.run(
        [sys.executable, "-c", RANKS, *map(str, styles)], capture_output=True, text=True, timeout=120
    )
    assert told.stdout.strip() == "0", told.stderr
