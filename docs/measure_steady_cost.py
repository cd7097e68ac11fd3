"""What steadiness costs a frame: `python docs/measure_steady_cost.py CLIP [--style NAME] [--size 640x360]`.

The same frames are painted unsteadied, and by `light` and `full`, by the style's recurrent network and, as
styles without one are, blended; all taking turns in one run. Printed are the median milliseconds of a frame
and what is added to the unsteadied one's.
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.camera_config import parse_size
from realtime.catalog import find_style
from realtime.engine import Engine, EngineOptions, open_engine
from realtime.sources import open_source
from realtime.steady import Steadier, SteadyLevel
from realtime.testing import make_frame

Image = NDArray[np.uint8]


def main() -> None:
    """Measure and print a line a way to paint."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--style", default="starry_night")
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--precision", default="auto")
    asked = parser.parse_args()
    size_wh = parse_size("--size", asked.size)
    assert size_wh is not None
    images = read_images(asked.clip, size_wh, asked.frames)
    plain, recurrent = (
        open_engine(find_style(asked.style), EngineOptions(precision=asked.precision, looks_back=looks_back))
        for looks_back in (False, True)
    )
    for engine in (plain, recurrent):
        engine.prepare(size_wh)
    ways: dict[str, tuple[Engine, SteadyLevel]] = {"off": (plain, "off")}
    for level in ("light", "full"):
        ways |= {f"{level}, recurrent": (recurrent, level), f"{level}, blended": (plain, level)}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(asked.rounds):
        for name, (engine, level) in ways.items():
            taken[name].append(ms_a_frame(engine, level, images))
    off = float(np.median(taken["off"]))
    print(f"{asked.style} in {plain.info.name} {plain.info.precision}, {asked.size}, ms a frame")
    for name, each in taken.items():
        print(f"{name:18} {np.median(each):6.2f} {np.median(each) - off:+6.2f}")


def read_images(clip: Path, size_wh: tuple[int, int], count: int) -> list[Image]:
    """Return the first frames of a clip, (H, W, 3) uint8 BGR."""
    source = open_source(str(clip))
    images: list[Image] = []
    while len(images) < count and (frame := source.read()) is not None:
        images.append(np.asarray(cv2.resize(frame.image, size_wh), np.uint8))
    source.close()
    return images


def ms_a_frame(engine: Engine, level: SteadyLevel, images: list[Image]) -> float:
    """Return what a frame of a clip takes from the first on, in milliseconds."""
    steadier, began = Steadier(level), time.perf_counter()
    for number, image in enumerate(images):
        steadier.paint(engine, steadier.look(make_frame(number).with_image(image), image))
    return (time.perf_counter() - began) * 1000 / len(images)


if __name__ == "__main__":
    main()
