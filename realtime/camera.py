"""One run of the camera command: open everything at once, play, finish every file, say what happened."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.backdrop import Backdrop
from realtime.background import Background, Stopped
from realtime.camera_again import open_lasting
from realtime.camera_config import CameraConfig, write_json
from realtime.camera_plan import Plan, make_plan
from realtime.captures import Captures
from realtime.catalog import StyleEntry, list_styles
from realtime.console import EXIT_INTERRUPTED, say, stop_on_signals
from realtime.controls import Controls
from realtime.display import why_no_window
from realtime.errors import SourceError
from realtime.frame import Frame
from realtime.lettering import text_width
from realtime.mask import MaskSource, open_mask
from realtime.masked_painter import MaskedPainter
from realtime.pacer import Pacer, film_time, slide_time
from realtime.painter import Look, Painter, SizeWh
from realtime.pipeline import SinkOutput, Writer, run
from realtime.sink_apart import ApartSink
from realtime.sinks import Sink, open_sink
from realtime.source_lasting import LastingSource
from realtime.sources import Source, SourceInfo
from realtime.steady import Steadier
from realtime.style_anchor import AnchoredPainter, ContentAnchor
from realtime.style_player import LoadedStyle, StylePlayer, load_style
from realtime.style_walk import StyleWalk
from realtime.timing import StageTimes
from realtime.window import Window
from realtime.window_output import HINT, WindowOutput
from realtime.window_view import engine_label

if TYPE_CHECKING:
    from realtime.progress import ProgressSink

FINISH_S = 3.0
ENDLESS = ("camera", "demo")


def run_camera(config: CameraConfig) -> int:
    """Run until the source ends, the viewer quits or Ctrl-C; return the exit code.

    Raises:
        LivebrushError: whatever went wrong; all that was written before is whole.
    """
    stop = threading.Event()
    with stop_on_signals(stop):
        try:
            return _Run(config, stop).run()
        except Stopped:
            say("stopped before the first picture")
            return EXIT_INTERRUPTED


class _Run:
    """What one run opens, in the order in which it is needed."""

    def __init__(self, config: CameraConfig, stop: threading.Event) -> None:
        self._config = config
        self._stop = stop
        self._times = StageTimes()
        self._why_no_window = why_no_window() if config.window else None
        self._has_window = config.window and self._why_no_window is None
        weaker = config.style_strength < 1
        self._anchor = ContentAnchor(config.style, config.style_strength) if weaker else None
        # All at once: opening a camera, compiling a network and finding a font take their time each.
        # Without a window the demo scene comes as fast as it is painted, unless a rate is to be kept.
        paced = self._has_window or config.target_fps is not None
        self._opening = Background(lambda: _open_source(config.source, paced=paced))
        self._planning = Background(self._make_plan)
        self._loading = Background(self._load_style)
        self._masking = Background(self._load_mask)
        self._browsing = Background(_styles_and_letters if self._has_window else list[StyleEntry])

    def run(self) -> int:
        try:
            source = self._opening.result(self._stop)
            plan = self._planning.result(self._stop)
            with ExitStack() as opened:
                if self._anchor is not None:
                    opened.callback(self._anchor.close)
                self._play(source, plan, opened)
        finally:
            # A compiler still at work when Python ends could bring the process down.
            self._loading.wait(FINISH_S)
            self._masking.wait(FINISH_S)
        return EXIT_INTERRUPTED if self._stop.is_set() and not self._times.shown else 0

    def _make_plan(self) -> Plan:
        source = self._opening.result(self._stop).info
        return make_plan(self._config, source, window=self._has_window, folder=Path.cwd())

    def _load_style(self) -> LoadedStyle:
        return self._loaded(self._first_style())

    def _loaded(self, style: StyleEntry) -> LoadedStyle:
        """Load a style for the size that the plan gives it."""

        def network_wh() -> SizeWh:
            plan, source = self._planning.result(self._stop), self._opening.result(self._stop).info
            return plan.network(source.size_wh, style.contract)

        return load_style(style, self._config.engine, network_wh)

    def _load_mask(self) -> tuple[MaskSource | None, LoadedStyle | None]:
        """Open the mask, and the style behind it; None where there is none."""
        config = self._config
        if config.mask is None:
            return None, None
        style = config.background if isinstance(config.background, StyleEntry) else None
        return open_mask(config.mask), None if style is None else self._loaded(style)

    def _masked(self, plan: Plan, player: StylePlayer, opened: ExitStack) -> MaskedPainter | None:
        """Return what paints where a mask is; None without one."""
        mask, style = self._masking.result(self._stop)
        if mask is None:
            return None
        back: StylePlayer | Backdrop
        if style is None:
            backdrop = self._config.background
            back = backdrop if isinstance(backdrop, Backdrop) else Backdrop("original")
        else:
            # Its own times: the stages that are shown are those of the style in front.
            options, steadier = self._config.engine, Steadier(plan.steady)
            back = StylePlayer(
                [], style, options=options, times=StageTimes(), size=plan.network, steadier=steadier
            )
            opened.callback(back.close)
        masked = MaskedPainter(player, mask, back, self._times, player.tell)
        opened.callback(masked.close)
        return masked

    def _first_style(self) -> StyleEntry:
        """Return the style to begin with: of a clip that is anchored, the one for its first frame."""
        if self._anchor is None or self._opening.result(self._stop).info.live:
            return self._config.style
        source = _open_source(self._config.source, paced=False)  # once more: a frame is read once only
        try:
            frame = source.read()
        finally:
            source.close()
        return self._config.style if frame is None else self._anchor.style_for(frame.image)

    def _painter(self, source: Source, player: StylePlayer, opened: ExitStack) -> Painter:
        """Return what paints: the player, or of a camera that is anchored what has it follow the content."""
        if self._anchor is None or not source.info.live:
            return player
        painter = AnchoredPainter(player, self._anchor)
        opened.callback(painter.close)
        return painter

    def _announce(self, source: SourceInfo, plan: Plan) -> None:
        if self._config.source is None and source.kind == "demo":
            say("no camera found: this is the demo scene (--source FILE plays a video)")
        if self._why_no_window is not None:
            say(f"no window: {self._why_no_window}")
        if plan.unasked:
            frames = "" if plan.max_frames is None else f"{plan.max_frames} frames to "
            say(f"writing {frames}{plan.output} (--output FILE for another place)")
        elif not plan.window and plan.max_frames is None and source.kind in ENDLESS:
            say("running until Ctrl-C (--max-frames N ends it by itself)")

    def _play(self, source: Source, plan: Plan, opened: ExitStack) -> None:
        not_yet_played = opened.enter_context(ExitStack())
        not_yet_played.callback(source.close)
        window = None
        if plan.window:
            window = Window(self._config.output_wh or source.info.size_wh)
            opened.callback(window.close)
        style = self._loading.result(self._stop)
        player = StylePlayer(
            self._browsing.result(self._stop),
            style,
            options=self._config.engine,
            times=self._times,
            size=plan.network,
            steadier=Steadier(plan.steady),
        )
        opened.callback(player.close)
        opened.callback(self._sum_up, source.info, plan, player)  # once every file below is finished
        masked = self._masked(plan, player, opened)
        output = self._open_output(source, plan, player, masked, window, opened)
        self._announce(source.info, plan)
        not_yet_played.pop_all()  # from here on the capture thread closes the source
        painter = masked or self._painter(source, player, opened)
        run(source, painter, output, times=self._times, stop=self._stop, max_frames=plan.max_frames)
        if plan.slide_show and isinstance(output, WindowOutput):
            output.hold()

    def _open_output(
        self,
        opened_source: Source,
        plan: Plan,
        player: StylePlayer,
        masked: MaskedPainter | None,
        window: Window | None,
        opened: ExitStack,
    ) -> SinkOutput | WindowOutput:
        config, writers, source = self._config, list[Writer](), opened_source.info
        lasting = opened_source if isinstance(opened_source, LastingSource) else None
        if lasting is not None:
            lasting.tell = say if window is None else player.tell
        if plan.output is not None:
            writers.append(opened.enter_context(self._open_sink(plan.output, source, window, player)))
        if window is None:
            if plan.output is not None:
                writers.append(opened.enter_context(self._progress(source, plan)))
            writers.append(_ProblemsSaid(player))
            look = Look(config.strength, config.original_colors, config.detail)
            return SinkOutput(writers, self._times, look=look, output_wh=config.output_wh)
        recordings = replace(source, address=None)  # without sound: a recording begins anywhere
        captures = Captures(Path.cwd(), partial(open_sink, source=recordings))
        opened.callback(captures.close)
        output = WindowOutput(
            window,
            player,
            self._times,
            self._stop,
            captures,
            controls=Controls(
                strength=config.strength, original_colors=config.original_colors, detail=config.detail
            ),
            sinks=writers,
            output_wh=config.output_wh,
            walk=StyleWalk(config.towards) if config.towards else None,
            pacer=_pacer(source, plan),
            live=source.live,
            masked=masked,
            trouble=None if lasting is None else lambda: lasting.trouble,
        )
        output.view.say(HINT)
        return output

    def _open_sink(
        self, output: Path, source: SourceInfo, window: Window | None, player: StylePlayer
    ) -> Sink:
        """Open a file; beside a window its end is not the end of the show."""
        sink = open_sink(output, source=source)
        return sink if window is None else ApartSink(sink, output.name, player.tell)

    def _progress(self, source: SourceInfo, plan: Plan) -> ProgressSink:
        from realtime.progress import ProgressSink  # Rich is not needed for the first picture

        known = [count for count in (source.frame_count, plan.max_frames) if count is not None]
        return ProgressSink(source.name, min(known, default=None), self._times)

    def _sum_up(self, source: SourceInfo, plan: Plan, player: StylePlayer) -> None:
        style, times = player.current, self._times
        sizes = player.sizes
        network_wh = plan.network(source.size_wh, style.entry.contract)
        if times.shown:
            latency = times.latency_ms()["total"] or {}
            other_sizes = f" ({len(sizes)} sizes)" if len(sizes) > 1 else ""
            place = f" -> {plan.output}" if plan.output is not None else ""
            say(
                f"{times.shown} frames, {times.fps():.1f} fps, {times.dropped} dropped, "
                f"latency {latency['p50']:.0f} ms (p95 {latency['p95']:.0f}), "
                f"network {_text(network_wh)}{other_sizes} {engine_label(style.info)}{place}"
            )
        if self._config.stats is not None:
            stats = times.to_stats(
                style.info,
                style=style.entry.name,
                source={"name": source.name, "kind": source.kind, "size": _text(source.size_wh)},
                size=_text(network_wh),
                sizes={_text(size_wh): frames for size_wh, frames in sizes.items()},
                target_fps=self._config.target_fps,
                output=None if plan.output is None else str(plan.output),
            )
            write_json("--stats", self._config.stats, stats)


class _ProblemsSaid:
    """Says what goes wrong with the painting where no window shows it; see `realtime.pipeline.Writer`."""

    def __init__(self, player: StylePlayer) -> None:
        self._player = player

    def write(self, frame: Frame) -> None:
        """Look for news after a frame."""
        problem = self._player.take_problem()
        if problem is not None:
            say(problem)


def _open_source(asked: str | None, *, paced: bool) -> Source:
    """Open what was asked for; without a word camera 0, and without a camera the demo scene."""
    if asked is not None:
        return open_lasting(asked, paced=paced)
    try:
        return open_lasting("0")
    except SourceError:
        return open_lasting("demo", paced=paced)


def _styles_and_letters() -> list[StyleEntry]:
    """Return the catalogue; OpenCV reads its font meanwhile, which takes a while the first time."""
    text_width("Livebrush", 12)
    return list_styles()


def _pacer(source: SourceInfo, plan: Plan) -> Pacer | None:
    if plan.slide_show:
        return Pacer(slide_time, time.perf_counter)
    if source.live or source.kind == "folder":
        return None
    return Pacer(film_time, time.perf_counter)


def _text(size_wh: SizeWh) -> str:
    return f"{size_wh[0]}x{size_wh[1]}"
