import threading

import cv2
import numpy as np
import pytest

from realtime.page.broadcast import Broadcast, Picture, Viewer, encode_jpeg
from realtime.testing import FakeClock, make_frame

LONG_S = 30


class Watcher(Viewer):
    """A viewer whose test can wait for it to be woken."""

    def __init__(self, wants_original: bool = False) -> None:
        self.woken = threading.Semaphore(0)
        super().__init__(lambda: self.woken.release() and None, wants_original)

    def wait(self) -> None:
        assert self.woken.acquire(timeout=LONG_S)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def broadcast(clock: FakeClock):  # type: ignore[no-untyped-def]
    broadcast = Broadcast(most_fps=30, clock=clock)
    yield broadcast
    broadcast.close()


def publish(broadcast: Broadcast, index: int) -> None:
    frame = make_frame(index)
    broadcast.publish(frame, frame.image)


def grey_of(jpeg: bytes) -> int:
    return int(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).mean().round())


def test_all_viewers_get_the_very_same_bytes(broadcast: Broadcast) -> None:
    viewers = [Watcher() for _ in range(20)]
    for viewer in viewers:
        broadcast.join(viewer)
    publish(broadcast, 7)
    pictures = []
    for viewer in viewers:
        viewer.wait()
        pictures.append(broadcast.take(viewer))
    assert isinstance(pictures[0], Picture) and grey_of(pictures[0].jpeg) == 7
    assert all(picture is pictures[0] for picture in pictures)


def test_nobody_watches_and_nothing_is_encoded(broadcast: Broadcast) -> None:
    publish(broadcast, 1)
    late = Watcher()
    broadcast.join(late)
    assert broadcast.take(late) is None and not broadcast.has_picture


def test_a_viewer_that_never_takes_anything_misses_pictures_and_holds_nobody_up(
    broadcast: Broadcast, clock: FakeClock
) -> None:
    slow, quick = Watcher(), Watcher()
    broadcast.join(slow)
    broadcast.join(quick)
    for index in range(100):
        clock.advance(1)
        publish(broadcast, index)
        quick.wait()
        assert broadcast.take(quick) is not None
    assert quick.dropped == 0 and quick.sent == 100
    first = broadcast.take(slow)
    assert first is not None and grey_of(first.jpeg) == 99  # the newest, and one only
    assert broadcast.take(slow) is None
    clock.advance(1)
    for index in (10, 20):
        clock.advance(1)
        publish(broadcast, index)
        quick.wait()
    broadcast.take(slow)
    assert slow.dropped == 1 and slow.sent == 2


def test_no_more_pictures_a_second_than_are_wanted(broadcast: Broadcast, clock: FakeClock) -> None:
    viewer = Watcher()
    broadcast.join(viewer)
    for index in (10, 20, 30):
        publish(broadcast, index)
        if index == 10:
            viewer.wait()
            broadcast.take(viewer)
    assert not viewer.woken.acquire(blocking=False)  # the clock stands still
    clock.advance(1 / 30)
    viewer.wait()
    picture = broadcast.take(viewer)
    assert picture is not None and grey_of(picture.jpeg) == 30 and picture.number == 2


def test_a_source_of_the_same_rate_loses_nothing_to_its_jitter(
    broadcast: Broadcast, clock: FakeClock
) -> None:
    viewer = Watcher()
    broadcast.join(viewer)
    for index in range(60):
        publish(broadcast, index)
        viewer.wait()
        broadcast.take(viewer)
        clock.advance((1 + (0.2 if index % 2 else -0.2)) / 30)
    assert viewer.sent == 60


def test_originals_are_encoded_only_while_somebody_wants_them(broadcast: Broadcast, clock: FakeClock) -> None:
    plain, split = Watcher(), Watcher(wants_original=True)
    broadcast.join(plain)
    publish(broadcast, 1)
    plain.wait()
    picture = broadcast.take(plain)
    assert picture is not None and picture.original is None
    broadcast.join(split)
    clock.advance(1)
    publish(broadcast, 2)
    split.wait()
    picture = broadcast.take(split)
    assert picture is not None and picture.original is not None


def test_the_end_wakes_everybody_and_takes_no_more(broadcast: Broadcast) -> None:
    viewer = Watcher()
    broadcast.join(viewer)
    broadcast.close()
    viewer.wait()
    assert broadcast.closed
    publish(broadcast, 1)
    assert broadcast.take(viewer) is None


def test_a_viewer_that_left_is_not_woken(broadcast: Broadcast) -> None:
    gone, here = Watcher(), Watcher()
    broadcast.join(gone)
    broadcast.join(here)
    broadcast.leave(gone)
    broadcast.leave(gone)
    publish(broadcast, 1)
    here.wait()
    assert not gone.woken.acquire(blocking=False) and broadcast.viewers == 1


def test_jpegs_are_jpegs() -> None:
    assert encode_jpeg(make_frame(3).image).startswith(b"\xff\xd8\xff")
