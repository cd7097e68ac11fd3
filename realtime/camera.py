"""One run of the camera command: open everything at once, play, finish every file, say what happened."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path

from realtime.background import Background, Stopped
from realtime.camera_again import open_lasting
from realtime.camera_config import CameraConfig, write_json
from realtime.camera_masked import MaskedParts, open_parts, put_together
from realtime.camera_outputs import OutputOpener
from realtime.camera_plan import Plan, make_plan
from realtime.catalog import StyleEntry, list_styles
from realtime.console import EXIT_INTERRUPTED, say, stop_on_signals
from realtime.display import why_no_window
from realtime.errors import SourceError
from realtime.lettering import text_width
from realtime.masked_painter import MaskedPainter
from realtime.painter import Painter, SizeWh
from realtime.pipeline import run
from realtime.process import share_heap
from realtime.sources import Source, SourceInfo
from realtime.steady import Steadier
from realtime.student import StudentEntry
from realtime.student_engine import Stage, opener
from realtime.style_anchor import AnchoredPainter, ContentAnchor
from realtime.style_player import LoadedStyle, StylePlayer, load_style
from realtime.timing import StageTimes
from realtime.window import Window
from realtime.window_output import WindowOutput
from realtime.window_view import engine_label

FINISH_S = 3.0
ENDLESS = ("camera", "demo")


def run_camera(config: CameraConfig) -> int:
    """Run until the source ends, the viewer quits or Ctrl-C; return the exit code.

    Raises:
        LivebrushError: whatever went wrong; all that was written before is whole.
    """
    if config.virtual_camera is not None:
        from realtime.sink_virtual_camera import require_virtual_camera

        require_virtual_camera()
    share_heap()
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
        self._stage = Stage()
        self._why_no_window = why_no_window() if config.window else None
        self._has_window = config.window and self._why_no_window is None
        weaker = config.style_strength < 1
        self._anchor = ContentAnchor(config.style, config.style_strength) if weaker else None
        # All at once: opening a camera, compiling a network and finding a font take their time each.
        # Without a window the demo scene comes as fast as it is painted, unless a rate is to be kept.
        shown = self._has_window or config.virtual_camera is not None
        paced = shown or config.target_fps is not None
        self._opening = Background(lambda: _open_source(config.source, paced=paced))
        self._planning = Background(self._make_plan)
        self._loading = Background(self._load_style)
        self._masking = Background(self._load_masked)
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

        return load_style(style, self._config.engine, network_wh, opener(self._stage))

    def _load_masked(self) -> MaskedParts | None:
        """Open the masks, and the styles behind them; None where there is no mask."""
        if self._config.mask is None:
            return None
        frames = self._opening.result(self._stop).info.frame_count
        return open_parts(self._config, frames, self._loaded)

    def _masked(
        self, plan: Plan, player: StylePlayer, front: Painter, opened: ExitStack
    ) -> MaskedPainter | None:
        """Return what paints where a mask is; None without one."""
        parts = self._masking.result(self._stop)
        if parts is None:
            return None
        return put_together(
            parts,
            front,
            stage=self._stage if isinstance(self._config.style, StudentEntry) else None,
            options=self._config.engine,
            network=plan.network,
            steady=plan.steady,
            times=self._times,
            tell=player.tell,
            opened=opened,
        )

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
            say(f"writing {frames}{plan.outputs[0]} (--output FILE for another place)")
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
            open_style=opener(self._stage),
            steadier=Steadier(plan.steady),
        )
        opened.callback(player.close)
        opened.callback(self._sum_up, source.info, plan, player)  # once every file below is finished
        front = self._painter(source, player, opened)
        masked = self._masked(plan, player, front, opened)
        output = OutputOpener(
            self._config, plan, source, player, masked, window, self._times, self._stop, opened
        ).open()
        self._announce(source.info, plan)
        not_yet_played.pop_all()  # from here on the capture thread closes the source
        run(source, masked or front, output, times=self._times, stop=self._stop, max_frames=plan.max_frames)
        if plan.slide_show and isinstance(output, WindowOutput):
            output.hold()

    def _sum_up(self, source: SourceInfo, plan: Plan, player: StylePlayer) -> None:
        while (problem := player.take_problem()) is not None:  # of the last frames
            say(problem)
        style, times = player.current, self._times
        sizes = player.sizes
        network_wh = plan.network(source.size_wh, style.entry.contract)
        if times.shown:
            latency = times.latency_ms()["total"] or {}
            other_sizes = f" ({len(sizes)} sizes)" if len(sizes) > 1 else ""
            place = f" -> {', '.join(map(str, plan.outputs))}" if plan.outputs else ""
            say(
                f"{times.shown} frames, {times.fps():.1f} fps, {times.dropped} dropped, "
                f"latency {latency['p50']:.0f} ms (p95 {latency['p95']:.0f}), "
                f"network {_text(network_wh)}{other_sizes} {engine_label(style.engine.info)}{place}"
            )
        if self._config.stats is not None:
            stats = times.to_stats(
                style.engine.info,
                style=style.entry.name,
                source={"name": source.name, "kind": source.kind, "size": _text(source.size_wh)},
                size=_text(network_wh),
                sizes={_text(size_wh): frames for size_wh, frames in sizes.items()},
                target_fps=self._config.target_fps,
                output=_as_json(plan.outputs),
            )
            write_json("--stats", self._config.stats, stats)


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


def _as_json(outputs: tuple[Path, ...]) -> str | list[str] | None:
    """Return the one output, as it always was in the statistics; a list of several."""
    names = [str(output) for output in outputs]
    return names if len(names) > 1 else next(iter(names), None)


def _text(size_wh: SizeWh) -> str:
    return f"{size_wh[0]}x{size_wh[1]}"
