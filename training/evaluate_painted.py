"""The video judge of what is painted already, by whatever: with masks, as a mix, by another program."""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.clips import Clip
from training.config_evaluate_video import EvaluateVideoConfig
from training.errors import DataError, OptionError
from training.flow_estimators import FlowEstimator
from training.judge.comparison import Comparison
from training.judge.video_report import INPUT, PAINTED, clip_name
from training.report import progress_bar
from training.style_files import find_style_file

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
    comparison = Comparison(config.clip, (INPUT, PAINTED), estimate, sheet=config.sheet)
    with progress_bar() as progress:
        task = progress.add_task("comparing", total=config.frames)
        comparison.run(_pairs(config, painting), lambda done: progress.update(task, completed=done))
    return comparison.end(
        lambda: {"painting": clip_name(painting), **comparison.report()},
        config.json,
    )


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
