"""What has failed is let go of at once: the collector of circles may not come by for minutes."""

import gc
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from waiting import wait_until

from realtime.catalog import StyleEntry
from realtime.engine import EngineOptions
from realtime.engine_guard import EngineGuard
from realtime.engine_rescue import paint_with_next
from realtime.errors import EngineError
from realtime.process import call_beside
from realtime.testing import IdentityEngine, make_contract, make_frame
from realtime.warm_engines import LoadedStyle

ENTRY = StyleEntry("identity", Path("identity.onnx"), make_contract(), shipped=True)


class Held:
    """Stands for an engine with its pictures."""

    def fail(self) -> None:
        raise EngineError("it was told to fail")


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_guard_forgets_a_call_that_failed() -> None:
    guard, held = EngineGuard(), Held()
    alive = weakref.ref(held)
    with pytest.raises(EngineError) as caught:
        guard.call(held.fail)
    del held, caught
    guard.call(lambda: None)  # its thread has let go of the call before
    assert alive() is None
    guard.close()


def test_a_loading_that_failed_is_forgotten() -> None:
    held = Held()
    alive = weakref.ref(held)
    with pytest.raises(EngineError) as caught:
        call_beside(held.fail)
    del held, caught
    wait_until(lambda: alive() is None)  # the thread may be about to end


def test_an_engine_that_failed_while_another_was_sought_is_forgotten() -> None:
    alive: list[weakref.ref[Held]] = []

    def paint(loaded: LoadedStyle) -> NDArray[np.uint8]:
        if loaded.info.name == "onnxruntime":
            held = Held()
            alive.append(weakref.ref(held))
            held.fail()
        return make_frame().image

    def load(options: EngineOptions) -> LoadedStyle:
        engine = IdentityEngine()
        return LoadedStyle(ENTRY, engine, replace(engine.info, name=options.engine))

    others = [EngineOptions("onnxruntime"), EngineOptions("openvino")]
    loaded, _, _ = paint_with_next(others, load, paint, EngineError("the first"))
    assert loaded.info.name == "openvino"
    assert alive[0]() is None
