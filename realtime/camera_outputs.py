"""What a run of the camera command puts out to: the window, files, a virtual camera, each failing alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.camera_config import CameraConfig
from realtime.camera_plan import Plan
from realtime.captures import Captures
from realtime.console import say
from realtime.controls import Controls
from realtime.errors import OptionError
from realtime.frame import Frame
from realtime.masked_painter import MaskedPainter
from realtime.memory_watch import MemoryWatch
from realtime.output import SinkOutput, Writer
from realtime.pacer import Pacer, film_time, slide_time
from realtime.painter import Look
from realtime.sink_apart import ApartSink, LastSinkEnds
from realtime.sinks import Sink, open_sink
from realtime.source_lasting import LastingSource
from realtime.sources import Source, SourceInfo
from realtime.style_player import StylePlayer
from realtime.style_walk import StyleWalk
from realtime.timing import StageTimes
from realtime.window import Window
from realtime.window_output import HINT, WindowOutput

if TYPE_CHECKING:
    from realtime.progress import ProgressSink


@dataclass(frozen=True)
class OutputOpener:
    """Opens what the plan says, on a stack that closes it.

    Args:
        config: what was asked for.
        plan: where the pictures go.
        source: where they come from.
        player: paints them, and takes lines about what goes wrong.
        masked: paints with the player where there is a mask; None without one.
        window: open already; None for none.
        times: takes the postprocess and sink times.
        stop: ends the run.
        opened: closes what is opened, in the opposite order.
    """

    config: CameraConfig
    plan: Plan
    source: Source
    player: StylePlayer
    masked: MaskedPainter | None
    window: Window | None
    times: StageTimes
    stop: threading.Event
    opened: ExitStack

    def open(self) -> SinkOutput | WindowOutput:
        """Open all of it.

        Raises:
            SinkError, MissingExtraError: something cannot be opened.
        """
        writers = [*self._writers(), MemoryWatch(self.player.spare_memory, self.player.tell)]
        if isinstance(self.source, LastingSource):
            self.source.tell = say if self.window is None else self.player.tell
        if self.window is None:
            return self._without_window(writers)
        return self._in_window(self.window, writers)

    def _writers(self) -> list[Writer]:
        """Open files and the virtual camera. One that is not alone may fail without ending the show."""
        sinks = [(output.name, open_sink(output, source=self.source.info)) for output in self.plan.outputs]
        for _, opened in sinks:
            self.opened.push(opened)
        if self.config.virtual_camera is not None:
            sinks.append(("the virtual camera", self._open_virtual_camera(self.config.virtual_camera)))
        if self.window is None and len(sinks) < 2:
            return [sink for _, sink in sinks]
        # Closed by its own end; closing what is in it once more, above, does nothing.
        apart = [ApartSink(sink, name, self.player.tell) for name, sink in sinks]
        for sink in apart:
            self.opened.push(sink)
        return [*apart, *([LastSinkEnds(apart)] if self.window is None else [])]

    def _open_virtual_camera(self, name: str) -> Sink:
        from realtime.sink_virtual_camera import VirtualCameraSink

        info = self.source.info
        size_wh = self.config.output_wh or info.size_wh
        sink = VirtualCameraSink(name or None, size_wh=size_wh, fps=info.fps)
        self.opened.push(sink)
        if info.kind == "camera" and info.name == f"camera {sink.device.removeprefix('/dev/video')}":
            raise OptionError(f"{sink.device} cannot be source and virtual camera; give another --source")
        say(f"virtual camera: {sink}")
        for line in sink.warnings:
            say(line)
        return sink

    def _without_window(self, writers: list[Writer]) -> SinkOutput:
        config = self.config
        if self.plan.outputs:
            writers.append(self.opened.enter_context(self._progress()))
        writers.append(_ProblemsSaid(self.player))
        return SinkOutput(
            writers,
            self.times,
            look=Look(config.strength, config.original_colors, config.detail),
            output_wh=config.output_wh,
            pacer=make_pacer(self.source.info, self.plan),
            stop=self.stop,
        )

    def _in_window(self, window: Window, writers: list[Writer]) -> WindowOutput:
        config, source = self.config, self.source.info
        recordings = replace(source, address=None)  # without sound: a recording begins anywhere
        captures = Captures(Path.cwd(), partial(open_sink, source=recordings))
        self.opened.callback(captures.close)
        output = WindowOutput(
            window,
            self.player,
            self.times,
            self.stop,
            captures,
            controls=Controls(
                strength=config.strength, original_colors=config.original_colors, detail=config.detail
            ),
            sinks=writers,
            output_wh=config.output_wh,
            walk=StyleWalk(config.towards) if config.towards else None,
            pacer=make_pacer(source, self.plan),
            live=source.live,
            masked=self.masked,
            trouble=self._trouble(),
        )
        output.view.say(HINT)
        return output

    def _trouble(self) -> Callable[[], str | None] | None:
        source = self.source
        return (lambda: source.trouble) if isinstance(source, LastingSource) else None

    def _progress(self) -> ProgressSink:
        from realtime.progress import ProgressSink  # Rich is not needed for the first picture

        source = self.source.info
        known = [count for count in (source.frame_count, self.plan.max_frames) if count is not None]
        return ProgressSink(source.name, min(known, default=None), self.times)


class _ProblemsSaid:
    """Says what goes wrong with the painting where no window shows it; see `realtime.output.Writer`."""

    def __init__(self, player: StylePlayer) -> None:
        self._player = player

    def write(self, frame: Frame) -> None:
        """Look for news after a frame."""
        problem = self._player.take_problem()
        if problem is not None:
            say(problem)


def make_pacer(source: SourceInfo, plan: Plan) -> Pacer | None:
    """Return what holds frames until they are due; None where nobody watches, or frames come in time."""
    if not plan.watched:
        return None
    if plan.slide_show:
        return Pacer(slide_time, time.perf_counter)
    if source.live or source.kind == "folder":
        return None
    return Pacer(film_time, time.perf_counter)
