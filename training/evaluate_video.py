"""The video judge's command: one clip, its painting frame by frame and as the product makes it."""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import Progress

from training.clips import Clip, write_lossless
from training.config_evaluate_video import EvaluateVideoConfig
from training.devices import choose_device
from training.errors import DataError, ProductError
from training.evaluate_painted import (
    EXIT_INTERRUPTED,
    evaluate_painted,
    is_painted_clip,
    stopped_too_early,
)
from training.flow_estimators import FlowEstimator, open_flow
from training.images import to_tensor, to_uint8
from training.judge.product import export_checkpoint, paint_clip
from training.judge.steadiness import Measured, find_motion
from training.judge.video_report import (
    FRAME_BY_FRAME,
    INPUT,
    LABELS,
    PRODUCT,
    Prepared,
    plain_report,
    print_report,
    report_title,
)
from training.judge.video_sheet import Moments, require_matplotlib, write_video_sheet
from training.optimization.interrupt import delayed_interrupt
from training.report import progress_bar
from training.style_files import Painter, open_painter

Image = NDArray[np.uint8]
Tick = Callable[[int], None]


def evaluate_video(config: EvaluateVideoConfig) -> int:
    """Judge as configured, print the table, write what was asked for; return the exit code.

    Raises:
        OptionError, CheckpointError: if the style cannot be opened, or a sheet cannot be drawn here.
        DataError: if the clip cannot be read, has fewer than two frames, or none could be compared.
        WeightsError: if RAFT is asked for without weights.
        ProductError: if the product fails on a style file.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
        cv2.setNumThreads(config.threads)
    if config.sheet is not None:
        require_matplotlib()
    is_painted = is_painted_clip(config.style)
    estimate = open_flow(config.flow, config.weights, config.device)
    if is_painted:
        return evaluate_painted(config, estimate)
    device = torch.device(choose_device(config.device))
    painter = open_painter(config.style, device=device, threads=config.threads or None)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="livebrush_")))
        progress = opened.enter_context(progress_bar())
        try:
            prepared = _prepare(config, painter, folder, progress)
        except KeyboardInterrupt:
            return stopped_too_early()
        judge = _Judge(prepared, painter, estimate, shown=config.sheet is not None)
        complete = judge.run(_bar(progress, "comparing", prepared.count - 1))
    if not judge.measured.frames:
        if not complete:
            return stopped_too_early()
        raise DataError(
            f"{config.clip}: no pair of frames could be compared, for all are cuts, or move beyond what "
            "optical flow can follow; give a clip of one scene with its frames in order"
        )
    _report(config, painter, estimate, prepared, judge, complete=complete)
    return 0 if complete else EXIT_INTERRUPTED


def _prepare(config: EvaluateVideoConfig, painter: Painter, folder: Path, progress: Progress) -> Prepared:
    """Cut the clip to what is judged, once and without loss: all three are made of the same pixels."""
    file = folder / "clip.mkv"
    frames = Clip(config.clip, config.size, config.frames).frames()
    count, size_wh = write_lossless(file, frames, _bar(progress, "reading", config.frames))
    if count < 2:
        raise DataError(f"{config.clip} has one frame: steadiness is between a frame and the one before it")
    style_file = painter.file
    if style_file.suffix == ".pt":
        try:
            style_file = export_checkpoint(style_file, folder / f"{style_file.stem}.onnx")
        except ProductError as error:  # the network alone can be judged without
            return Prepared(Clip(file), count, size_wh, None, str(error))
    tick = _bar(progress, "painting", count)
    product = paint_clip(style_file, file, folder / "painted", count=count, tick=tick)
    return Prepared(Clip(file), count, size_wh, product, "")


class _Judge:
    """Goes through the three clips side by side, two frames of each in memory."""

    def __init__(self, prepared: Prepared, painter: Painter, estimate: FlowEstimator, *, shown: bool) -> None:
        self._prepared = prepared
        self._painter = painter
        self._estimate = estimate
        clips = (INPUT, FRAME_BY_FRAME) if prepared.product is None else (INPUT, FRAME_BY_FRAME, PRODUCT)
        self.measured = Measured(clips)
        self.moments = Moments(prepared.count if shown else 0)

    def run(self, tick: Tick) -> bool:
        """Measure every pair; False if Ctrl-C ended it before the last."""
        previous: dict[str, Image] = {}
        try:
            with delayed_interrupt() as interrupt:  # a pair is measured for every clip, or for none
                for number, images in enumerate(self._images()):
                    if previous:
                        self._measure(number, images, previous)
                        tick(number)
                    previous = images
                    interrupt.check()
        except KeyboardInterrupt:
            return False
        return True

    def _images(self) -> Iterator[dict[str, Image]]:
        product = self._prepared.product
        painted = repeat(None) if product is None else product.frames()
        for frame, made in zip(self._prepared.clip.frames(), painted, strict=False):
            alone = to_uint8(self._painter.paint(to_tensor(frame.image)[None])[0])
            images = {INPUT: frame.image, FRAME_BY_FRAME: alone}
            yield images if made is None else {**images, PRODUCT: made}

    def _measure(self, number: int, images: Mapping[str, Image], previous: Mapping[str, Image]) -> None:
        motion = find_motion(self._estimate, images[INPUT], previous[INPUT])
        self.measured.add(number, motion, images, previous)
        if motion.left_out is None:
            self.moments.look(number, motion, images, previous)


def _report(
    config: EvaluateVideoConfig,
    painter: Painter,
    estimate: FlowEstimator,
    prepared: Prepared,
    judge: _Judge,
    *,
    complete: bool,
) -> None:
    measured = judge.measured
    flow = estimate.describe()
    plain = plain_report(config.clip, painter, flow, prepared, measured, complete=complete)
    print_report(plain)
    if config.json is not None:
        config.json.write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
    if config.sheet is not None:
        write_video_sheet(config.sheet, judge.moments, measured, LABELS, title=report_title(plain))


def _bar(progress: Progress, what: str, total: int | None) -> Tick:
    task = progress.add_task(what, total=total)
    return lambda done: progress.update(task, completed=done)
