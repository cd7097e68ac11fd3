import threading

import numpy as np

from realtime.buffers import BufferPool

SHAPE = (4, 6, 3)


def test_a_buffer_that_was_dropped_is_handed_out_again() -> None:
    pool = BufferPool()
    for _ in range(10):
        buffer = pool.take(SHAPE)
        del buffer
    assert pool.allocated == 1


def test_a_buffer_that_is_held_is_left_alone() -> None:
    pool = BufferPool()
    held = pool.take(SHAPE)
    held[:] = 7
    other = pool.take(SHAPE)
    other[:] = 9
    assert (held == 7).all()
    assert pool.allocated == 2


def test_a_view_holds_its_buffer() -> None:
    pool = BufferPool()
    view = pool.take((1, *SHAPE))[0][1:, ::2].view()
    assert not np.shares_memory(view, pool.take((1, *SHAPE)))


def test_another_shape_gets_other_memory() -> None:
    pool = BufferPool()
    assert pool.take(SHAPE).shape == SHAPE
    assert pool.take((2, 2, 3)).shape == (2, 2, 3)
    assert pool.take((2, 2, 3), np.float32).dtype == np.float32
    assert pool.allocated == 3


def test_beyond_the_limit_arrays_are_ordinary() -> None:
    pool = BufferPool(max_buffers=2)
    held = [pool.take(SHAPE) for _ in range(5)]
    assert len({array.ctypes.data for array in held}) == 5
    held.clear()
    again = [pool.take(SHAPE) for _ in range(2)]
    assert len(again) == 2
    assert pool.allocated == 5


def test_a_buffer_may_be_dropped_in_another_thread() -> None:
    pool = BufferPool()
    mailbox = [pool.take(SHAPE)]
    thread = threading.Thread(target=mailbox.clear)
    thread.start()
    thread.join()
    pool.take(SHAPE)
    assert pool.allocated == 1
