"""Where a show's paintings go: to whoever watches, and into a recording."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from realtime.controls import Controls
from realtime.frame import Frame
from realtime.memory_watch import MemoryWatch
from realtime.pacer import Pacer
from realtime.page.broadcast import Broadcast
from realtime.page.recorder import Recorder
from realtime.page.scene import Scene
from realtime.painter import Painted, SizeWh, finish
from realtime.pipeline import IDLE_S
from realtime.preprocess import resize
from realtime.timing import Clock, StageTimes


class PageOutput:
    """Finishes paintings and hands them over; see `realtime.pipeline.Output`.

    Nobody there to watch, nothing recorded: then nothing is painted either, and the processor rests.

    Args:
        broadcast: takes the pictures.
        recorder: takes them too.
        scene: paints the held picture of a pause again, when something else shall paint it.
        controls: asked for before each picture.
        times: takes the postprocess and sink times.
        stop: set when the show is to end.
        output_wh: size of the picture; None for the source's own.
        pacer: holds a film's frames until they are due; None for what is live.
        memory: looks after it between frames.
        clock: seconds.
    """

    def __init__(
        self,
        broadcast: Broadcast,
        recorder: Recorder,
        scene: Scene,
        controls: Callable[[], Controls],
        times: StageTimes,
        stop: threading.Event,
        *,
        output_wh: SizeWh | None = None,
        pacer: Pacer | None = None,
        memory: MemoryWatch | None = None,
        clock: Clock = time.perf_counter,
    ) -> None:
        self._broadcast, self._recorder, self._scene = broadcast, recorder, scene
        self._controls, self._times, self._stop = controls, times, stop
        self._output_wh, self._pacer, self._clock = output_wh, pacer, clock
        self._memory = memory
        self._lock = threading.Lock()
        self._painted: Painted | None = None
        self._finished: Frame | None = None
        self._looked: tuple[object, ...] = ()
        self._paused = True
        self._pause_seen_at = -float("inf")
        self._scene_version = 0
        self.last_at: float | None = None
        """Clock seconds of the last picture; None before the first."""

    @property
    def paused(self) -> bool:
        """True while a viewer has paused, and while nobody wants a picture."""
        wanted = self._broadcast.viewers > 0 or self._recorder.wanted
        # The first picture is painted for nobody: so it is there when somebody comes.
        paused = self._controls().paused or (not wanted and self._painted is not None)
        if paused:
            self._pause_seen_at = self._clock()
        elif self._paused:
            self._times.interrupt()  # the pause counts in no frame rate
            if self._pacer is not None:
                self._pacer.restart()
        self._paused = paused
        return paused

    def show(self, painted: Painted) -> bool:
        """Hand over one painting when it is due; False for one from before a pause, or after the end."""
        if self._pacer is None and painted.frame.captured_at < self._pause_seen_at:
            return False
        if not self._wait_until_due(painted.frame):
            return False
        self._put_out(painted)
        return True

    def idle(self) -> None:
        """End a recording that is to end; of a pause, show the held picture as it is wanted now."""
        self._recorder.attend()
        if self._memory is not None:
            self._memory.idle(paused=self._paused)
        painted = self._painted
        if painted is None or not self._controls().paused or not self._broadcast.viewers:
            return
        now = self._scene.player.current.engine.contract
        if painted.contract is not now or self._scene_version != self._scene.version:
            self._scene_version = self._scene.version
            painted = self._scene.paint(painted.frame)
        if painted is not self._painted or self._look_of(painted) != self._looked:
            self._put_out(painted, held=True)

    def snapshot(self) -> tuple[NDArray[np.uint8], str] | None:
        """Return the last picture, (H, W, 3) uint8 BGR, and its style's name; None before the first."""
        with self._lock:
            if self._finished is None or self._painted is None:
                return None
            return self._finished.image, self._painted.contract.name

    @property
    def painted(self) -> Painted | None:
        """The last painting; None before the first."""
        return self._painted

    def _put_out(self, painted: Painted, *, held: bool = False) -> None:
        with self._times.measure("postprocess"):
            frame = finish(painted, self._controls().look, self._output_wh)
        self._looked = self._look_of(painted)
        with self._lock:
            self._painted, self._finished = painted, frame
        with self._times.measure("sink"):
            original = painted.frame.image
            if self._broadcast.wants_original:
                original = resize(original, frame.size_wh)
            self._broadcast.publish(frame, original)
            if not held:
                self._recorder.write(frame, painted.contract.name)
        if self._memory is not None:
            self._memory.write(frame)
        self.last_at = self._clock()

    def _look_of(self, painted: Painted) -> tuple[object, ...]:
        broadcast = self._broadcast
        return self._controls().look, painted.contract, broadcast.wants_original, broadcast.has_picture

    def _wait_until_due(self, frame: Frame) -> bool:
        while self._pacer is not None and not self._stop.is_set():
            left_s = self._pacer.left_s(frame)
            if left_s <= 0:
                break
            self._stop.wait(min(left_s, IDLE_S))
        return not self._stop.is_set()
