"""The semantic command: from its configuration to the picture on disk."""

import time

import torch

from training.config_semantic import SemanticConfig
from training.devices import choose_device
from training.errors import OptionError
from training.images import to_uint8, write_png
from training.semantic import SemanticPainter, SemanticSources, answers, find_decoders, in_words
from training.semantic_polish import polish


def semantic(config: SemanticConfig, *, threads: int = 0) -> dict[int, float]:
    """Paint as configured, write `config.out`, and return each region's distance to its style.

    Raises:
        TrainingError: one line that says what was wrong.
    """
    if threads:
        torch.set_num_threads(threads)
    sources = SemanticSources.read(config)
    painter = SemanticPainter(find_decoders(config)[0], config.weights, choose_device(config.device))
    if config.layers and not answers(painter, config.layers):
        raise OptionError(f"the decoder is of {painter.name}, --layer asks for {','.join(config.layers)}")
    began = time.monotonic()
    image = painter(sources, config.statistic, config.strength, passes=config.passes)
    what = f"{config.statistic} at {painter.name}, {time.monotonic() - began:.2f} s"
    write_png(config.out, to_uint8(image[0]))  # before it is polished: what stops that leaves this
    if config.polish:
        began = time.monotonic()
        image = polish(config, painter, sources, image)
        write_png(config.out, to_uint8(image[0]))
        what += f", polished {config.polish} times, {time.monotonic() - began:.1f} s"
    found = painter.distances(image, sources)
    print(f"{config.out}: {what}; style distance {in_words(found)}")
    return found
