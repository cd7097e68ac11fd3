"""The show: paintings in a window, with everything that keys can change, and whatever is written beside.

What goes into `sinks` is the painting alone. Snapshots and recordings have what the window has, split
view included, without the head-up line, help and toasts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from realtime.captures import Captures
from realtime.composite import split_view
from realtime.contract import StyleContract
from realtime.controls import Action, Controls, action_of, apply, drag_split
from realtime.frame import Frame
from realtime.masked_painter import MaskedPainter
from realtime.output import IDLE_S, WatchedWriter, Writer
from realtime.pacer import Pacer, wait_until_due
from realtime.painter import Painted, SizeWh, finish
from realtime.preprocess import resize
from realtime.style_player import StylePlayer
from realtime.style_walk import StyleWalk
from realtime.timing import Clock, StageTimes
from realtime.window import Screen, WindowEvents
from realtime.window_view import WindowView, credit

HINT = "H shows all keys"


class WindowOutput:
    """Shows paintings on a screen; see `realtime.pipeline.Output`.

    Args:
        screen: the window.
        player: asked for other styles.
        times: takes the postprocess and sink times, gives the numbers of the head-up line.
        stop: set when the viewer quits.
        captures: writes snapshots and recordings.
        controls: to begin with.
        sinks: written to beside the window; opened and closed by the caller.
        output_wh: size of the picture; None for the source's own.
        walk: the way to a second style; None for none.
        pacer: holds a file's frames until they are due; None shows each frame as soon as it is there.
        live: frames from before the end of a pause are left out.
        masked: paints with the player, and something else behind; None where the painting fills the frame.
        trouble: one line while the source gives no picture, which stands over the last one; None else.
        clock: seconds.
    """

    def __init__(
        self,
        screen: Screen,
        player: StylePlayer,
        times: StageTimes,
        stop: threading.Event,
        captures: Captures,
        *,
        controls: Controls = Controls(),  # noqa: B008
        sinks: Sequence[Writer] = (),
        output_wh: SizeWh | None = None,
        walk: StyleWalk | None = None,
        pacer: Pacer | None = None,
        live: bool = False,
        masked: MaskedPainter | None = None,
        trouble: Callable[[], str | None] | None = None,
        clock: Clock = time.perf_counter,
    ) -> None:
        self.controls = controls
        self._trouble = trouble or (lambda: None)
        self.view = WindowView(screen, player, captures, times, clock, self._trouble_now)
        self._screen = screen
        self._player = player
        self._masked = masked
        self._paint = (masked or player).paint
        self._times = times
        self._stop = stop
        self._captures = captures
        self._sinks = sinks
        self._watched = [sink for sink in sinks if isinstance(sink, WatchedWriter)]
        self._output_wh = output_wh
        self._walk = walk
        self._pacer = pacer
        self._live = live
        self._clock = clock
        self._painted: Painted | None = None
        self._holding = False
        self._resumed_at = -float("inf")

    @property
    def paused(self) -> bool:
        """True while the viewer has paused."""
        return self.controls.paused

    def show(self, painted: Painted) -> bool:
        """Show one painting when it is due; False if it is too old or the viewer quit meanwhile."""
        if self._live and painted.frame.captured_at < self._resumed_at:
            return False
        if not wait_until_due(self._pacer, painted.frame, self._stop, self.idle, IDLE_S):
            return False
        if self._is_behind(painted):
            painted = self._paint(painted.frame)
        self._greet(painted.contract)
        self._painted = painted
        with self._times.measure("postprocess"):
            frame = self._finished(painted)
            seen = self._as_seen(painted, frame)
        with self._times.measure("sink"):
            self.view.draw(seen.image, painted, self.controls)
            self._attend()
            for sink in self._sinks:
                sink.write(frame)
            self._captures.record(seen)
        return True

    def idle(self) -> None:
        """Let the window, and whatever else is watched, live while no frame comes."""
        for sink in self._watched:
            sink.idle(paused=self.paused)
        before = (self.controls, self.view.toast, self._player.loading, self.view.trouble_shown)
        self._attend()
        restyled = (self.paused or self._holding) and self._restyle()
        if restyled or (self.controls, self.view.toast, self._player.loading, self._trouble_now()) != before:
            self._redraw()

    def hold(self) -> None:
        """Keep the last picture on screen until the viewer quits."""
        self._holding = True
        while not self._stop.is_set():
            self.idle()
            self._stop.wait(IDLE_S)

    def _trouble_now(self) -> str | None:
        return None if self.paused else self._trouble()  # nobody waits for a picture in a pause

    def _is_behind(self, painted: Painted) -> bool:
        """True for a painting from before a pause in which the style was changed."""
        newest = self._player.current.engine.contract
        return self._painted is not None and self._painted.contract is newest is not painted.contract

    def _restyle(self) -> bool:
        """Paint the picture that is held on screen in a style that has become ready; True if one has."""
        painted, style = self._painted, self._player.current
        if painted is None or painted.contract is style.engine.contract:
            return False
        self._greet(style.engine.contract)
        self._painted = self._paint(painted.frame)
        return True

    def _finished(self, painted: Painted) -> Frame:
        return finish(painted, self.controls.look, self._output_wh)

    def _as_seen(self, painted: Painted, frame: Frame) -> Frame:
        if not self.controls.split:
            return frame
        original = resize(painted.frame.image, frame.size_wh)
        return frame.with_image(split_view(original, frame.image, self.controls.split_at))

    def _redraw(self) -> None:
        if self._painted is not None:
            seen = self._as_seen(self._painted, self._finished(self._painted))
            self.view.draw(seen.image, self._painted, self.controls)

    def _attend(self) -> None:
        """Do what keys, mouse and window ask for, and tell what has become of it."""
        self._handle(self._screen.poll())
        for news in (self._player.take_problem(), self._captures.take_news()):
            if news is not None:
                self.view.say(news)

    def _handle(self, events: WindowEvents) -> None:
        for key in events.keys:
            action = action_of(key)
            if action is not None:
                self._do(action)
        if events.drag_x is not None and self.controls.split:
            self.controls = drag_split(self.controls, self.view.place_of(events.drag_x))
        if events.closed:
            self._stop.set()

    def _do(self, action: Action) -> None:
        self.controls = apply(self.controls, action)
        if action is Action.QUIT:
            self._stop.set()
        elif action in (Action.NEXT_STYLE, Action.PREVIOUS_STYLE):
            self._player.step(1 if action is Action.NEXT_STYLE else -1)
        elif action in (Action.TOWARDS, Action.BACK):
            self._walk_on(1 if action is Action.TOWARDS else -1)
        elif action is Action.SWAP:
            self._swap()
        elif action is Action.FULL_SCREEN:
            self._screen.set_full_screen(self.controls.full_screen)
        elif action is Action.PAUSE and not self.paused:
            self._resume()
        elif action is Action.SNAPSHOT:
            self._take_snapshot()
        elif action is Action.RECORD:
            self._toggle_recording()

    def _swap(self) -> None:
        if self._masked is None:
            self.view.say("there is nothing behind: give --mask and --background")
            return
        self._masked.swap()
        if self._painted is not None and (self.paused or self._holding):
            self._painted = self._paint(self._painted.frame)
            self._redraw()

    def _walk_on(self, steps: int) -> None:
        if self._walk is None:
            self.view.say("there is no second style: give one with --towards")
        else:
            self._player.choose(self._walk.move(steps))

    def _resume(self) -> None:
        self._resumed_at = self._clock()
        self._times.interrupt()  # the pause counts in no frame rate
        if self._pacer is not None:
            self._pacer.restart()

    def _take_snapshot(self) -> None:
        if self._painted is not None:
            seen = self._as_seen(self._painted, self._finished(self._painted))
            self._captures.snapshot(seen.image, self._painted.contract.name)

    def _toggle_recording(self) -> None:
        if self._captures.recording_s is not None:
            self._captures.stop_recording()
        elif self._painted is not None:
            self._captures.start_recording(self._painted.frame, self._painted.contract.name)

    def _greet(self, contract: StyleContract) -> None:
        """Tell whose painting it is when another style begins."""
        if self._painted is not None and self._painted.contract is not contract:
            self.view.say(credit(contract))
