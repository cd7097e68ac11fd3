"""The video judge's work: clips of the same frames are gone through side by side and measured."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.errors import DataError
from training.flow_estimators import FlowEstimator
from training.judge.steadiness import Measured, find_motion
from training.judge.video_report import LABELS, measured_report, print_report, report_title
from training.judge.video_sheet import Moments, Pair, write_video_sheet
from training.optimization.interrupt import delayed_interrupt

EXIT_INTERRUPTED = 130

Image = NDArray[np.uint8]
Tick = Callable[[int], None]


class Comparison:
    """Measures every pair of frames, two frames of each clip in memory.

    Args:
        clip: the input, as the user named it.
        clips: what the clips are called; the input first, whose motion counts for all.
        estimate: the optical flow.
        sheet: where a picture of it is written in the end; None for none.
    """

    def __init__(
        self, clip: Path, clips: tuple[str, ...], estimate: FlowEstimator, *, sheet: Path | None
    ) -> None:
        self._clip = clip
        self.measured = Measured(clips)
        self.count, self.size_wh = 0, (0, 0)
        self.complete = False
        self._estimate = estimate
        self._sheet, self._moments = sheet, Moments()

    def run(self, frames: Iterable[Mapping[str, Image]], tick: Tick) -> None:
        """Go through the clips; Ctrl-C ends it before the next pair, and `complete` stays False.

        Args:
            frames: of each moment the picture of every clip, (H, W, 3) uint8 RGB.
            tick: told how many frames are done.
        """
        source = self.measured.clips[0]
        previous: Mapping[str, Image] = {}
        try:
            with delayed_interrupt() as interrupt:  # a pair is measured for every clip, or for none
                for images in frames:
                    if previous:
                        self._measure(images, previous)
                    previous, self.count = images, self.count + 1
                    self.size_wh = images[source].shape[1], images[source].shape[0]
                    tick(self.count)
                    interrupt.check()
        except KeyboardInterrupt:
            return
        self.complete = True

    def report(self, count: int | None = None) -> dict[str, Any]:
        """Return what was measured as plain values.

        Args:
            count: how many frames the clips have; None for those that were gone through.
        """
        flow, frames = self._estimate.describe(), self.count if count is None else count
        return measured_report(self._clip, flow, frames, self.size_wh, self.measured, complete=self.complete)

    def end(self, plain: Callable[[], Mapping[str, Any]], json_file: Path | None) -> int:
        """Print the report, write what was asked for; return the exit code.

        Args:
            plain: gives the report; asked for where a pair was measured.
            json_file: for the report as plain values; None for none.
        Raises:
            DataError: if there was no pair that could be measured.
        """
        if not self.measured.frames:
            if not self.complete:
                return stopped_too_early()
            raise DataError(
                f"{self._clip}: no pair of frames could be compared, for there is but one, or all are cuts, "
                "or move beyond what optical flow can follow; give a clip of one scene, its frames in order"
            )
        found = plain()
        print_report(found)
        if json_file is not None:
            json_file.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        if self._sheet is not None:
            write_video_sheet(self._sheet, self._moments, self.measured, LABELS, title=report_title(found))
        return 0 if self.complete else EXIT_INTERRUPTED

    def _measure(self, images: Mapping[str, Image], previous: Mapping[str, Image]) -> None:
        source = self.measured.clips[0]
        motion = find_motion(self._estimate, images[source], previous[source])
        self.measured.add(self.count, motion, images, previous)
        if motion.left_out is None and self._sheet is not None:
            self._moments.add(Pair(self.count, motion, images, previous))


def stopped_too_early() -> int:
    """Say that nothing was measured; return the exit code."""
    print("stopped before a pair of frames was measured", file=sys.stderr)
    return EXIT_INTERRUPTED
