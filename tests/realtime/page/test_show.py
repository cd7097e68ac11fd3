from collections.abc import Iterator
from pathlib import Path

import pytest
from page_makers import Page, open_page
from waiting import wait_until

from realtime.memory_watch import ENOUGH_MB, SHORT_MB
from realtime.testing import FakeClock


class Memory:
    """What is left of the machine's, in MB, as a test sets it."""

    left_mb = ENOUGH_MB + 1

    def available(self) -> float:
        return self.left_mb


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    memory = Memory()
    monkeypatch.setattr("realtime.page.show.available_mb", memory.available)
    monkeypatch.setattr("realtime.memory_watch.LOOK_EVERY_S", 0.0)  # at every picture
    return memory


@pytest.fixture
def page(tiny_style: Path, memory: Memory) -> Iterator[Page]:
    with open_page(tiny_style, clock=FakeClock()) as page:
        yield page


def test_memory_that_runs_short_is_told_to_the_viewers_and_what_is_kept_for_speed_given_back(
    page: Page, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    spared: list[bool] = []
    monkeypatch.setattr(page.house.main.player, "spare_memory", spared.append)
    page.give(10)
    wait_until(lambda: page.house.main.times.shown == 1)
    assert spared == []
    memory.left_mb = SHORT_MB - 20
    wait_until(lambda: spared == [True])  # while nobody watches, too
    _, news = page.house.main.news_since(0)
    assert len(news) == 1 and news[0].startswith("memory is short (280 MB left)")
    memory.left_mb = ENOUGH_MB + 1
    wait_until(lambda: spared == [True, False])


def test_the_style_behind_a_mask_spares_memory_too(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    page.give(10)
    wait_until(lambda: page.house.main.times.shown == 1)
    page.change(mask="motion", background="tiny")
    wait_until(lambda: page.house.main.scene.version == 2)
    spared: list[bool] = []
    back = page.house.main.scene._back
    assert back is not None
    monkeypatch.setattr(back, "spare_memory", spared.append)
    page.house.main.scene.spare_memory(True)
    assert spared == [True]


def test_swapping_front_and_back_keeps_what_the_mask_has_learnt(page: Page) -> None:
    page.give(10)
    wait_until(lambda: page.house.main.times.shown == 1)
    page.change(mask="motion")
    scene = page.house.main.scene
    wait_until(lambda: scene.version == 2)
    masked = scene._masked
    assert masked is not None and not masked._swapped
    page.change(swapped=True)
    wait_until(lambda: scene.version == 3)
    assert scene._masked is masked and masked._swapped
    page.change(mask="person", swapped=False)
    wait_until(lambda: scene.version == 4 and scene._masked is not masked)
    assert not scene._masked._swapped
