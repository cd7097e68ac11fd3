"""The network's size on demand: which sizes there are, and which it is for a source and a style."""

from itertools import pairwise

import pytest
from onnx_makers import make_contract

from realtime.errors import ContractError
from realtime.resolution import DISTURBED_S, Resolution, size_ladder
from realtime.testing import FakeClock

CONTRACT = make_contract()
HD = (1280, 720)
LADDER = size_ladder(HD, CONTRACT)
CAMERA_S = 1 / 30


@pytest.mark.parametrize("source_wh", [(1280, 720), (720, 1280), (640, 480), (854, 480), (1920, 1080)])
def test_a_ladder_goes_from_about_180_to_the_source_in_even_steps_of_its_shape(
    source_wh: tuple[int, int],
) -> None:
    sizes = size_ladder(source_wh, CONTRACT)
    assert sizes[-1] == source_wh
    assert 172 <= min(sizes[0]) <= 188
    for smaller, larger in pairwise(sizes):
        assert 1.1 < min(larger) / min(smaller) < 1.3
    for width, height in sizes[:-1]:
        assert width % 8 == height % 8 == 0
        assert width / height == pytest.approx(source_wh[0] / source_wh[1], rel=0.03)


def test_a_ladder_ends_at_1080_below_a_larger_source() -> None:
    assert size_ladder((3840, 2160), CONTRACT)[-1] == (1920, 1080)


def test_a_small_source_has_one_size() -> None:
    assert size_ladder((160, 120), CONTRACT) == ((160, 120),)


def test_a_ladder_keeps_to_the_contract() -> None:
    contract = make_contract(min_size=256, max_size=1024, size_multiple=12)
    sizes = size_ladder(HD, contract)
    assert len(sizes) > 2
    for size_wh in sizes:
        contract.check_size(size_wh)


def test_the_size_that_was_asked_for_is_the_largest_as_it_was_asked() -> None:
    assert size_ladder(HD, CONTRACT, (642, 362))[-1] == (642, 362)
    with pytest.raises(ContractError):
        size_ladder(HD, CONTRACT, (63, 64))


def test_a_target_that_cannot_be_met_is_told_once_and_the_lowest_size_stays() -> None:
    clock = FakeClock()
    resolution = Resolution(30, clock=clock)
    assert resolution(HD, CONTRACT) == (640, 360)
    resolution.follow(HD, CONTRACT)
    told = []
    for _ in range(2000):
        resolution.observe(resolution(HD, CONTRACT), 200, 205)
        clock.advance(0.2)
        told.append(resolution.take_problem())
    assert resolution(HD, CONTRACT) == LADDER[0]
    said = [problem for problem in told if problem]
    assert said == ["30 fps cannot be reached: 312x176, the lowest size, gives 4.88 fps"]


def test_what_a_frame_of_another_size_cost_says_nothing() -> None:
    resolution = Resolution(30, clock=FakeClock())
    resolution.follow(HD, CONTRACT)
    for _ in range(100):
        resolution.observe((1280, 720), 500, 500)
    assert resolution(HD, CONTRACT) == (640, 360)


def test_another_style_begins_at_the_size_of_now_with_costs_of_its_own() -> None:
    resolution = Resolution(30, clock=FakeClock())
    resolution.follow(HD, CONTRACT)
    for _ in range(16):
        resolution.observe((640, 360), 60, 62)
    now_wh = resolution(HD, CONTRACT)
    assert now_wh < (640, 360)
    coarse = make_contract(size_multiple=32)
    assert abs(min(resolution(HD, coarse)) - min(now_wh)) <= 32
    for _ in range(9):
        resolution.observe(now_wh, 60, 62)
    resolution.follow(HD, CONTRACT)
    for _ in range(8):
        resolution.observe(now_wh, 60, 62)
    assert resolution(HD, CONTRACT) == now_wh


def test_a_size_that_could_not_be_prepared_is_never_taken_again() -> None:
    clock = FakeClock()
    resolution = Resolution(30, clock=clock)
    resolution.follow(HD, CONTRACT)
    gone = LADDER[LADDER.index((640, 360)) + 1]
    for _ in range(200):
        clock.advance(CAMERA_S)
        resolution.observe(resolution(HD, CONTRACT), 2, 3)
        if resolution(HD, CONTRACT) == gone:
            resolution.leave_out(gone)
            assert resolution(HD, CONTRACT) == (640, 360)
    assert resolution(HD, CONTRACT) > gone
    resolution.follow(HD, CONTRACT)
    assert gone not in {resolution(HD, CONTRACT), resolution.smaller_wh()}


def test_the_size_below_is_told_so_that_it_can_be_kept_ready() -> None:
    resolution = Resolution(30, largest_wh=(320, 180), clock=FakeClock())
    assert resolution.smaller_wh() is None
    resolution.follow(HD, CONTRACT)
    assert resolution.smaller_wh() is None
    larger = Resolution(30, clock=FakeClock())
    larger.follow(HD, CONTRACT)
    assert larger.smaller_wh() == LADDER[LADDER.index((640, 360)) - 1]


def test_while_an_engine_is_loaded_slow_frames_are_forgiven_for_a_while() -> None:
    clock = FakeClock()
    resolution = Resolution(30, clock=clock)
    resolution.follow(HD, CONTRACT)
    for _ in range(30):
        resolution.observe((640, 360), 60, 62, disturbed=True)
        clock.advance(DISTURBED_S / 31)
    assert resolution(HD, CONTRACT) == (640, 360)
    for _ in range(20):
        clock.advance(DISTURBED_S / 31)
        resolution.observe((640, 360), 60, 62, disturbed=True)
    assert resolution(HD, CONTRACT) < (640, 360)


def test_a_network_beside_has_the_same_size_and_what_it_costs_counts() -> None:
    """Alone a frame fits the budget of 33 ms; with another network and a mask beside it does not."""
    clock = FakeClock()
    leader = Resolution(30, clock=clock)
    beside = leader.beside("rear")
    leader.follow(HD, CONTRACT)
    beside.follow(HD, CONTRACT)
    first_wh = leader(HD, CONTRACT)
    for _ in range(40):
        clock.advance(CAMERA_S)
        leader.observe(leader(HD, CONTRACT), 20, 25 + leader.beside_ms[1])
    assert leader(HD, CONTRACT) == beside(HD, CONTRACT) == first_wh
    for _ in range(20):
        clock.advance(CAMERA_S)
        beside.observe(first_wh, 14, 15)
        leader.add_cost("mask", 0, 4)
        assert leader.beside_ms == (14, 19)
        leader.observe(leader(HD, CONTRACT), 20 + leader.beside_ms[0], 25 + leader.beside_ms[1])
    smaller_wh = leader(HD, CONTRACT)
    assert smaller_wh[1] < first_wh[1]
    assert beside(HD, CONTRACT) == smaller_wh
    assert beside.smaller_wh() == leader.smaller_wh()


def test_what_one_network_cannot_have_neither_has() -> None:
    leader = Resolution(30, clock=FakeClock())
    beside = leader.beside("rear")
    leader.follow(HD, CONTRACT)
    beside.leave_out(leader(HD, CONTRACT))
    assert leader(HD, CONTRACT) != (640, 360)
    assert beside.take_problem() is None
