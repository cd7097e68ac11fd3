"""What the keys do, as pure functions."""

import pytest

from realtime.controls import KEY_BINDINGS, Action, Controls, action_of, apply, drag_split
from realtime.painter import Look


def test_every_action_has_a_key_and_no_key_has_two_meanings() -> None:
    assert {binding.action for binding in KEY_BINDINGS} == set(Action)
    codes = [code for binding in KEY_BINDINGS for code in binding.codes]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("key", "action"),
    [
        (ord("n"), Action.NEXT_STYLE),
        (ord("N"), Action.NEXT_STYLE),
        (0xFF53, Action.NEXT_STYLE),  # right arrow: X11
        (0x270000, Action.NEXT_STYLE),  # Windows
        (0xF703, Action.NEXT_STYLE),  # macOS
        (0xFF51, Action.PREVIOUS_STYLE),
        (ord("="), Action.STRONGER),
        (ord("-"), Action.WEAKER),
        (ord("?"), Action.HELP),
        (27, Action.QUIT),
        (0x100000 | ord("q"), Action.QUIT),  # GTK with Num Lock
        (-1, None),
        (ord("z"), None),
        (0, None),
    ],
)
def test_a_key_code_of_any_system_means_its_action(key: int, action: Action | None) -> None:
    assert action_of(key) is action


def test_strength_goes_in_steps_and_stays_between_0_and_1() -> None:
    controls = Controls(strength=1.0)
    assert apply(controls, Action.STRONGER).strength == 1.0
    for _ in range(10):
        controls = apply(controls, Action.WEAKER)
    assert controls.strength == 0.0
    assert apply(controls, Action.WEAKER).strength == 0.0
    for _ in range(10):
        controls = apply(controls, Action.STRONGER)
    assert controls.strength == 1.0


@pytest.mark.parametrize(
    ("action", "name"),
    [
        (Action.ORIGINAL_COLORS, "original_colors"),
        (Action.SPLIT, "split"),
        (Action.PAUSE, "paused"),
        (Action.FULL_SCREEN, "full_screen"),
        (Action.HUD, "hud"),
        (Action.HELP, "help"),
    ],
)
def test_a_switch_goes_over_and_back_and_changes_nothing_else(action: Action, name: str) -> None:
    before = Controls(strength=0.5)
    switched = apply(before, action)
    assert getattr(switched, name) is not getattr(before, name)
    assert apply(switched, action) == before


@pytest.mark.parametrize("action", [Action.NEXT_STYLE, Action.SNAPSHOT, Action.RECORD, Action.QUIT])
def test_events_leave_the_controls_as_they_are(action: Action) -> None:
    controls = Controls()
    assert apply(controls, action) is controls


def test_only_strength_and_colours_are_part_of_the_look() -> None:
    controls = Controls(strength=0.4, original_colors=True, detail=0.2, split=True, paused=True)
    assert controls.look == Look(0.4, True, 0.2)


@pytest.mark.parametrize(("position", "kept"), [(0.3, 0.3), (-2.0, 0.0), (1.5, 1.0)])
def test_the_split_line_stays_on_the_picture(position: float, kept: float) -> None:
    assert drag_split(Controls(split=True), position).split_at == kept
