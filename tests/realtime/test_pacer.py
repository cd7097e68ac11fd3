import pytest

from realtime.pacer import Pacer, film_time, slide_time
from realtime.testing import FakeClock, make_frame


def test_a_fast_network_waits_for_each_frames_own_time() -> None:
    clock = FakeClock(100.0)
    pacer = Pacer(film_time, clock)
    assert pacer.left_s(make_frame(0, fps=25)) == 0
    assert pacer.left_s(make_frame(1, fps=25)) == pytest.approx(0.04)
    clock.advance(0.03)
    assert pacer.left_s(make_frame(1, fps=25)) == pytest.approx(0.01)


def test_the_film_begins_at_its_first_frame_wherever_that_lies() -> None:
    pacer = Pacer(film_time, FakeClock())
    assert pacer.left_s(make_frame(90, fps=30)) == 0
    assert pacer.left_s(make_frame(93, fps=30)) == pytest.approx(0.1)


def test_a_little_late_is_caught_up() -> None:
    clock = FakeClock()
    pacer = Pacer(film_time, clock)
    pacer.left_s(make_frame(0, fps=25))
    clock.advance(0.08)
    assert pacer.left_s(make_frame(1, fps=25)) == pytest.approx(-0.04)
    assert pacer.left_s(make_frame(3, fps=25)) == pytest.approx(0.04)


def test_after_a_stall_the_film_goes_on_without_racing() -> None:
    clock = FakeClock()
    pacer = Pacer(film_time, clock)
    pacer.left_s(make_frame(0, fps=25))
    clock.advance(10)
    assert pacer.left_s(make_frame(1, fps=25)) == 0
    assert pacer.left_s(make_frame(2, fps=25)) == pytest.approx(0.04)


def test_after_a_pause_the_next_frame_is_due_at_once() -> None:
    clock = FakeClock()
    pacer = Pacer(film_time, clock)
    pacer.left_s(make_frame(0, fps=25))
    pacer.restart()
    assert pacer.left_s(make_frame(50, fps=25)) == 0


def test_pictures_of_a_folder_stay_long_enough_to_be_seen() -> None:
    pacer = Pacer(slide_time, FakeClock())
    assert pacer.left_s(make_frame(0)) == 0
    assert pacer.left_s(make_frame(1)) == pytest.approx(2.0)
