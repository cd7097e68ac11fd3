"""Which size it is, on simulated machines: no clock, no network, every step counted."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from onnx_makers import make_contract

from realtime.governor import SETTLE_S, Governor, pixels
from realtime.resolution import size_ladder
from realtime.testing import FakeClock

LADDER = size_ladder((1280, 720), make_contract())
CAMERA_S = 1 / 30


@dataclass
class Machine:
    """A camera of 30 fps and a loop that a governor steers; `load` multiplies every cost at a time (s)."""

    governor: Governor
    clock: FakeClock
    ns_per_pixel: float
    fixed_ms: float = 3.0
    jitter: float = 0.0
    load: Callable[[float], float] = lambda _: 1.0
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    steps: list[tuple[int, int]] = field(default_factory=list)
    slow_frames: int = 0

    def run(self, seconds: float) -> None:
        end = self.clock() + seconds
        while self.clock() < end:
            before = self.governor.place
            scale = self.load(self.clock()) * self.chance.gauss(1.0, self.jitter)
            network_ms = max(0.1, self.ns_per_pixel * pixels(self.governor.size_wh) * 1e-6 * scale)
            frame_ms = network_ms + self.fixed_ms
            self.slow_frames += frame_ms > CAMERA_S * 1000
            self.clock.advance(max(frame_ms / 1000, CAMERA_S))
            self.governor.observe(network_ms, frame_ms)
            if self.governor.place != before:
                self.steps.append((before, self.governor.place))

    @property
    def ups(self) -> int:
        return sum(1 for before, after in self.steps if after > before)

    @property
    def downs(self) -> int:
        return sum(1 for before, after in self.steps if after < before)


def make_machine(ns_per_pixel: float, *, place: int = 4, fps: float = 30, **more: object) -> Machine:
    clock = FakeClock(100.0)
    governor = Governor(LADDER, fps, place=place, clock=clock)
    return Machine(governor, clock, ns_per_pixel, **more)  # type: ignore[arg-type]


def test_a_fast_machine_climbs_to_the_top_one_step_at_a_time_and_stays() -> None:
    machine = make_machine(5)
    machine.run(60)
    assert machine.steps == [(place, place + 1) for place in range(4, len(LADDER) - 1)]
    assert machine.clock() > 100 + SETTLE_S * len(machine.steps)


def test_a_slow_machine_goes_down_at_once_to_the_size_that_fits() -> None:
    machine = make_machine(400)  # 92 ms at 640x360
    machine.run(60)
    assert machine.downs == 1
    assert machine.ups == 0
    assert machine.slow_frames < 20
    largest = max(size_wh for size_wh in LADDER if 400e-6 * pixels(size_wh) + 3 < 0.85 * 1000 / 30)
    assert machine.governor.size_wh == largest


@pytest.mark.parametrize("jitter", [0.05, 0.15, 0.3])
@pytest.mark.parametrize("cost", [80, 88, 96, 104, 112, 120])  # over a whole step of the ladder
def test_noise_does_not_make_it_oscillate(jitter: float, cost: int) -> None:
    machine = make_machine(cost, jitter=jitter)
    machine.run(200)
    assert len(machine.steps) <= 4, machine.steps


def test_a_load_is_answered_within_a_second_and_its_end_in_time() -> None:
    machine = make_machine(90, jitter=0.1, load=lambda at: 2.5 if 130 <= at < 160 else 1.0)
    machine.run(29)
    before = machine.governor.place
    machine.run(2)
    assert machine.governor.place < before - 1
    machine.slow_frames = 0
    machine.run(29)
    assert machine.slow_frames < 0.1 * 29 * 30
    machine.run(30)
    assert machine.governor.place == before


def test_a_step_up_that_has_to_be_undone_is_tried_ever_more_rarely() -> None:
    # A size above which the cache is too small: three times the cost that the pixels promise.
    machine = make_machine(60)
    cliff = machine.governor.place
    machine.load = lambda _: 3.0 if machine.governor.place > cliff else 1.0
    machine.run(600)
    assert machine.governor.place in (cliff, cliff + 1)
    assert machine.downs <= 12
    gaps_s = 600 / machine.downs
    assert gaps_s > 40


def test_a_machine_that_becomes_faster_is_used() -> None:
    machine = make_machine(100, load=lambda at: 3.0 if at < 400 else 1.0, jitter=0.1)
    machine.run(300)
    slow = machine.governor.place
    machine.run(60)
    assert machine.governor.place > slow + 1


def test_one_slow_frame_changes_nothing() -> None:
    machine = make_machine(90)
    machine.run(30)
    count = len(machine.steps)
    machine.governor.observe(500, 503)
    machine.run(30)
    assert len(machine.steps) == count


def test_the_plainer_it_is_too_slow_the_fewer_frames_it_takes() -> None:
    taken = []
    for frame_ms in (200.0, 50.0, 35.0):
        governor = Governor(LADDER, 30, place=4, clock=FakeClock())
        frames = 0
        while governor.place == 4:
            governor.observe(frame_ms - 3, frame_ms)
            frames += 1
        taken.append(frames)
    assert taken == [8 + 5, 8 + 8, 8 + 24]


def test_very_slow_frames_at_the_start_are_not_skipped_for_long() -> None:
    clock = FakeClock()
    governor = Governor(LADDER, 30, place=4, clock=clock)
    frames = 0
    while governor.place == 4:
        clock.advance(2.0)
        governor.observe(1900, 2000)
        frames += 1
    assert frames == 5
