"""Memory for pictures that is taken once and used again, so that the loop allocates nothing.

A picture of a megabyte is memory that the system maps and clears anew each time: a tenth of a
millisecond and more, in every stage of every frame.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

# A frame may lie in a mailbox, in a window that is paused and in a writer at once.
MAX_BUFFERS = 8


class BufferPool:
    """Hands out arrays of one shape; an array that nobody holds any more is handed out again.

    Whoever takes one owns it, as if it were new: no call gives it back, dropping it is enough. A view
    of it holds it too. Used by one thread; the arrays may be dropped in any.

    Args:
        max_buffers: how many are kept; those taken beyond are ordinary arrays.
        allocate: makes an array of a shape and a dtype; for memory of a special kind.
    """

    def __init__(
        self,
        max_buffers: int = MAX_BUFFERS,
        *,
        allocate: Callable[[tuple[int, ...], np.dtype[Any]], NDArray[Any]] = np.empty,
    ) -> None:
        self._max_buffers = max_buffers
        self._allocate = allocate
        self._buffers: list[NDArray[Any]] = []
        self.allocated = 0

    def take(self, shape: tuple[int, ...], dtype: DTypeLike = np.uint8) -> NDArray[Any]:
        """Return an array of this shape and dtype; what is in it is not defined."""
        wanted = np.dtype(dtype)
        if self._buffers and (self._buffers[0].shape != shape or self._buffers[0].dtype != wanted):
            self._buffers.clear()
        for place in range(len(self._buffers)):
            if _holders(self._buffers, place) == _NOBODY:
                return self._buffers[place]
        self.allocated += 1
        buffer = self._allocate(shape, wanted)
        if len(self._buffers) < self._max_buffers:
            self._buffers.append(buffer)
        return buffer


class BufferPools:
    """A `BufferPool` for each shape and dtype that is asked for, for whoever works with a few of them.

    Args:
        most: shapes; when another comes, all are forgotten.
    """

    def __init__(self, most: int = 8) -> None:
        self._most = most
        self._pools: dict[tuple[tuple[int, ...], np.dtype[Any]], BufferPool] = {}

    def take(self, shape: tuple[int, ...], dtype: DTypeLike = np.uint8) -> NDArray[Any]:
        """Return an array of this shape and dtype, as `BufferPool.take` does."""
        key = shape, np.dtype(dtype)
        if key not in self._pools:
            if len(self._pools) >= self._most:
                self._pools.clear()
            self._pools[key] = BufferPool()
        return self._pools[key].take(*key)

    def like(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return an array of another one's shape and dtype."""
        return self.take(array.shape, array.dtype)

    @property
    def allocated(self) -> int:
        """How many arrays were made for the shapes of now."""
        return sum(pool.allocated for pool in self._pools.values())


def _holders(things: list[Any], place: int) -> int:
    return sys.getrefcount(things[place])


# What is counted of a thing that only the list holds: Python's versions differ in it.
_NOBODY = _holders([object()], 0)
