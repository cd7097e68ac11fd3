"""The places where one thread leaves frames for the next: the decision between waiting and dropping.

A live source must not wait: what it gives now is worth more than what it gave before, so the newest
frame takes the place of the oldest. A file must not lose a frame: whoever is faster waits.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from realtime.errors import OptionError

Item = TypeVar("Item")

# A wait is cut into slices so that Ctrl-C reaches the main thread on Windows, where a lock cannot be
# interrupted. No frame waits for a slice to end: every put and get wakes the other side at once.
SLICE_S = 0.1


class MailboxClosed(Exception):
    """Nothing more will come out: the other side has ended or the run was stopped."""


class Mailbox(Generic[Item]):
    """A queue of a few places between two threads.

    Args:
        capacity: how many items it holds, 1 or more.
        drops_oldest: when full, True lets the newest item push the oldest out (a live source), False
            makes `put` wait (a file).
        on_drop: called with each item that is pushed out or thrown away, in the thread that did it.
    Raises:
        OptionError: if the capacity is below 1.
    """

    def __init__(
        self, capacity: int, *, drops_oldest: bool = False, on_drop: Callable[[Item], None] | None = None
    ) -> None:
        if capacity < 1:
            raise OptionError(f"a mailbox must hold 1 item or more, got {capacity}")
        self._capacity = capacity
        self._drops_oldest = drops_oldest
        self._on_drop = on_drop
        self._items: deque[Item] = deque()
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        """Leave an item for the other side, waiting or dropping the oldest as the mailbox was made.

        Raises:
            MailboxClosed: if the mailbox is closed, also while waiting; the item counts as dropped.
        """
        pushed_out: list[Item] = []
        with self._changed:
            while not self._closed and len(self._items) >= self._capacity:
                if self._drops_oldest:
                    pushed_out.append(self._items.popleft())
                else:
                    self._changed.wait(SLICE_S)
            closed = self._closed
            if closed:
                pushed_out.append(item)
            else:
                self._items.append(item)
                self._changed.notify_all()
        self._drop(pushed_out)
        if closed:
            raise MailboxClosed

    def wait_for_room(self) -> None:
        """Wait until an item can be put without waiting or dropping; returns at once when closed."""
        with self._changed:
            while not self._closed and len(self._items) >= self._capacity:
                self._changed.wait(SLICE_S)

    def get(self, timeout_s: float | None = None) -> Item | None:
        """Take the oldest item; with a timeout, None when nothing came in that time.

        Raises:
            MailboxClosed: when the mailbox is closed and empty.
        """
        with self._changed:
            if timeout_s is not None:
                self._changed.wait_for(self._has_news, timeout_s)
            else:
                while not self._has_news():
                    self._changed.wait(SLICE_S)
            if self._items:
                item = self._items.popleft()
                self._changed.notify_all()
                return item
            if self._closed:
                raise MailboxClosed
            return None

    def close(self) -> None:
        """Let nothing more in; what is inside can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def abort(self) -> None:
        """Close and throw away what is inside: the run is over."""
        with self._changed:
            self._closed = True
            thrown_away = list(self._items)
            self._items.clear()
            self._changed.notify_all()
        self._drop(thrown_away)

    def _has_news(self) -> bool:
        return bool(self._items) or self._closed

    def _drop(self, items: list[Item]) -> None:
        if self._on_drop is not None:
            for item in items:
                self._on_drop(item)
