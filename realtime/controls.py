"""What the viewer can change while it runs, and which key changes it. Pure: no window, no clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from realtime.guided import DEFAULT_DETAIL
from realtime.painter import Look

STRENGTH_STEP = 0.1


class Action(Enum):
    """What a key asks for; the value is what the help overlay says."""

    NEXT_STYLE = "next style"
    PREVIOUS_STYLE = "previous style"
    TOWARDS = "towards the second style"
    BACK = "back to the first style"
    SWAP = "swap what is masked and the rest"
    STRONGER = "stronger"
    WEAKER = "weaker"
    ORIGINAL_COLORS = "original colours"
    SPLIT = "split view (drag the line)"
    PAUSE = "pause"
    SNAPSHOT = "snapshot (PNG)"
    RECORD = "record (video file), again to stop"
    FULL_SCREEN = "full screen"
    HUD = "information line"
    HELP = "this help"
    QUIT = "quit"


@dataclass(frozen=True)
class KeyBinding:
    """An action, how the help overlay writes its keys, and the codes that `cv2.waitKeyEx` gives."""

    action: Action
    label: str
    codes: tuple[int, ...]


# Arrow keys: X11 (Qt, GTK), GTK with Num Lock aside, Windows, macOS.
_LEFT, _UP, _RIGHT, _DOWN = (
    (0xFF51, 0x250000, 0xF702),
    (0xFF52, 0x260000, 0xF700),
    (0xFF53, 0x270000, 0xF703),
    (0xFF54, 0x280000, 0xF701),
)

KEY_BINDINGS = (
    KeyBinding(Action.NEXT_STYLE, "N  \u2192", (ord("n"), *_RIGHT)),
    KeyBinding(Action.PREVIOUS_STYLE, "P  \u2190", (ord("p"), *_LEFT)),
    KeyBinding(Action.TOWARDS, "]", (ord("]"),)),
    KeyBinding(Action.BACK, "[", (ord("["),)),
    KeyBinding(Action.SWAP, "B", (ord("b"),)),
    KeyBinding(Action.STRONGER, "+  \u2191", (ord("+"), ord("="), *_UP)),
    KeyBinding(Action.WEAKER, "-  \u2193", (ord("-"), ord("_"), *_DOWN)),
    KeyBinding(Action.ORIGINAL_COLORS, "C", (ord("c"),)),
    KeyBinding(Action.SPLIT, "V", (ord("v"),)),
    KeyBinding(Action.PAUSE, "Space", (ord(" "),)),
    KeyBinding(Action.SNAPSHOT, "S", (ord("s"),)),
    KeyBinding(Action.RECORD, "R", (ord("r"),)),
    KeyBinding(Action.FULL_SCREEN, "F", (ord("f"),)),
    KeyBinding(Action.HUD, "I", (ord("i"),)),
    KeyBinding(Action.HELP, "H  ?", (ord("h"), ord("?"))),
    KeyBinding(Action.QUIT, "Q  Esc", (ord("q"), 27)),
)

_ACTIONS = {code: binding.action for binding in KEY_BINDINGS for code in binding.codes}


def action_of(key: int) -> Action | None:
    """Return what a key code of `cv2.waitKeyEx` asks for; None for a key without a meaning.

    Capital letters count as small ones. The bits that some window systems set for Num Lock, Caps Lock
    and Shift (above the 16th, where no arrow key of theirs lies) are ignored.
    """
    for code in (key, key & 0xFFFF):
        if code in _ACTIONS:
            return _ACTIONS[code]
        if ord("A") <= code <= ord("Z") and code + 32 in _ACTIONS:
            return _ACTIONS[code + 32]
    return None


@dataclass(frozen=True)
class Controls:
    """Everything on screen that a key changes at once; style, snapshot and record are events instead.

    Args:
        strength: 0 for the original, 1 for the painting.
        original_colors: the painting's light and dark with the frame's colours.
        split: the original left of a line.
        split_at: where that line is, as a share of the width.
        paused, full_screen, hud, help: on or off.
        detail: of the frame, that a painting of a smaller size is joined with; no key changes it.
    """

    strength: float = 1.0
    original_colors: bool = False
    split: bool = False
    split_at: float = 0.5
    paused: bool = False
    full_screen: bool = False
    hud: bool = True
    help: bool = False
    detail: float = DEFAULT_DETAIL

    @property
    def look(self) -> Look:
        """What goes into recordings and files too."""
        return Look(self.strength, self.original_colors, self.detail)


_SWITCHES = {
    Action.ORIGINAL_COLORS: "original_colors",
    Action.SPLIT: "split",
    Action.PAUSE: "paused",
    Action.FULL_SCREEN: "full_screen",
    Action.HUD: "hud",
    Action.HELP: "help",
}


def apply(controls: Controls, action: Action) -> Controls:
    """Return the controls after an action; the same object if it changes nothing here."""
    if action in (Action.STRONGER, Action.WEAKER):
        step = STRENGTH_STEP if action is Action.STRONGER else -STRENGTH_STEP
        # Rounded, so that ten steps down and ten up end at exactly 1.
        return replace(controls, strength=min(max(round(controls.strength + step, 2), 0.0), 1.0))
    if action in _SWITCHES:
        name = _SWITCHES[action]
        return replace(controls, **{name: not getattr(controls, name)})
    return controls


def drag_split(controls: Controls, position: float) -> Controls:
    """Return the controls with the split line moved to a share of the width, kept on the picture."""
    return replace(controls, split_at=min(max(position, 0.0), 1.0))
