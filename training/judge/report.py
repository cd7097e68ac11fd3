"""The judge's table and JSON."""

import os
import platform
from collections.abc import Sequence
from typing import Any

import torch
from rich.table import Table

from training.config_evaluate import EvaluateConfig
from training.console import plain_console
from training.judge.fixed_loss import CONTENT_LAYER, STYLE_SIZE, STYLE_WEIGHT, JudgeLoss
from training.judge.results import SizeReport, size_figures
from training.style_files import Painter

# What the table says of each size: a label, the key in the report, and how the number reads.
_ROWS = (
    ("content lost", "content", "{:.3f}"),
    ("style missed", "style", "{:.4f}"),
    ("total", "total", "{:.3f}"),
    ("photograph's own total", "photograph_total", "{:.3f}"),
    ("total after optimisation", "optimized_total", "{:.3f}"),
    ("gap closed", "gap_closed", "{:.1%}"),
    ("equals steps of L-BFGS from noise", "steps_from_noise", "{:g}"),
    ("equals steps from the photograph", "steps_from_content", "{:g}"),
    ("one pass, ms", "network_ms", "{:.1f}"),
    ("speed-up over optimisation", "speed_up", "{:,.0f}x"),
)


def print_table(reports: Sequence[SizeReport], painter: Painter) -> None:
    """Print what the judge found, a column a size: readable in 80 columns."""
    table = Table(title=f"{painter.name}, {painter.engine}")
    table.add_column("")
    for report in reports:
        table.add_column(f"{report.size} px", justify="right")
    plain = [size_figures(report) for report in reports]
    for label, key, form in _ROWS:
        table.add_row(label, *("-" if one[key] is None else form.format(one[key]) for one in plain))
    counts = ((len(one["pictures"]), one["optimized_photographs"]) for one in plain)
    table.add_row("photographs (optimised)", *(f"{all_of} ({some})" for all_of, some in counts))
    plain_console().print(table)


def report_as_json(
    config: EvaluateConfig, reports: Sequence[SizeReport], painter: Painter, judge: JudgeLoss
) -> dict[str, Any]:
    """Return the whole report as plain values, with all that decides its figures."""
    return {
        "style": {"name": painter.name, **painter.style, "engine": painter.engine},
        "loss": {
            "content_layer": CONTENT_LAYER,
            "style_layers": judge.style_layers,
            "style_size": STYLE_SIZE,
            "style_weight": STYLE_WEIGHT,
            "style_image": config.style_image.name,
            "weights": judge.weights,
        },
        "optimization": {"method": "lbfgs", "steps": config.steps, "precision": judge.placement.precision},
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "device": str(judge.placement.device),
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
        },
        "sizes": [size_figures(report) for report in reports],
    }
