"""An evening in short: a camera that fails, styles that change, a mask, recordings; and what all that costs.

The loop is the real one: camera that comes back, player with engines, masked painter, video files. What goes
wrong when is decided by a seed, so that a run that found something can be repeated.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime import pipeline
from realtime.backdrop import Backdrop
from realtime.bench_load import demo_scene, encode_jpeg
from realtime.catalog import StyleEntry, list_styles
from realtime.engine import EngineOptions
from realtime.engine_building import open_live
from realtime.errors import OptionError
from realtime.mask import MaskSource, open_mask
from realtime.masked_painter import MaskedPainter
from realtime.output import SinkOutput
from realtime.painter import LIVE_SHORT_SIDE, NetworkSize, SizeWh
from realtime.process import share_heap
from realtime.soak_director import Director, Observer, SwitchedPainter
from realtime.soak_faults import CameraPort, FaultyShelf
from realtime.soak_measure import Record
from realtime.source_lasting import LastingSource
from realtime.steady import Steadier
from realtime.style_player import StylePlayer, load_style
from realtime.timing import Clock, StageTimes
from realtime.warm_engines import OpenStyle

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
    open_style: OpenStyle = open_live
    open_mask: Callable[[], MaskSource] = lambda: open_mask("person")
    styles: tuple[StyleEntry, ...] = ()


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
    share_heap()
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
        director = Director(config.seed, 60 * config.minutes, world.clock, stop, folder)
        masked = MaskedPainter(player, world.open_mask(), Backdrop("blur"), times, director.tell)
        opened.callback(masked.close)
        painter = SwitchedPainter(player, masked)
        director.begin(player, styles, painter, port, shelf)
        if config.faults:
            director.with_faults()
        opened.callback(director.close)
        source = LastingSource(
            port.open(), port.open_again, tell=director.tell, clock=world.clock, wait=world.wait
        )
        output = SinkOutput([director, Observer(record, world.clock, every_minute, director)], times)
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
