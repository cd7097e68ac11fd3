import math

import pytest

from training.optimization.stopping import WINDOW, has_converged, relative_change


def test_where_the_loss_falls_by_one_per_cent_a_step_the_change_is_one_per_cent() -> None:
    totals = [0.99**step for step in range(100)]
    assert relative_change(totals) == pytest.approx(0.01, rel=0.06)
    assert not has_converged(totals, 0.005) and has_converged(totals, 0.02)


def test_one_step_that_changes_nothing_does_not_end_it() -> None:
    totals = [0.97**step for step in range(40)]
    assert not has_converged([*totals, totals[-1]], 0.005)


def test_a_loss_that_shakes_about_one_value_has_converged() -> None:
    totals = [1 + 0.3 * math.sin(2 * math.pi * step / WINDOW) for step in range(60)]
    assert has_converged(totals, 0.005)


def test_a_loss_that_rises_has_not_converged() -> None:
    assert not has_converged([1.02**step for step in range(60)], 0.005)


def test_nothing_is_decided_before_two_windows_or_with_a_tolerance_of_0() -> None:
    assert relative_change([1.0] * (2 * WINDOW - 1)) is None
    assert not has_converged([1.0] * (2 * WINDOW - 1), 0.005)
    assert has_converged([1.0] * (2 * WINDOW), 0.005)
    assert not has_converged([1.0] * 100, 0.0)
