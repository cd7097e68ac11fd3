"""Pictures of people and their masks: read once, held in memory, split for training and for choices."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.errors import DataError
from training.images import list_pictures, read_rgb, resize_short_side

Picture = NDArray[np.uint8]
# Every so many-th labelled pair is held out, to choose by.
_EVERY = 8
# Of content/train: rooms and landscapes. What may show a person is no background.
EMPTY_PREFIXES = ("house_", "land_")
# Where masks by a machine lie, and pictures of nobody; see `training.people_unlabelled`.
MACHINE, EMPTY, UNSURE = "machine", "empty", "unsure"


@dataclass(frozen=True)
class Pair:
    """A picture, (H, W, 3) uint8 RGB, and where its people are, (H, W) uint8, 255 for certain."""

    name: str
    image: Picture
    mask: Picture


def read_pairs(folder: Path) -> list[Pair]:
    """Read `folder`/images and the masks of the same name in `folder`/masks.

    Raises:
        DataError: if there are none, a mask is missing, or one is of another size.
    """
    pairs = []
    for file in list_pictures(folder / "images"):
        image = read_rgb(file)
        mask = read_rgb(folder / "masks" / f"{file.stem}.png")[..., 0]
        if mask.shape != image.shape[:2]:
            raise DataError(f"the mask of {file} is {mask.shape}, its picture {image.shape[:2]}")
        pairs.append(Pair(file.stem, image, np.ascontiguousarray(mask)))
    return pairs


def read_pictures(folder: Path) -> list[Picture]:
    """Read every picture of a folder, (H, W, 3) uint8 RGB.

    Raises:
        DataError: if there are none.
    """
    return [read_rgb(file) for file in list_pictures(folder)]


def split_people(folder: Path, also: Path | None = None) -> tuple[list[Pair], list[Pair]]:
    """Return the pairs to train on and those to choose by; `folder`/test is left alone.

    Those drawn by people count twice beside those drawn by a machine; only the former are held out.

    Args:
        also: another folder with pairs drawn by a machine.
    """
    labelled = read_pairs(folder / "labelled")
    by_machine = [one / MACHINE for one in (folder, also) if one is not None and (one / MACHINE).is_dir()]
    machine = [pair for one in by_machine for pair in read_pairs(one)]
    held_out = labelled[::_EVERY]
    kept = [pair for number, pair in enumerate(labelled) if number % _EVERY]
    return [*kept, *kept, *machine], held_out


def read_unsure(also: Path) -> list[Pair]:
    """Return the pairs of `also` whose masks a machine was not sure of; none where it kept none."""
    return read_pairs(also / UNSURE) if (also / UNSURE).is_dir() else []


def read_backgrounds(folder: Path, also: Path | None = None, short_side: int = 200) -> list[Picture]:
    """Read the pictures that show nobody, by their names; smaller, for memory.

    Args:
        also: another folder with pictures of nobody, in it a folder of them.
    Raises:
        DataError: if there are none.
    """
    files = [file for file in list_pictures(folder) if file.name.startswith(EMPTY_PREFIXES)]
    if not files:
        raise DataError(f"no {' or '.join(EMPTY_PREFIXES)} pictures in {folder}: backgrounds must be empty")
    if also is not None and (also / EMPTY).is_dir():
        files += list_pictures(also / EMPTY)
    return [resize_short_side(read_rgb(file), short_side) for file in files]


def fit_size(height: int, width: int, area: int, multiple: int = 16) -> tuple[int, int]:
    """Return the height and width nearest to a picture's proportions with about `area` pixels."""
    scale = (area / (height * width)) ** 0.5
    rows, columns = (max(2, round(side * scale / multiple)) for side in (height, width))
    return rows * multiple, columns * multiple


def resize(image: Picture, hw: tuple[int, int]) -> Picture:
    """Resize to a height and width, averaging where it shrinks."""
    shrinks = hw[0] < image.shape[0]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (hw[1], hw[0]), interpolation=how), dtype=np.uint8)


def pick(rng: np.random.Generator, things: Sequence[Pair]) -> Pair:
    """Return one of them by chance."""
    return things[int(rng.integers(len(things)))]
