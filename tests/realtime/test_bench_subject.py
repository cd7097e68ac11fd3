import pytest

from realtime.bench_load import Scene
from realtime.bench_subject import NETWORK, SETTLING, Subject, Ticks
from realtime.testing import FakeClock, IdentityEngine, make_frame

SIZE_WH = (64, 64)


def make_subject(engine: IdentityEngine, *sources: str, frames: int = 4, clock: FakeClock) -> Subject:
    return Subject(engine, Scene.of_noise(SIZE_WH), sources=sources, frames=frames, clock=clock)


def test_the_network_s_milliseconds_are_of_one_picture_and_settling_is_not_in_them() -> None:
    clock = FakeClock()
    # The first pictures of a turn take ten times as long.
    engine = IdentityEngine(before_infer=lambda number: clock.advance(0.3 if number < SETTLING else 0.03))
    subject = make_subject(engine, frames=4, clock=clock)
    assert subject.network_ms() == pytest.approx(30.0)
    assert engine.painted == SETTLING + 4


def test_the_warm_up_prepares_the_size_and_is_forgotten() -> None:
    clock, slow = FakeClock(), [True]
    engine = IdentityEngine(before_infer=lambda _: clock.advance(5.0 if slow[0] else 0.02))
    subject = make_subject(engine, frames=3, clock=clock)
    subject.warm_up()
    slow[0] = False
    measured = subject.network_plain([subject.network_ms()])
    assert engine.prepared_wh == [SIZE_WH]
    assert measured["latency_ms"] == {"p50": 20.0, "p95": 20.0, "p99": 20.0, "max": 20.0}
    assert measured["fps"] == pytest.approx(50.0)


def test_a_turn_of_the_loop_puts_out_every_one_of_its_frames() -> None:
    clock = FakeClock()
    engine = IdentityEngine(before_infer=lambda _: clock.advance(0.001))
    subject = make_subject(engine, "camera", frames=5, clock=clock)
    subject.loop_ms("camera")
    subject.loop_ms("camera")
    frames = subject.loop_plain("camera", [10.0, 10.0], [9.0, 9.0])["frames"]
    assert frames["shown"] == 10
    assert frames["captured"] == frames["shown"] + frames["dropped"]


def test_a_loop_s_share_is_the_network_s_time_by_its_own() -> None:
    subject = make_subject(IdentityEngine(), "camera", clock=FakeClock())
    plain = subject.loop_plain("camera", ms=[10.0, 20.0, 40.0], network_ms=[9.0, 19.0, 38.0])
    assert plain["share"]["rounds"] == [0.9, 0.95, 0.95]
    assert plain["share"]["median"] == 0.95
    assert plain["ms"]["median"] == 20.0
    assert plain["fps"] == 50.0


def test_the_network_comes_first_and_every_source_has_its_turn() -> None:
    subject = make_subject(IdentityEngine(), "camera", "file", clock=FakeClock())
    assert list(subject.turns()) == [NETWORK, "camera", "file"]


def test_ticks_count_the_gaps_between_frames() -> None:
    clock = FakeClock()
    ticks = Ticks(clock)
    for gap_s in (7.0, 0.02, 0.04):  # the first frame's own wait is no gap
        clock.advance(gap_s)
        ticks.write(make_frame())
    assert ticks.ms() == pytest.approx(30.0)
