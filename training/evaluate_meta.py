"""The judge of a meta network: every held-out style against every held-out photograph."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.progress import Progress
from rich.table import Table

from training.config_evaluate_meta import EvaluateMetaConfig
from training.console import plain_console
from training.devices import Placement
from training.images import contact_sheet, list_pictures, to_uint8, write_png
from training.judge.fixed_loss import JudgeLoss, Score
from training.judge.made_styles import made_styles
from training.judge.photographs import load_photograph, spread
from training.judge.references import References, default_cache
from training.memory import keep_freed_memory
from training.report import progress_bar
from training.style_files import Painter


@dataclass(frozen=True)
class Pair:
    """One photograph in one style, at one size.

    Args:
        style, photograph: names of the pictures.
        untouched: the photograph itself under the style's loss.
        painted: what the generated network made of it.
        optimized: what optimisation reaches; None where it was not done.
    """

    style: str
    photograph: str
    size: int
    untouched: Score
    painted: Score
    optimized: Score | None = None

    @property
    def closed_at_least(self) -> float:
        """The gap closed if optimisation lost nothing at all."""
        return 1 - self.painted.total / self.untouched.total

    @property
    def closed(self) -> float | None:
        """The gap closed."""
        if self.optimized is None:
            return None
        return (self.untouched.total - self.painted.total) / (self.untouched.total - self.optimized.total)

    @property
    def style_drop(self) -> float:
        """Which share of the photograph's style loss is gone."""
        return 1 - self.painted.style / self.untouched.style


def evaluate_meta(config: EvaluateMetaConfig) -> list[Pair]:
    """Judge as configured; print a table, and write report.json and sheet.png.

    Raises:
        CheckpointError, ProductError: if the meta network makes no styles.
        DataError: if there are no pictures, or a style cannot be read.
        WeightsError: if the feature networks are missing.
    """
    keep_freed_memory()
    if config.threads:
        torch.set_num_threads(config.threads)
    place = Placement(config.device, config.precision)
    styles = list_pictures(config.styles)
    files = list_pictures(config.content)
    chosen = spread(files, config.photographs or len(files))
    pairs: list[Pair] = []
    with (
        made_styles(
            config.meta,
            styles,
            weights=config.weights,
            device=place.device,
            threads=config.threads or None,
        ) as painters,
        progress_bar("note") as progress,
    ):
        task = progress.add_task("pairs", total=len(styles) * len(chosen) * len(config.sizes), note="")
        for style, painter in zip(styles, painters, strict=True):
            progress.update(task, note=style.stem)
            judge = JudgeLoss(style, config.weights, place)
            pairs += _judge_style(config, style.stem, painter, judge, chosen, progress, task)
        sheet = _sheet(styles, painters, spread(files, config.shown))
    _print_table(pairs, config)
    config.out.mkdir(parents=True, exist_ok=True)
    write_png(config.out / "sheet.png", sheet)
    plain = json.dumps(_as_json(config, pairs, judge), indent=2) + "\n"
    for file in (config.out / "report.json", *([config.json] if config.json else [])):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(plain)
    print(f"{config.out}: report.json and sheet.png")
    return pairs


def _judge_style(
    config: EvaluateMetaConfig,
    style: str,
    painter: Painter,
    judge: JudgeLoss,
    files: Sequence[Path],
    progress: Progress,
    task: Any,
) -> list[Pair]:
    references = References(config.cache or default_cache(), judge)
    optimized = dict(config.references)
    pairs = []
    for size in config.sizes:
        for number, file in enumerate(files):
            content_image = load_photograph(file, size)
            target = judge.target(content_image)
            reference = None
            if number < optimized.get(size, 0):
                reference = references.descend(content_image, steps=config.steps).final
            pairs.append(
                Pair(
                    style,
                    file.stem,
                    size,
                    judge.score(content_image, target),
                    judge.score(painter.paint(content_image), target),
                    reference,
                )
            )
            progress.advance(task)
    return pairs


def _sheet(styles: Sequence[Path], painters: Sequence[Painter], files: Sequence[Path]) -> Any:
    """Return photographs in the first row; under them a row for each style, its picture at the left."""
    photographs = [load_photograph(file, 256) for file in files]
    pictures = [to_uint8(load_photograph(style, 256)[0]) for style in styles]
    rows = [[pictures[0] * 0 + 255, *(to_uint8(one[0]) for one in photographs)]]
    for picture, painter in zip(pictures, painters, strict=True):
        rows.append([picture, *(to_uint8(painter.paint(one)[0]) for one in photographs)])
    square = [[row[0][:256, :256], *row[1:]] for row in rows]  # so that photographs stand in columns
    return contact_sheet(square, height=200)


def _figures(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Return medians and means over pairs as plain values."""
    closed = [pair.closed for pair in pairs if pair.closed is not None]
    return {
        "pairs": len(pairs),
        "content": statistics.mean(pair.painted.content for pair in pairs),
        "style": statistics.mean(pair.painted.style for pair in pairs),
        "total": statistics.mean(pair.painted.total for pair in pairs),
        "photograph_total": statistics.mean(pair.untouched.total for pair in pairs),
        "gap_closed_at_least_median": statistics.median(pair.closed_at_least for pair in pairs),
        "gap_closed_median": statistics.median(closed) if closed else None,
        "optimized_pairs": len(closed),
        "style_drop_median": statistics.median(pair.style_drop for pair in pairs),
    }


def _print_table(pairs: Sequence[Pair], config: EvaluateMetaConfig) -> None:
    headings = (
        "style",
        "content",
        "style",
        "total",
        "photograph's",
        "closed, at least",
        "closed",
        "style gone",
    )
    for size in config.sizes:
        here = [pair for pair in pairs if pair.size == size]
        table = Table(*headings, title=f"{config.meta.name}, {size} px")
        for style in dict.fromkeys(pair.style for pair in here):
            table.add_row(style, *_cells([pair for pair in here if pair.style == style]))
        table.add_section()
        table.add_row(f"all {len(here)} pairs", *_cells(here))
        plain_console().print(table)


def _cells(pairs: Sequence[Pair]) -> list[str]:
    found = _figures(pairs)
    closed = found["gap_closed_median"]
    return [
        f"{found['content']:.2f}",
        f"{found['style']:.3f}",
        f"{found['total']:.2f}",
        f"{found['photograph_total']:.2f}",
        f"{found['gap_closed_at_least_median']:.0%}",
        "-" if closed is None else f"{closed:.0%}",
        f"{found['style_drop_median']:.0%}",
    ]


def _as_json(config: EvaluateMetaConfig, pairs: Sequence[Pair], judge: JudgeLoss) -> dict[str, Any]:
    return {
        "meta": config.meta.name,
        "weights": judge.weights,
        "steps": config.steps,
        "sizes": [
            {"size": size, **_figures([pair for pair in pairs if pair.size == size])} for size in config.sizes
        ],
        "pairs": [
            {
                "style": pair.style,
                "photograph": pair.photograph,
                "size": pair.size,
                "untouched": pair.untouched.total,
                "content": pair.painted.content,
                "style_loss": pair.painted.style,
                "total": pair.painted.total,
                "optimized": pair.optimized and pair.optimized.total,
                "gap_closed": pair.closed,
            }
            for pair in pairs
        ],
    }
