"""The optimize command: from its configuration to the picture on disk (Gatys et al. 2015)."""

import json
import logging
import time
from pathlib import Path
from typing import Any

import torch

from training.config_optimize import OptimizeConfig
from training.devices import Placement
from training.memory import keep_freed_memory
from training.optimization.compare import Cache, Comparison, compare
from training.optimization.judgement import Judgement, build_judgement
from training.optimization.report import OptimizeReport
from training.optimization.run import PictureOptimization
from training.optimization.sheet import check_lettering
from training.optimization.sources import Sources

log = logging.getLogger(__name__)


def optimize(config: OptimizeConfig, *, threads: int = 0, json_file: Path | None = None) -> dict[str, Any]:
    """Paint as configured, write `config.out`, and return what was done and how it ended.

    Args:
        config: what was asked for.
        threads: of the CPU; 0 for all cores.
        json_file: where the returned summary is written too.
    Raises:
        TrainingError: one line that says what was wrong.
    """
    place, sources, judgement = _prepare(config, threads)
    summary = paint(config, sources, judgement, place)
    if json_file is not None:
        json_file.write_text(json.dumps(summary, indent=2) + "\n")
    sizes = ", ".join(str(size) for size in summary["sizes"])
    losses = "  ".join(f"{name} {value:.4f}" for name, value in summary["losses"].items())
    print(
        f"{config.out}: {summary['steps']} steps at {sizes} px ({summary['ended']}); {losses}; "
        f"content at {summary['content_layers']}, style at {summary['style_layers']}; "
        f"curves in {config.run_folder()}"
    )
    return summary


def compare_methods(
    config: OptimizeConfig, balances: tuple[float, ...], *, threads: int = 0, json_file: Path | None = None
) -> None:
    """Draw `config.out`: style losses against balance factors and each other, and their fusions.

    Args:
        config: what all pictures share; its loss and its style weight are of no use here.
        balances: the columns of the first figure.
        threads, json_file: as of `optimize`; the summary has one entry a picture.
    Raises:
        TrainingError: one line that says what was wrong.
    """
    check_lettering()
    place, sources, judgement = _prepare(config, threads)
    comparison = Comparison(config, balances)
    cache = Cache(comparison, {"pictures": sources.digest, "networks": judgement.hashes()})

    def paint_cell(cell: OptimizeConfig) -> dict[str, Any]:
        return paint(cell, Sources.read(cell), judgement, place, curves=False)

    compare(comparison, cache, paint_cell)
    if json_file is not None:
        json_file.write_text(json.dumps(cache.cells, indent=2) + "\n")
    print(f"{config.out}: {len(cache.cells)} pictures, kept in {comparison.folder()}")


def _prepare(config: OptimizeConfig, threads: int) -> tuple[Placement, Sources, Judgement]:
    keep_freed_memory()
    if threads:
        torch.set_num_threads(threads)
    place = Placement(config.device, config.precision)
    sources = Sources.read(config)
    judgement = build_judgement(config, place)
    log.info("content at %s; style at %s", judgement.content_layers, judgement.style_layers)
    return place, sources, judgement


def paint(
    config: OptimizeConfig,
    sources: Sources,
    judgement: Judgement,
    place: Placement,
    *,
    curves: bool = True,
) -> dict[str, Any]:
    """Paint one picture with networks that are loaded, and return what was done and how it ended."""
    began = time.monotonic()
    optimization = PictureOptimization(config, sources, judgement, place)
    with OptimizeReport(config.run_folder(), steps=config.steps, curves=curves) as report:
        ended = optimization.run(report)
    last = optimization.history[-1]
    assert optimization.objective is not None
    return {
        "out": str(config.out),
        "steps": len(optimization.history),
        "ended": ended,
        "sizes": list(optimization.sizes),
        "seconds": round(time.monotonic() - began, 3),
        "loss": config.loss,
        "losses": {key: last[key] for key in last if key not in ("step", "size")},
        "style_weight": optimization.objective.style_weight,
        "content_layers": str(judgement.content_layers),
        "style_layers": str(judgement.style_layers),
        "feature_networks": {
            name: {"file": net.source, "sha256": net.sha256}
            for name, net in judgement.perception.loaded.items()
        },
    }
