"""Measures semantic style transfer: the decoder against the masked optimisation, and the closed form.

    python docs/measure_semantic.py FOLDER --size 600x800 --steps 500

FOLDER has pairs: PAIR/content.jpg, content_mask.png, style.jpg, style_mask.png. Content, style, masks, size
and network are the same for both, in one run. Seconds are the processor's, so that what else runs there does
not count. `--timed-steps N` takes the optimisation's seconds from N steps times STEPS / N and says so; the
distances are then of N steps too.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

from training.config_semantic import DEFAULT_PASSES, SemanticConfig
from training.images import read_rgb, write_png
from training.reconstruction import ITERATIONS, iterate_linear, move_mean
from training.semantic import SHIPPED, SemanticPainter, SemanticSources
from training.semantic_compare import optimized
from training.semantic_polish import polish


def main() -> None:
    """Print a line a pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", default="600x800")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--timed-steps", type=int)
    parser.add_argument("--pairs", nargs="*")
    parser.add_argument("--statistic", default="bn")
    parser.add_argument("--passes", type=int, nargs="+", default=[1, DEFAULT_PASSES])
    parser.add_argument("--polish", type=int, nargs="*", default=[], help="after the most passes")
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
    """Print a line a way to paint: its seconds, how much faster it is, and each region's distance."""
    steps = given.timed_steps or given.steps
    config = prepare(pair, size_wh, folder, steps)
    sources = SemanticSources.read(config)
    painter(sources, given.statistic, passes=1)  # warm
    ways = [(passes, 0) for passes in given.passes] + [(max(given.passes), times) for times in given.polish]
    found = []
    for passes, times in ways:
        began = time.process_time()
        image = painter(sources, given.statistic, passes=passes)
        if times:
            image = polish(replace(config, polish=times), painter, sources, image)
        seconds = time.process_time() - began
        name = f"{passes} passes" + (f", polished {times} times" if times else "")
        found.append((name, seconds, painter.distances(image, sources)))
    began = time.process_time()
    other, _ = optimized(config, painter, sources)
    goal_s = (time.process_time() - began) * given.steps / steps
    goal = painter.distances(other, sources)
    extrapolated = "" if steps == given.steps else f", extrapolated from {steps}"
    print(f"{pair.name}: {given.steps} steps of optimisation, {goal_s:.0f} s{extrapolated}; {in_words(goal)}")
    for name, seconds, distances in found:
        print(
            f"  {name}: {seconds:.2f} s, {goal_s / seconds:.0f} times as fast; {in_words(distances)}",
            flush=True,
        )


def prepare(pair: Path, size_wh: tuple[int, int], folder: Path, steps: int) -> SemanticConfig:
    """Return what is painted: the pair's pictures and masks, resized into the folder."""
    for name in ("content", "style"):
        write_png(folder / f"{name}.png", cv2.resize(read_rgb(pair / f"{name}.jpg"), size_wh))
        labels = np.asarray(Image.open(pair / f"{name}_mask.png"))
        resized = cv2.resize(labels, size_wh, interpolation=cv2.INTER_NEAREST)
        Image.fromarray(resized).save(folder / f"{name}_mask.png")
    return SemanticConfig(
        content=folder / "content.png",
        style=folder / "style.png",
        content_mask=folder / "content_mask.png",
        style_mask=folder / "style_mask.png",
        out=folder / "out.png",
        steps=steps,
    )


def in_words(distances: dict[int, float]) -> str:
    """Return each region's distance, as in `1: 0.0021, 4: 0.0035`."""
    return ", ".join(f"{label}: {value:.4f}" for label, value in distances.items())


if __name__ == "__main__":
    main()
