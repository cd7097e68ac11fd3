"""Waiting, dropping and closing, from both sides."""

import threading

import pytest

from realtime.errors import OptionError
from realtime.mailbox import Mailbox, MailboxClosed

LONG_S = 30  # only ever waited for by a test that fails


def test_items_come_out_in_the_order_they_went_in() -> None:
    box: Mailbox[int] = Mailbox(3)
    for item in (1, 2, 3):
        box.put(item)
    assert [box.get(), box.get(), box.get()] == [1, 2, 3]


def test_a_live_mailbox_keeps_the_newest_and_reports_what_it_dropped() -> None:
    dropped: list[int] = []
    box: Mailbox[int] = Mailbox(1, drops_oldest=True, on_drop=dropped.append)
    for item in (1, 2, 3):
        box.put(item)
    assert box.get() == 3
    assert dropped == [1, 2]


def test_a_full_waiting_mailbox_lets_the_next_item_in_only_after_one_left() -> None:
    box: Mailbox[int] = Mailbox(1)
    box.put(1)
    second = threading.Thread(target=box.put, args=(2,))
    second.start()
    assert box.get() == 1
    second.join(LONG_S)
    assert not second.is_alive()
    assert box.get() == 2


def test_a_get_with_a_timeout_gives_none_when_nothing_comes() -> None:
    assert Mailbox[int](1).get(timeout_s=0) is None


def test_after_close_the_rest_comes_out_and_then_the_end() -> None:
    box: Mailbox[int] = Mailbox(2)
    box.put(1)
    box.close()
    assert box.get() == 1
    with pytest.raises(MailboxClosed):
        box.get()


def test_abort_throws_the_rest_away_and_counts_it_as_dropped() -> None:
    dropped: list[int] = []
    box: Mailbox[int] = Mailbox(2, on_drop=dropped.append)
    box.put(1)
    box.abort()
    with pytest.raises(MailboxClosed):
        box.get()
    with pytest.raises(MailboxClosed):
        box.put(2)
    assert dropped == [1, 2]


def test_abort_wakes_whoever_waits_on_either_side() -> None:
    full: Mailbox[int] = Mailbox(1)
    full.put(1)
    empty: Mailbox[int] = Mailbox(1)
    woken = threading.Barrier(3)

    def expect_closed(action: object) -> None:
        with pytest.raises(MailboxClosed):
            action()  # type: ignore[operator]
        woken.wait(LONG_S)

    threading.Thread(target=expect_closed, args=(lambda: full.put(2),), daemon=True).start()
    threading.Thread(target=expect_closed, args=(empty.get,), daemon=True).start()
    full.abort()
    empty.abort()
    woken.wait(LONG_S)


def test_a_mailbox_without_room_is_refused() -> None:
    with pytest.raises(OptionError, match="got 0"):
        Mailbox[int](0)
