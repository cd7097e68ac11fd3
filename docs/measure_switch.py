"""How long a picture stands still while styles are switched: `python docs/measure_switch.py`.

A synthetic camera of 30 fps plays through the real loop, without a window. Every two seconds the next
style is asked for, so that it loads beside the loop, until each was loaded once. Printed are the gaps
between pictures: all of them, and those during which a style was loading.
"""

import argparse
import threading
import time

import numpy as np

from realtime import pipeline
from realtime.bench_load import SyntheticCamera, encode_jpeg
from realtime.catalog import find_style, list_styles
from realtime.demo import draw_demo_frame
from realtime.engine import EngineOptions
from realtime.painter import NetworkSize, Painted
from realtime.style_player import StylePlayer, load_style
from realtime.timing import StageTimes

SIZE_WH = (640, 360)
EVERY = 60  # frames


class Switcher:
    """An output that shows nothing, notes when each painting came, and asks for other styles."""

    paused = False

    def __init__(self, player: StylePlayer, switches: int) -> None:
        self.gaps_ms: list[float] = []
        self.loading_gaps_ms: list[float] = []
        self._player = player
        self._switches = switches
        self._shown = 0
        self._last: float | None = None
        self._was_loading = False

    def show(self, painted: Painted) -> bool:
        """Note the gap, and step on when it is time."""
        now = time.perf_counter()
        loading = self._player.loading is not None
        if self._last is not None:
            gap_ms = (now - self._last) * 1000
            self.gaps_ms.append(gap_ms)
            if loading or self._was_loading:
                self.loading_gaps_ms.append(gap_ms)
        self._last, self._was_loading = now, loading
        self._shown += 1
        if self._shown % EVERY == 0 and self._shown // EVERY <= self._switches:
            self._player.step(1)
            self._was_loading = True
        return True

    def idle(self) -> None:
        """Nothing to do."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--no-switch", action="store_true", help="the same without any, to compare")
    arguments = parser.parse_args()

    options = EngineOptions(engine=arguments.engine, precision=arguments.precision)
    times, size = StageTimes(), NetworkSize(SIZE_WH)
    first = load_style(find_style("starry_night"), options, lambda: SIZE_WH)
    styles = [style for style in list_styles() if style.shipped]
    player = StylePlayer(styles, first, options=options, times=times, size=size, warm=len(styles))
    output = Switcher(player, switches=0 if arguments.no_switch else len(styles) - 1)
    jpegs = [encode_jpeg(draw_demo_frame(number, SIZE_WH)) for number in range(24)]
    camera = SyntheticCamera(jpegs, SIZE_WH, 30)
    pipeline.run(
        camera, player, output, times=times, stop=threading.Event(), max_frames=EVERY * (len(styles) + 1)
    )
    player.close()
    for name, gaps in (("all", output.gaps_ms), ("while loading", output.loading_gaps_ms)):
        if not gaps:
            continue
        median, worst = np.median(gaps), max(gaps)
        engine = f"{first.info.name} {first.info.precision}"
        print(f"{engine}, {name}: {len(gaps)} gaps, p50 {median:.0f} ms, max {worst:.0f} ms")
    print(f"{times.shown} shown, {times.dropped} of {times.captured} captured were dropped")


if __name__ == "__main__":
    main()
