"""Measures semantic style transfer: the decoder against the masked optimisation, and the closed form.

    python docs/measure_semantic.py FOLDER --size 600x800 --steps 500

FOLDER has pairs: PAIR/content.jpg, content_mask.png, style.jpg, style_mask.png. Content, style, masks, size
and network are the same for both, in one run. `--timed-steps N` takes the optimisation's seconds from N steps
times STEPS / N and says so; the distances are then of N steps too.
"""

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

from training.config_semantic import SemanticConfig
from training.images import read_rgb, write_png
from training.reconstruction import ITERATIONS, iterate_linear, move_mean
from training.semantic import SHIPPED, SemanticPainter, SemanticSources
from training.semantic_compare import optimized


def main() -> None:
    """Print a line a pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", default="600x800")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--timed-steps", type=int)
    parser.add_argument("--pairs", nargs="*")
    parser.add_argument("--statistic", default="bn")
    parser.add_argument("--passes", type=int, default=1)
    parser.add_argument("--decoder", type=Path, default=SHIPPED)
    parser.add_argument("--threads", type=int, default=0)
    given = parser.parse_args()
    if given.threads:
        torch.set_num_threads(given.threads)
    width, height = (int(part) for part in given.size.split("x"))
    painter = SemanticPainter(given.decoder)
    measure_closed_form(height // 4, width // 4)
    with tempfile.TemporaryDirectory() as folder:
        for pair in sorted(one for one in given.folder.iterdir() if (one / "content.jpg").exists()):
            if not given.pairs or pair.name in given.pairs:
                measure(pair, (width, height), given, painter, Path(folder))


def measure_closed_form(height: int, width: int, rounds: int = 5) -> None:
    """The median ratio over rounds that take turns, at the features' size of relu3_1, two regions' worth."""
    torch.manual_seed(0)
    content, style = torch.rand(1, 256, height, width) * 200, torch.rand(1, 256, height, width) * 100
    ratios, apart = [], 0.0
    for _ in range(rounds):
        began = time.perf_counter()
        slow = iterate_linear(content, style, strength=0.9)
        middle = time.perf_counter()
        fast = move_mean(content, style, strength=0.9)
        ratios.append((middle - began) / (time.perf_counter() - middle))
        apart = float((slow - fast).norm() / fast.norm())
    ratio = np.median(ratios)
    print(f"{ITERATIONS} iterations: {ratio:.0f} times as long as the closed form, {apart:.0e} apart")


def measure(
    pair: Path,
    size_wh: tuple[int, int],
    given: argparse.Namespace,
    painter: SemanticPainter,
    folder: Path,
) -> None:
    """Print the seconds of both, their ratio, and each region's distances and their ratio."""
    for name in ("content", "style"):
        write_png(folder / f"{name}.png", cv2.resize(read_rgb(pair / f"{name}.jpg"), size_wh))
        labels = np.asarray(Image.open(pair / f"{name}_mask.png"))
        resized = cv2.resize(labels, size_wh, interpolation=cv2.INTER_NEAREST)
        Image.fromarray(resized).save(folder / f"{name}_mask.png")
    steps = given.timed_steps or given.steps
    config = SemanticConfig(
        content=folder / "content.png",
        style=folder / "style.png",
        content_mask=folder / "content_mask.png",
        style_mask=folder / "style_mask.png",
        out=folder / "out.png",
        steps=steps,
    )
    sources = SemanticSources.read(config)
    painter(sources, given.statistic, passes=given.passes)  # warm
    began = time.perf_counter()
    image = painter(sources, given.statistic, passes=given.passes)
    seconds = time.perf_counter() - began
    other, other_seconds = optimized(config, painter, sources)
    other_seconds *= given.steps / steps
    ours, theirs = painter.distances(image, sources), painter.distances(other, sources)
    regions = ", ".join(f"{label}: {ours[label]:.4f} / {theirs[label]:.4f}" for label in ours)
    extrapolated = "" if steps == given.steps else f" (extrapolated from {steps})"
    print(
        f"{pair.name}: {seconds:.2f} s against {other_seconds:.0f} s{extrapolated}, "
        f"{other_seconds / seconds:.0f} times; style distance, ours / optimised: {regions}",
        flush=True,
    )


if __name__ == "__main__":
    main()
