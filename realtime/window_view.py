"""What stands in the window: the picture at the window's own size, and the texts over it."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from realtime.captures import Captures
from realtime.contract import StyleContract
from realtime.controls import Controls
from realtime.engine import EngineInfo
from realtime.overlay import Hud, draw_help, draw_hud, draw_toast, hud_facts, hud_states
from realtime.painter import Painted, SizeWh
from realtime.preprocess import resize
from realtime.style_player import StylePlayer
from realtime.timing import Clock, StageTimes
from realtime.window import Screen, fitted

Image = NDArray[np.uint8]

TOAST_S = 2.5
FACTS_S = 0.25  # numbers that change faster cannot be read


class WindowView:
    """Draws pictures and texts on a screen.

    Args:
        screen: the window.
        player: tells which style is being loaded.
        captures: tells how long a recording has run.
        times: gives the numbers of the head-up line.
        clock: seconds.
        trouble: one line while no picture comes; None else.
    """

    def __init__(
        self,
        screen: Screen,
        player: StylePlayer,
        captures: Captures,
        times: StageTimes,
        clock: Clock = time.perf_counter,
        trouble: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.trouble_shown: str | None = None
        """The line about a missing picture that stands there now; None for none."""
        self._trouble = trouble
        self._screen = screen
        self._player = player
        self._captures = captures
        self._times = times
        self._clock = clock
        self._toast = ""
        self._toast_until = -float("inf")
        self._facts: list[str] = []
        self._facts_until = -float("inf")
        self._shown_wh: SizeWh = (1, 1)

    def say(self, text: str) -> None:
        """Show one line near the bottom for a moment, from the next picture on."""
        self._toast, self._toast_until = text, self._clock() + TOAST_S

    @property
    def toast(self) -> str:
        """The line that stands near the bottom now; empty for none."""
        return self._toast if self._clock() < self._toast_until else ""

    def place_of(self, x: int) -> float:
        """Return a place in the shown picture as a share of its width."""
        return x / self._shown_wh[0]

    def draw(self, image: Image, painted: Painted, controls: Controls) -> None:
        """Show a picture, (H, W, 3) uint8 BGR, with the texts that belong to it now."""
        # At the window's own size, so that texts are sharp in full screen too; always a copy, because
        # the picture itself goes into files as it is.
        enlarged = resize(image, fitted((image.shape[1], image.shape[0]), self._screen.room_wh()))
        canvas = np.array(enlarged, order="C") if enlarged is image else enlarged
        if controls.hud:
            draw_hud(canvas, self._hud(painted, controls))
        self.trouble_shown = self._trouble()
        if controls.help:
            draw_help(canvas, credit(painted.contract))
        if self.toast or self.trouble_shown:
            draw_toast(canvas, self.toast or str(self.trouble_shown))
        self._shown_wh = canvas.shape[1], canvas.shape[0]
        self._screen.show(canvas)

    def _hud(self, painted: Painted, controls: Controls) -> Hud:
        now = self._clock()
        if now >= self._facts_until:
            self._facts_until = now + FACTS_S
            fps, latency_ms = self._times.recent_fps(), self._times.recent_ms("total")
            self._facts = hud_facts(painted.network_wh, fps, latency_ms, engine_label(painted.engine))
        loading, states = self._player.loading, hud_states(controls)
        if loading is not None:
            states.append(f"loading {loading.contract.title}\u2026")
        recording_s = self._captures.recording_s
        recording = None if recording_s is None else f"{int(recording_s) // 60}:{int(recording_s) % 60:02}"
        return Hud(painted.contract.title, self._facts, states, recording)


def credit(contract: StyleContract) -> str:
    """Return title, artist and year of a painting in one line."""
    return " \u2013 ".join(known for known in (contract.title, contract.painted_by) if known)


def engine_label(engine: EngineInfo) -> str:
    """Return in a few words what really runs."""
    device = "" if engine.device == "cpu" else f" {engine.device}"
    return f"{engine.name} {engine.precision}{device}"
