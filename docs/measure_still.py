"""How still a still room is painted: `python docs/measure_still.py PHOTOGRAPH... [--style NAME ...]`.

Each photograph becomes a clip of a camera's noise alone. Printed is, as a multiple of the clip's own mean
squared change, that of its frames painted by themselves, and of the product, when it has settled.
"""

import argparse
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.catalog import find_style
from realtime.engine import EngineOptions, open_engine
from realtime.steady import Steadier
from realtime.testing import make_frame

Image = NDArray[np.uint8]
FRAMES, LAST = 24, 8


def main() -> None:
    """Measure and print a line a style and noise."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photograph", type=Path, nargs="+")
    parser.add_argument("--style", action="append", help="several times [starry_night]")
    parser.add_argument("--noise", type=float, nargs="+", default=[1, 2, 4], help="deviation, in levels")
    asked = parser.parse_args()
    print("| style | noise | frame by frame | product |\n| --- | --- | --- | --- |")
    for style in asked.style or ["starry_night"]:
        for noise in asked.noise:
            ratios = [measure(style, make_clip(file, noise)) for file in asked.photograph]
            alone, product = np.mean(ratios, axis=0)
            print(f"| `{style}` | {noise:g} | {alone:.2f} | {product:.2f} |", flush=True)


def make_clip(photograph: Path, noise: float) -> list[Image]:
    """Return frames of 640x360, BGR."""
    image = cv2.imread(str(photograph))
    if image is None:
        raise SystemExit(f"{photograph} is no picture that can be read")
    room, chance = cv2.resize(image, (640, 360)), np.random.default_rng(0)
    noisy = (room + chance.normal(0, noise, room.shape) for _ in range(FRAMES))
    return [np.clip(frame, 0, 255).round().astype(np.uint8) for frame in noisy]


def measure(style: str, clip: list[Image]) -> tuple[float, float]:
    """Return the change of a clip painted frame by frame, and as the product does, over its own."""
    steadier, steady = Steadier("full"), []
    with closing(open_engine(find_style(style), EngineOptions(looks_back=True))) as engine:
        alone = [engine.infer(image) for image in clip[-LAST:]]
        for number, image in enumerate(clip):
            looked = steadier.look(make_frame(number).with_image(image), image)
            steady.append(steadier.paint(engine, looked).copy())
    own = change(clip[-LAST:])
    return change(alone) / own, change(steady[-LAST:]) / own


def change(pictures: list[Image]) -> float:
    """Return the mean squared difference of each picture from the one before."""
    return float(
        np.mean([np.square(now.astype(float) - before).mean() for before, now in pairwise(pictures)])
    )


if __name__ == "__main__":
    main()
