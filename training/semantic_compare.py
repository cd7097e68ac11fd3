"""A sheet of semantic style transfers: no mask, each statistic, each decoder, and the masked optimisation."""

import time

import torch
from torch import Tensor

from training.config_semantic import SemanticConfig
from training.devices import Placement, choose_device
from training.images import read_rgb, to_tensor, to_uint8, write_png
from training.optimization.judgement import build_judgement
from training.optimization.sheet import Block, Row, check_lettering, draw_sheet
from training.optimization.sources import Sources
from training.optimize import paint
from training.reconstruction import STATISTICS, Statistic
from training.semantic import SemanticPainter, SemanticSources, all_shipped, find_decoders, in_words
from training.semantic_polish import as_optimization, polish


def compare_semantic(config: SemanticConfig, *, threads: int = 0) -> None:
    """Draw `config.out`, a block a decoder: seconds and each region's style distance with every picture.

    Raises:
        TrainingError: one line that says what was wrong.
    """
    check_lettering()
    if threads:
        torch.set_num_threads(threads)
    sources = SemanticSources.read(config)
    blocks = []
    files = find_decoders(config) if config.decoders or config.layers else all_shipped()
    for file in files:
        painter = SemanticPainter(file, config.weights, choose_device(config.device))
        pictures: list[tuple[str, Tensor, float]] = []
        for name in ("no mask", *STATISTICS):
            began = time.monotonic()
            masked = name != "no mask"
            statistic: Statistic = name if masked else "bn"  # type: ignore[assignment]
            image = painter(sources, statistic, config.strength, passes=config.passes, masked=masked)
            pictures.append((name, image, time.monotonic() - began))
        if config.polish:
            began = time.monotonic()
            image = painter(sources, config.statistic, config.strength, passes=config.passes)
            image = polish(config, painter, sources, image)
            pictures.append(
                (f"{config.statistic}, polished {config.polish}", image, time.monotonic() - began)
            )
        image, seconds = optimized(config, painter, sources)
        pictures.append((f"optimised, {config.steps} steps", image, seconds))
        blocks.append(_block(painter, sources, pictures))
    write_png(config.out, draw_sheet(blocks, cell_width=320))
    print(f"{config.out}: {len(blocks)} decoders, the pictures in {config.out.with_suffix('.run')}")


def optimized(
    config: SemanticConfig, painter: SemanticPainter, sources: SemanticSources
) -> tuple[Tensor, float]:
    """Paint the same by optimisation of the picture, mean and deviation at the decoder's layers.

    Returns:
        (1, 3, H, W) in [0, 1], and the seconds that it took.
    """
    wanted = as_optimization(config, painter, sources, steps=config.steps)
    place = Placement(wanted.device, wanted.precision)
    read, judgement = Sources.read(wanted), build_judgement(wanted, place)
    summary = paint(wanted, read, judgement, place, curves=False)
    return to_tensor(read_rgb(wanted.out))[None], float(summary["seconds"])


def _block(
    painter: SemanticPainter, sources: SemanticSources, pictures: list[tuple[str, Tensor, float]]
) -> Block:
    shown = [to_uint8(image[0]) for image in (sources.content, sources.style)]
    words = ["content", "style"]
    for name, image, seconds in pictures:
        shown.append(to_uint8(image[0]))
        words.append(f"{name}, {seconds:.1f} s; {in_words(painter.distances(image, sources))}")
    return Block(painter.name, tuple(words), [Row("", tuple(shown))])
