"""The video judge of what is painted already, by whatever: with masks, as a mix, by another program."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.clips import Clip
from training.config_evaluate_video import EvaluateVideoConfig
from training.errors import DataError, OptionError
from training.flow_estimators import FlowEstimator
from training.judge.steadiness import Measured, find_motion
from training.judge.video_report import (
    INPUT,
    LABELS,
    PAINTED,
    clip_name,
    measured_report,
    print_report,
    report_title,
)
from training.judge.video_sheet import Moments, write_video_sheet
from training.optimization.interrupt import delayed_interrupt
from training.report import progress_bar
from training.style_files import find_style_file

EXIT_INTERRUPTED = 130

Image = NDArray[np.uint8]


def is_painted_clip(style: str) -> bool:
    """Return whether what stands in the place of a style is a clip: it is there, and is no style's.

    Raises:
        OptionError: if it is the path of something that is not there, or as `find_style_file`.
    """
    try:
        find_style_file(style)
    except OptionError:
        path = Path(style).expanduser()
        if path.exists():
            return True
        if path.suffix not in (".onnx", ".pt") and path.name != style:
            raise OptionError(
                f"nothing at {path}: give a style's name, a style file, or what was painted of the clip"
            ) from None
        raise
    return False


def evaluate_painted(config: EvaluateVideoConfig, estimate: FlowEstimator) -> int:
    """Measure a painted clip beside the clip that it was made of; return the exit code.

    Frames belong together by their numbers, and are cut and made smaller alike.

    Raises:
        DataError: if a clip cannot be read, their frames do not belong together, or no pair can be compared.
    """
    painting = Path(config.style).expanduser()
    measured, complete, count, size_wh = Measured((INPUT, PAINTED)), True, 0, (0, 0)
    moments = Moments(0 if config.sheet is None else sum(1 for _ in _pairs(config, painting)))
    previous: dict[str, Image] = {}
    with ExitStack() as opened:
        progress = opened.enter_context(progress_bar())
        task = progress.add_task("comparing", total=config.frames)
        try:
            interrupt = opened.enter_context(delayed_interrupt())
            for images in _pairs(config, painting):
                if previous:
                    motion = find_motion(estimate, images[INPUT], previous[INPUT])
                    measured.add(count, motion, images, previous)
                    if motion.left_out is None:
                        moments.look(count, motion, images, previous)
                previous, count = images, count + 1
                size_wh = images[INPUT].shape[1], images[INPUT].shape[0]
                progress.update(task, completed=count)
                interrupt.check()
        except KeyboardInterrupt:
            complete = False
    if not measured.frames:
        if not complete:
            return stopped_too_early()
        raise DataError(
            f"{config.clip}: no pair of frames could be compared; give a clip of one scene, "
            "two frames or more, and what was painted of it"
        )
    plain = measured_report(config.clip, estimate.describe(), count, size_wh, measured, complete=complete)
    plain = {"painting": clip_name(painting), **plain}
    print_report(plain)
    if config.json is not None:
        config.json.write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
    if config.sheet is not None:
        write_video_sheet(config.sheet, moments, measured, LABELS, title=report_title(plain))
    return 0 if complete else EXIT_INTERRUPTED


def stopped_too_early() -> int:
    """Say that nothing was measured; return the exit code."""
    print("stopped before a pair of frames was measured", file=sys.stderr)
    return EXIT_INTERRUPTED


def _pairs(config: EvaluateVideoConfig, painting: Path) -> Iterator[dict[str, Image]]:
    """Read both clips side by side, a frame of each in memory."""
    clips = (Clip(path, config.size, config.frames).frames() for path in (config.clip, painting))
    for number, (frame, made) in enumerate(zip_longest(*clips)):
        if frame is None or made is None:
            short, more = (painting, config.clip) if made is None else (config.clip, painting)
            raise DataError(
                f"{short} ends after {number} frames, before {more}: a painting is measured frame by frame "
                f"beside its clip; --frames {number} leaves out the rest"
            )
        if frame.image.shape != made.image.shape:
            (height, width), (other_height, other_width) = frame.image.shape[:2], made.image.shape[:2]
            raise DataError(
                f"{painting} shows {other_width}x{other_height} where {config.clip} shows {width}x{height}: "
                "give a painting of the clip's own proportions, or a --size that both have"
            )
        yield {INPUT: frame.image, PAINTED: made.image}
