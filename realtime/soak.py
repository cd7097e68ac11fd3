"""An evening in short: a camera that fails, styles that change, a mask, recordings; and what all that costs.

The loop is the real one: camera that comes back, player with engines, masked painter, video files. What goes
wrong when is decided by a seed, so that a run that found something can be repeated.
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from realtime import pipeline
from realtime.backdrop import Backdrop
from realtime.bench_load import demo_scene, encode_jpeg
from realtime.catalog import StyleEntry, list_styles
from realtime.engine import EngineOptions, engines_for, is_installed, open_engine
from realtime.errors import OptionError
from realtime.frame import Frame
from realtime.mask import MaskSource, open_mask
from realtime.masked_painter import MaskedPainter
from realtime.output import SinkOutput
from realtime.painter import LIVE_SHORT_SIDE, NetworkSize, Painted, SizeWh
from realtime.sink_apart import ApartSink
from realtime.sink_video import VideoSink
from realtime.soak_faults import CAMERA_FAULTS, CameraPort, FaultyShelf, FaultySink
from realtime.soak_measure import Record
from realtime.source_lasting import LastingSource
from realtime.steady import Steadier
from realtime.style_player import StylePlayer, load_style
from realtime.timing import Clock, StageTimes
from realtime.warm_engines import OpenStyle

EVERY_S = 12.0  # between two events, in the mean
BACK_S = 8.0  # after an engine has failed, the one that took its place fails too: else no two were alike
LONGEST_MINUTES = 7 * 24 * 60


@dataclass(frozen=True)
class SoakConfig:
    """What to soak, and for how long.

    Args:
        minutes: length of the run.
        size_wh: of the camera's pictures.
        fps: of the camera.
        seed: decides what happens when.
        faults: False leaves out everything that fails, and keeps styles, mask and recordings.
        engine: engine, precision, device and threads to begin with.
    Raises:
        OptionError: naming the first option that cannot be.
    """

    minutes: float = 60.0
    size_wh: SizeWh = (640, 360)
    fps: float = 30.0
    seed: int = 0
    faults: bool = True
    engine: EngineOptions = EngineOptions()  # noqa: RUF009

    def __post_init__(self) -> None:
        if not 0 < self.minutes <= LONGEST_MINUTES:
            raise OptionError(
                f"--minutes must be above 0 and at most {LONGEST_MINUTES}, got {self.minutes:g}"
            )
        if not 1 <= self.fps <= 240:
            raise OptionError(f"--fps must be from 1 to 240, got {self.fps:g}")


@dataclass(frozen=True)
class World:
    """What a test may replace.

    Args:
        clock: seconds.
        sleep: waits for the camera's next picture, and stalls.
        wait: waits before a camera is opened again; None for a wait that the end of the run cuts short.
        open_style: opens engines.
        open_mask: opens the mask.
        styles: that are stepped through; empty for all there are.
    """

    clock: Clock = time.perf_counter
    sleep: Callable[[float], None] = time.sleep
    wait: Callable[[float], object] | None = None
    open_style: OpenStyle = open_engine
    open_mask: Callable[[], MaskSource] = lambda: open_mask("person")
    styles: tuple[StyleEntry, ...] = ()


class SwitchedPainter:
    """Paints with a mask or without one; see `realtime.painter.Painter`."""

    def __init__(self, player: StylePlayer, masked: MaskedPainter) -> None:
        self.mask_is_on = False
        self._player, self._masked = player, masked

    def paint(self, frame: Frame) -> Painted:
        """Return the painting of one frame."""
        return self._masked.paint(frame) if self.mask_is_on else self._player.paint(frame)

    def interrupt(self) -> None:
        """Let a painting that hangs fail now."""
        self._masked.interrupt()


class Director:
    """Lets things happen, between two frames; see `realtime.output.WatchedWriter`.

    Args:
        config: the seed, and whether anything fails.
        clock: seconds.
        stop: set when the time is over.
        folder: for the recordings, which are deleted when they end.
    """

    def __init__(self, config: SoakConfig, clock: Clock, stop: threading.Event, folder: Path) -> None:
        self.happened: Counter[str] = Counter()
        self.told: Counter[str] = Counter()
        """How often each kind of line was said, by its first words."""
        self._random = random.Random(config.seed)
        self._clock = clock
        self._stop = stop
        self._ends_at = clock() + 60 * config.minutes
        self._next_at = clock() + EVERY_S
        self._engine_back_at: float | None = None
        self._folder = folder
        self._recording: tuple[ApartSink, FaultySink, Path] | None = None
        self._events: dict[str, Callable[[], object]] = {}

    def begin(
        self, player: StylePlayer, painter: SwitchedPainter, port: CameraPort, shelf: FaultyShelf
    ) -> None:
        """Take what things happen to."""
        self._player, self._painter, self._port, self._shelf = player, painter, port, shelf
        entry = player.current.entry
        broken = replace(entry, name=FaultyShelf.BROKEN, path=self._folder / "broken.onnx")
        self._events = {
            "next style": lambda: player.step(1),
            "previous style": lambda: player.step(-1),
            "mask": self._switch_mask,
            "recording": self._switch_recording,
        }
        self._faults: dict[str, Callable[[], object]] = {
            **{fault: lambda fault=fault: port.orders.append(fault) for fault in CAMERA_FAULTS},  # type: ignore[misc]
            "style that does not load": lambda: player.choose(broken),
            "full disk": self._fill_disk,
        }
        if all(is_installed(name) for name in engines_for(entry.path, with_cards=False)):
            self._faults["engine fails"] = self._fail_engine

    def with_faults(self) -> None:
        """Let faults happen too."""
        self._events |= self._faults

    def tell(self, line: str) -> None:
        """Count a line that people would see; from any thread."""
        self.told[" ".join(line.split()[:3])] += 1

    def write(self, frame: Frame) -> None:
        """Record the frame, if anything is recorded, and let happen what is due."""
        if self._recording is not None:
            self._recording[0].write(frame)
        self.idle(paused=False)

    def idle(self, *, paused: bool) -> None:
        """Let happen what is due."""
        now = self._clock()
        if now >= self._ends_at:
            self._stop.set()
        while (problem := self._player.take_problem()) is not None:
            self.tell(problem)
        if self._engine_back_at is not None and now >= self._engine_back_at:
            self._engine_back_at = None
            self._shelf.fail_once()
        if now >= self._next_at:
            self._next_at = now + self._random.uniform(0.5, 1.5) * EVERY_S
            name = self._random.choice(sorted(self._events))
            self.happened[name] += 1
            self._events[name]()

    def close(self) -> None:
        """End the recording."""
        if self._recording is not None:
            self._switch_recording()

    def _switch_mask(self) -> None:
        self._painter.mask_is_on = not self._painter.mask_is_on

    def _switch_recording(self) -> None:
        if self._recording is None:
            path = self._folder / "recording.mp4"
            sink = FaultySink(VideoSink(path))
            self._recording = ApartSink(sink, path.name, self.tell), sink, path
            return
        (apart, _, path), self._recording = self._recording, None
        if apart.failure is None:  # else its end was told already
            apart.close()
        path.unlink(missing_ok=True)

    def _fill_disk(self) -> None:
        if self._recording is None:
            self._switch_recording()
        assert self._recording is not None
        self._recording[1].full = True

    def _fail_engine(self) -> None:
        if self._engine_back_at is None:
            self._shelf.fail_once()
            self._engine_back_at = self._clock() + BACK_S


class Observer:
    """Takes the age of every frame that was shown; see `realtime.output.Writer`."""

    def __init__(self, record: Record, clock: Clock, every_minute: Callable[[Record], None]) -> None:
        self._record, self._clock, self._every_minute = record, clock, every_minute
        self._began_at: float | None = None
        self._minutes = 0

    def write(self, frame: Frame) -> None:
        """Take one frame."""
        now = self._clock()
        self._began_at = now if self._began_at is None else self._began_at
        at_s = now - self._began_at
        self._record.add_frame(at_s, (now - frame.captured_at) * 1000)
        if at_s >= 60 * (self._minutes + 1):
            self._minutes = int(at_s // 60)
            self._every_minute(self._record)


def run_soak(
    config: SoakConfig,
    record: Record,
    *,
    stop: threading.Event,
    every_minute: Callable[[Record], None] = lambda _: None,
    world: World = World(),
) -> dict[str, Any]:
    """Run the show for as long as it is to last, and return what happened as plain JSON values.

    What ends it before is in "ended_by"; nothing should.

    Args:
        config: what to soak.
        record: takes what is measured.
        stop: ends it before its time.
        every_minute: is called with the record.
        world: for tests.
    Raises:
        LivebrushError: the show could not begin.
    """
    styles = world.styles or tuple(list_styles())
    shelf, times = FaultyShelf(world.open_style), StageTimes(world.clock)
    ended_by: str | None = None
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="livebrush-soak-")))
        scene = opened.enter_context(demo_scene(config.size_wh))
        pictures = [encode_jpeg(image) for image in scene.images]
        port = CameraPort(pictures, config.size_wh, config.fps, world.clock, world.sleep)
        size = NetworkSize(short_side=LIVE_SHORT_SIDE)
        network_wh = size(config.size_wh, styles[0].contract)
        first = load_style(styles[0], config.engine, lambda: network_wh, shelf.open)
        player = StylePlayer(
            styles,
            first,
            options=config.engine,
            times=times,
            size=size,
            open_style=shelf.open,
            steadier=Steadier("light"),
        )
        opened.callback(player.close)
        director = Director(config, world.clock, stop, folder)
        masked = MaskedPainter(player, world.open_mask(), Backdrop("blur"), times, director.tell)
        opened.callback(masked.close)
        painter = SwitchedPainter(player, masked)
        director.begin(player, painter, port, shelf)
        if config.faults:
            director.with_faults()
        opened.callback(director.close)
        source = LastingSource(
            port.open(), port.open_again, tell=director.tell, clock=world.clock, wait=world.wait
        )
        output = SinkOutput([director, Observer(record, world.clock, every_minute)], times)
        try:
            pipeline.run(source, painter, output, times=times, stop=stop)
        except Exception as error:  # what nothing may do: end the show
            ended_by = f"{type(error).__name__}: {error}"
    return {
        "ended_by": ended_by,
        "frames": {"captured": times.captured, "shown": times.shown, "dropped": times.dropped},
        "fps": round(times.fps(), 2),
        "events": dict(sorted(director.happened.items())),
        "lines": dict(sorted(director.told.items())),
    }
