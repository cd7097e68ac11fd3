import threading

import pytest

from realtime.background import Background, Stopped

LONG_S = 30  # only ever waited for by a test that fails


def test_the_work_goes_on_while_nobody_waits_for_it() -> None:
    begun = threading.Event()

    def begin() -> int:
        begun.set()
        return 7

    work = Background(begin)
    assert begun.wait(LONG_S)
    assert work.result(threading.Event()) == 7
    assert work.result(threading.Event()) == 7


def test_its_error_is_raised_where_the_result_is_asked_for() -> None:
    def fail() -> int:
        raise OSError("no camera")

    with pytest.raises(OSError, match="no camera"):
        Background(fail).result(threading.Event())


def test_a_stop_ends_the_wait_for_work_that_does_not_end() -> None:
    stop, end = threading.Event(), threading.Event()
    work = Background(lambda: end.wait(LONG_S))
    stop.set()
    with pytest.raises(Stopped):
        work.result(stop)
    end.set()
    work.wait(LONG_S)
    assert work.result(stop) is True
