"""How a card is fed, on a stand-in for torch's part of it: see `fake_card`."""

import numpy as np
import pytest
import torch
from fake_card import FakeTorch
from numpy.typing import NDArray

from realtime.card_lanes import LANES, MAX_SIZES, WARM_UP, CardRunner

Image = NDArray[np.uint8]


def make_runner() -> tuple[CardRunner, FakeTorch]:
    fake = FakeTorch(lambda image: 255 - image)
    return CardRunner(fake, fake.cuda.model), fake


def pictures(count: int, *, height: int = 8, width: int = 12) -> list[Image]:
    noise = np.random.default_rng(0).integers(0, 256, (count, height, width, 3), dtype=np.uint8)
    for image in noise:
        image.flags.writeable = False  # as a frame's is
    return list(noise)


def test_every_picture_is_painted_by_replaying_a_graph() -> None:
    runner, fake = make_runner()
    for number, image in enumerate(pictures(5), start=1):
        assert (runner.finish(runner.start(image)) == 255 - image).all()
        assert fake.cuda.calls["replay"] == number
    assert fake.cuda.calls["model"] == LANES * (WARM_UP + 1)  # warmed up and recorded once, then never again
    assert runner.provider == "CUDA graph"


def test_memory_is_taken_once_a_size_whatever_the_number_of_pictures() -> None:
    runner, fake = make_runner()
    first = pictures(1)[0]
    runner.finish(runner.start(first))
    taken = dict(fake.taken)
    assert taken == {"card": LANES, "pinned": LANES + 1}  # and one painting
    for image in pictures(20):
        runner.finish(runner.start(image))
    assert dict(fake.taken) == taken


def test_a_painting_that_is_held_is_not_written_over() -> None:
    runner, fake = make_runner()
    images = pictures(4)
    held = [runner.finish(runner.start(image)) for image in images]
    for painted, image in zip(held, images, strict=True):
        assert (painted == 255 - image).all()
    assert fake.taken["pinned"] == LANES + 4


def test_two_pictures_are_in_flight_and_each_comes_out_as_itself() -> None:
    runner, _ = make_runner()
    first, second, third = pictures(3)
    tickets = [runner.start(first), runner.start(second)]
    assert tickets[0].lane is not tickets[1].lane
    assert (runner.finish(tickets[0]) == 255 - first).all()
    tickets.append(runner.start(third))
    assert (runner.finish(tickets[1]) == 255 - second).all()
    assert (runner.finish(tickets[2]) == 255 - third).all()


def test_more_in_flight_than_there_is_memory_for_is_refused() -> None:
    runner, _ = make_runner()
    image = pictures(1)[0]
    for _ in range(LANES):
        runner.start(image)
    with pytest.raises(RuntimeError, match="in flight"):
        runner.start(image)


def test_each_queue_waits_for_the_step_before_it() -> None:
    runner, _ = make_runner()
    ticket = runner.start(pictures(1)[0])
    lane = ticket.lane
    assert lane.arrived.recorded_in is runner._copy_in
    assert lane.is_painted.recorded_in is runner._paint
    assert lane.is_out.recorded_in is runner._copy_out
    assert runner._paint.waited_for == [lane.arrived]
    assert runner._copy_out.waited_for == [lane.is_painted]
    assert lane.is_out.waits == 0
    runner.finish(ticket)
    assert lane.is_out.waits == 1


def test_graphs_share_their_memory_for_what_lies_between_the_layers() -> None:
    runner, fake = make_runner()
    runner.start(pictures(1)[0])
    first, second = fake.cuda.pools
    assert first is None
    assert second is not None


def test_what_cannot_be_recorded_is_launched_one_by_one_and_said() -> None:
    runner, fake = make_runner()
    fake.cuda.refuses_graphs = True
    image = pictures(1)[0]
    assert (runner.finish(runner.start(image)) == 255 - image).all()
    assert fake.cuda.calls["replay"] == 0
    assert runner.provider == "CUDA"


def test_a_card_that_is_full_is_not_taken_for_one_that_cannot_record() -> None:
    runner, fake = make_runner()
    fake.cuda.out_of_memory = True
    with pytest.raises(torch.cuda.OutOfMemoryError):
        runner.start(pictures(1)[0])


def test_the_sizes_used_last_keep_their_memory() -> None:
    runner, fake = make_runner()
    for width in (8, 9, 10, 8, 11):
        runner.finish(runner.start(pictures(1, width=width)[0]))
    assert [shape[2] for shape in runner._sizes] == [10, 8, 11]
    assert len(runner._sizes) == MAX_SIZES
    assert fake.taken["card"] == 4 * LANES


def test_the_network_alone_is_timed_by_the_card_without_a_copy() -> None:
    runner, fake = make_runner()
    runner.finish(runner.start(pictures(1)[0]))
    replays = fake.cuda.calls["replay"]
    assert runner.time_network((12, 8), 4) == [0.5] * 4  # half a millisecond from mark to mark
    assert fake.cuda.calls["replay"] == replays + 4
    assert fake.taken["card"] == LANES


def test_closing_waits_for_the_card_and_gives_its_memory_back() -> None:
    runner, fake = make_runner()
    runner.start(pictures(1)[0])
    waited = fake.cuda.calls["synchronize"]
    runner.close()
    assert fake.cuda.calls["synchronize"] == waited + 1
    assert not runner._sizes
    assert fake.cuda.calls["empty_cache"] == 1
