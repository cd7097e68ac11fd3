"""The judge's command: scores, gap closed, steps equalled, speed-up, pictures, for one network."""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.progress import Progress
from torch import Tensor

from training.config_evaluate import EvaluateConfig
from training.devices import Placement
from training.images import list_pictures
from training.judge.figures import Painted, write_sheet, write_step_curves
from training.judge.fixed_loss import JudgeLoss, Score
from training.judge.photographs import load_photograph, spread
from training.judge.references import Reference, References, Start, default_cache
from training.judge.report import print_table, report_as_json
from training.judge.results import Judged, SizeReport
from training.judge.speed import measure_speed
from training.memory import keep_freed_memory
from training.report import progress_bar
from training.style_files import Painter, open_painter

# Photographs on the sheet: as many as a screen shows at a readable size.
_SHOWN = 4


def evaluate(config: EvaluateConfig) -> list[SizeReport]:
    """Judge as configured; print tables, and write report.json, sheet.png and steps.png.

    Raises:
        OptionError, CheckpointError: if the style cannot be opened.
        DataError: if there are no photographs, or the style picture cannot be read.
        WeightsError: if the feature networks are missing.
    """
    keep_freed_memory()
    if config.threads:
        torch.set_num_threads(config.threads)
    place = Placement(config.device, config.precision)
    painter = open_painter(config.style, device=place.device, threads=config.threads or None)
    files = list_pictures(config.content)
    # In an order whose first few stay the same however many are judged: those are optimised.
    chosen = spread(files, config.photographs or len(files))
    judge = JudgeLoss(config.style_image, config.weights, place)
    references = References(config.cache or default_cache(), judge)
    with progress_bar("note") as progress:
        reports = [
            _judge_size(config, size, chosen, painter, judge, references, progress) for size in config.sizes
        ]
    print_table(reports, painter)
    config.out.mkdir(parents=True, exist_ok=True)
    plain = report_as_json(config, reports, painter, judge)
    for file in (config.out / "report.json", *([config.json] if config.json else [])):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(plain, indent=2) + "\n")
    _write_pictures(config, reports, painter, judge)
    print(f"{config.out}: report.json and pictures")
    return reports


def _judge_size(
    config: EvaluateConfig,
    size: int,
    files: Sequence[Path],
    painter: Painter,
    judge: JudgeLoss,
    references: References,
    progress: Progress,
) -> SizeReport:
    compared = {
        "content": files[: config.references_at(size)],
        "noise": files[: config.noise_runs_at(size)],
    }
    task = progress.add_task(f"{size} px", total=len(files), note="")
    judged: list[Judged] = []
    for file in files:
        content_image = load_photograph(file, size)
        target = judge.target(content_image)
        network = judge.score(painter.paint(content_image), target)
        found: dict[Start, Reference | None] = {"content": None, "noise": None}
        for start in found:
            if file in compared[start]:
                found[start] = _reference(
                    references, content_image, start, config.steps, network, progress, file.name
                )
        judged.append(
            Judged(file, size, judge.score(content_image, target), network, found["content"], found["noise"])
        )
        progress.advance(task)
    speed = None
    if config.speed_rounds:
        first = load_photograph(files[0], size)
        speed = measure_speed(painter, judge, first, steps=config.steps, rounds=config.speed_rounds)
    return SizeReport(size, tuple(judged), speed)


def _reference(
    references: References,
    content_image: Tensor,
    start: Start,
    steps: int,
    network: Score,
    progress: Progress,
    name: str,
) -> Reference:
    task = progress.add_task(f"  L-BFGS from {start}", total=steps, note=name)

    def tick(step: int, total: float) -> None:
        progress.update(task, completed=step, note=f"{name}  total {total:.3f}")

    # From noise only the way to the network's total is asked for.
    until = 0.9 * network.total if start == "noise" else None
    try:
        return references.descend(content_image, start=start, steps=steps, until=until, progress=tick)
    finally:
        progress.remove_task(task)


def _write_pictures(
    config: EvaluateConfig, reports: Sequence[SizeReport], painter: Painter, judge: JudgeLoss
) -> None:
    for report in reports:
        # Photographs that were optimised first: there is something to compare them with.
        ranked = sorted(report.judged, key=lambda one: one.from_content is None)
        painted = [
            Painted(
                content_image := load_photograph(one.file, one.size),
                painter.paint(content_image),
                one.from_content.image() if one.from_content else None,
            )
            for one in ranked[:_SHOWN]
        ]
        write_sheet(config.out / f"sheet_{report.size}.png", judge.style_picture, painted)
    curves = [
        (one.size, one.file.stem, reference, one.network.total)
        for report in reports
        for one in report.judged
        for reference in (one.from_noise, one.from_content)
        if reference is not None
    ]
    if curves:
        write_step_curves(config.out / "steps.png", curves, painter.name)
