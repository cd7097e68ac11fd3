"""How well the parts of a masked film keep apart: `python docs/measure_masks.py davis`.

Each sequence of the folder (NAME/frames with NAME/masks, one for each frame) is painted by `python -m
realtime video` in each of two styles alone, and in both by its masks. Printed is by how much the mean and
the deviation of each colour, and the deviation of the fine detail, differ in each region at the most, 8
pixels from its border and further: joined against alone, over all frames.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

AWAY = 8
LEAST = 500  # pixels of a region that has statistics


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("folder", type=Path)
    words.add_argument("--styles", nargs=2, default=["starry_night", "the_great_wave"])
    words.add_argument("--mask", help="another mask than NAME/masks, such as person")
    words.add_argument("--frames", type=int, default=24)
    asked = words.parse_args()
    for masks in sorted(asked.folder.glob("*/masks")):
        worst = measure(masks.parent, asked.styles, asked.mask, asked.frames)
        print(f"{masks.parent.name}: at most {worst[0]:.1%} in the front, {worst[1]:.1%} behind", flush=True)


def measure(sequence: Path, styles: list[str], mask: str | None, frames: int) -> tuple[float, float]:
    """Return by how much the front's and the rear's statistics differ at the most."""
    with tempfile.TemporaryDirectory() as folder:
        words = {"front": ["--style", styles[0]], "rear": ["--style", styles[1]]}
        words["joined"] = [*words["front"], "--mask", mask or str(sequence / "masks")]
        words["joined"] += ["--background", styles[1]]
        films = {
            name: paint(sequence, Path(folder) / f"{name}.mkv", more, frames) for name, more in words.items()
        }
        numbers = sorted((sequence / "masks").iterdir())
        worst = [0.0, 0.0]
        for number, (front, rear, joined) in enumerate(
            zip(*(pictures(films[name]) for name in words), strict=True)
        ):
            alpha = np.asarray(cv2.imread(str(numbers[number]), cv2.IMREAD_GRAYSCALE))
            for place, (alone, meant) in enumerate(((front, alpha), (rear, 255 - alpha))):
                region = inside(meant)
                if region.sum() >= LEAST:
                    worst[place] = max(worst[place], apart(joined, alone, region))
    return worst[0], worst[1]


def paint(sequence: Path, output: Path, words: list[str], frames: int) -> Path:
    command = [sys.executable, "-m", "realtime", "video", str(sequence / "frames"), "-o", str(output)]
    command += ["--codec", "ffv1", "--fps", "24", "--end", str(frames / 24), *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return output


def pictures(film: Path) -> Iterator[NDArray[np.uint8]]:
    with av.open(str(film)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="bgr24")


def inside(alpha: NDArray[np.uint8]) -> NDArray[np.bool_]:
    reach = np.ones((2 * AWAY + 1, 2 * AWAY + 1), np.uint8)
    return np.asarray(cv2.erode(np.where(alpha > 127, np.uint8(255), np.uint8(0)), reach)) > 0


def apart(image: NDArray[np.uint8], alone: NDArray[np.uint8], region: NDArray[np.bool_]) -> float:
    one, other = statistics(image, region), statistics(alone, region)
    return float(np.max(np.abs(one - other) / other))


def statistics(image: NDArray[np.uint8], region: NDArray[np.bool_]) -> NDArray[np.float64]:
    values = image.astype(np.float64)
    fine = (values - cv2.GaussianBlur(values, (0, 0), 2))[region]
    return np.concatenate([values[region].mean(axis=0), values[region].std(axis=0), fine.std(axis=0)])


if __name__ == "__main__":
    main()
