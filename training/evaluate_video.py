"""The video judge's command: one clip, its painting frame by frame and as the product makes it."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path

import cv2
import torch
from rich.progress import Progress

from training.clips import Clip, write_lossless
from training.config_evaluate_video import EvaluateVideoConfig
from training.devices import choose_device
from training.errors import DataError, ProductError
from training.evaluate_painted import evaluate_painted, is_painted_clip
from training.flow_estimators import open_flow
from training.images import to_tensor, to_uint8
from training.judge.comparison import Comparison, Image, Tick, stopped_too_early
from training.judge.product import export_checkpoint, paint_clip
from training.judge.video_report import FRAME_BY_FRAME, INPUT, PRODUCT, Prepared, plain_report
from training.judge.video_sheet import require_matplotlib
from training.report import progress_bar
from training.style_files import Painter, open_painter


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
        product = () if prepared.product is None else (PRODUCT,)
        comparison = Comparison(config.clip, (INPUT, FRAME_BY_FRAME, *product), estimate, sheet=config.sheet)
        comparison.run(_images(prepared, painter), _bar(progress, "comparing", prepared.count))
    return comparison.end(
        lambda: plain_report(painter, prepared, comparison.report(prepared.count)),
        config.json,
    )


def _prepare(config: EvaluateVideoConfig, painter: Painter, folder: Path, progress: Progress) -> Prepared:
    """Cut the clip to what is judged, once and without loss: all three are made of the same pixels."""
    file = folder / "clip.mkv"
    frames = Clip(config.clip, config.size, config.frames).frames()
    count, _ = write_lossless(file, frames, _bar(progress, "reading", config.frames))
    if count < 2:
        raise DataError(f"{config.clip} has one frame: steadiness is between a frame and the one before it")
    style_file = painter.file
    if style_file.suffix == ".pt":
        try:
            style_file = export_checkpoint(style_file, folder / f"{style_file.stem}.onnx")
        except ProductError as error:  # the network alone can be judged without
            return Prepared(Clip(file), count, None, str(error))
    tick = _bar(progress, "painting", count)
    product = paint_clip(style_file, file, folder / "painted", count=count, tick=tick)
    return Prepared(Clip(file), count, product, "")


def _images(prepared: Prepared, painter: Painter) -> Iterator[dict[str, Image]]:
    """Give the frames of the three clips side by side; the network alone paints as it is asked."""
    product = prepared.product
    painted = repeat(None) if product is None else product.frames()
    for frame, made in zip(prepared.clip.frames(), painted, strict=False):
        alone = to_uint8(painter.paint(to_tensor(frame.image)[None])[0])
        images = {INPUT: frame.image, FRAME_BY_FRAME: alone}
        yield images if made is None else {**images, PRODUCT: made}


def _bar(progress: Progress, what: str, total: int | None) -> Tick:
    task = progress.add_task(what, total=total)
    return lambda done: progress.update(task, completed=done)
