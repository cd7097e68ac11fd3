import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from realtime.process import (
    call_beside,
    peak_rss_mb,
    process_started_at,
    yield_to_others,
)

CODE = """
import sys, time
before = time.perf_counter()
sum(range(5_000_000))  # a tenth of a second or so that comes before the first import of ours
spent = time.perf_counter() - before
from realtime.process import process_started_at
assert process_started_at() <= before + 0.02, (process_started_at(), before)
assert process_started_at() > before - 60
"""


def test_a_process_knows_that_it_began_before_its_imports() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_beginning_does_not_move() -> None:
    first = process_started_at()
    assert first < time.perf_counter()
    assert abs(process_started_at() - first) < 0.1


def test_peak_memory_grows_by_what_is_held_and_never_falls() -> None:
    before = peak_rss_mb()
    held = np.ones(25_000_000)  # 200 MB
    grown = peak_rss_mb()
    del held
    assert 20 < before < 100_000
    assert grown >= 200
    assert peak_rss_mb() >= grown


@pytest.mark.skipif(sys.platform != "linux", reason="reads a thread's rank as Linux keeps it")
@pytest.mark.parametrize(("wholly", "by"), [(True, 10), (False, 5)])
def test_a_loading_thread_steps_back_and_takes_no_other_with_it(wholly: bool, by: int) -> None:
    ranks: list[int] = []

    def load() -> None:
        yield_to_others(wholly=wholly)
        ranks.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    thread = threading.Thread(target=load)
    thread.start()
    thread.join()
    assert ranks == [min(19, before + by)]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before


@pytest.mark.skipif(sys.platform != "linux", reason="reads a thread's rank as Linux keeps it")
def test_what_is_called_beside_yields_and_the_caller_does_not() -> None:
    def rank() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before = rank()
    assert call_beside(rank) == min(19, before + 10)
    assert call_beside(rank, wholly=False) == min(19, before + 5)
    assert rank() == before


def test_what_is_called_beside_raises_here() -> None:
    def fail() -> None:
        raise ValueError("as it was")

    with pytest.raises(ValueError, match="as it was"):
        call_beside(fail)


FREE = """
from realtime.process import give_back_memory, rss_mb
before = rss_mb()
held = [bytearray(60_000) for _ in range(2000)]  # small enough to come from the heap
pin = bytearray(60_000)  # above them, so that the heap cannot just be cut
held.clear()
kept = rss_mb()
give_back_memory()
assert kept - before > 60, (before, kept)
assert rss_mb() - before < 40, (before, kept, rss_mb())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other C libraries have their own ways")
def test_freed_memory_is_given_back() -> None:
    """In a process of its own: the heap of this one has holes enough for all that it takes."""
    done = subprocess.run([sys.executable, "-c", FREE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
