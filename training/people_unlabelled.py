"""Photographs without masks get those that a trained network is sure of: Xie et al. 2020, arXiv:1911.04252.

The network looks at each photograph at several sizes, and mirrored. Where its views agree, their mean is a
mask to learn from, better than what it says in one look; where none sees anybody, the photograph is a
background. The rest is left alone, or kept as a guess, for a small network to learn what a larger one thinks.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.errors import DataError
from training.images import list_pictures, read_rgb, resize_short_side, write_png
from training.people import EMPTY, MACHINE, UNSURE, Picture, read_pictures
from training.person_metrics import Finder, find_alpha, iou

# Pixels of the views: as the network practised, and closer.
_AREAS = (25_600, 50_176, 90_000)
# The least overlap of any view with all of them together, and the share of the picture that people have.
_AGREE, _LEAST_PERSON = 0.85, 0.03
# Nobody is there where no view has more than this share of people, and none more than a guess anywhere.
_MOST_OF_NOBODY, _GUESS = 0.002, 0.35
# Pictures whose thumbnails correlate so are one picture, or two crops of it.
_SAME, _THUMBNAIL = 0.9, 24
_SHORT_SIDE = 320


@dataclass(frozen=True)
class Labelled:
    """How many pictures got a mask, are empty, were left alone, and were known already."""

    people: int = 0
    empty: int = 0
    unsure: int = 0
    known: int = 0


class Known:
    """Knows again pictures that must not be learnt from: those to judge by, and those that have masks.

    Args:
        pictures: (H, W, 3) uint8 each.
    """

    def __init__(self, pictures: Sequence[Picture]) -> None:
        self._thumbnails = np.stack([_thumbnail(one) for one in pictures]) if pictures else None

    def __contains__(self, picture: Picture) -> bool:
        if self._thumbnails is None:
            return False
        sides = _thumbnail(picture), _thumbnail(np.ascontiguousarray(picture[:, ::-1]))
        return max(float((self._thumbnails @ side).max()) for side in sides) > _SAME


def look_well(
    finders: Sequence[Finder], picture: Picture
) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
    """Return where people are by the mean of all views, (H, W) in [0, 1], and the views."""
    mirrored = np.ascontiguousarray(picture[:, ::-1])
    views = []
    for finder, area in itertools.product(finders, _AREAS):
        views.append(find_alpha(finder, picture, area))
        views.append(np.ascontiguousarray(find_alpha(finder, mirrored, area)[:, ::-1]))
    return np.mean(views, axis=0, dtype=np.float32), views


def is_sure(alpha: NDArray[np.float32], views: Sequence[NDArray[np.float32]]) -> bool | None:
    """Return whether people are in a picture; None where the views do not agree.

    Args:
        alpha: (H, W) in [0, 1], the mean of the views.
        views: each (H, W) in [0, 1].
    """
    there = alpha > 0.5
    if max(float((view > 0.5).mean()) for view in views) < _MOST_OF_NOBODY and float(alpha.max()) < _GUESS:
        return False
    agreed = min(iou(view > 0.5, there) for view in views)
    return True if float(there.mean()) >= _LEAST_PERSON and agreed >= _AGREE else None


def label_people(
    finders: Sequence[Finder],
    folders: Sequence[Path],
    known: Known,
    out: Path,
    *,
    keep_unsure: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Labelled:
    """Write pictures with masks to `out`/machine, with nobody to /empty, with guesses to /unsure.

    Args:
        finders: the trained networks.
        folders: of photographs.
        known: what is left out.
        out: a new folder; `training person --also` takes it.
        keep_unsure: whether guesses are written.
        progress: is told how many of how many are done.
    Raises:
        DataError: if a folder holds no pictures, or `out` holds any.
    """
    if out.exists() and any(out.iterdir()):
        raise DataError(f"{out} is not empty: labels of two networks would mix; give a new folder")
    files = [file for folder in folders for file in list_pictures(folder)]
    counts = {"people": 0, "empty": 0, "unsure": 0, "known": 0}
    for number, file in enumerate(files):
        picture = resize_short_side(read_rgb(file), _SHORT_SIDE)
        what = (
            "known"
            if picture in known
            else _label(finders, picture, out, f"{number:05d}_{file.stem}", keep_unsure)
        )
        counts[what] += 1
        progress(number + 1, len(files))
    return Labelled(**counts)


def _label(finders: Sequence[Finder], picture: Picture, out: Path, name: str, keep_unsure: bool) -> str:
    alpha, views = look_well(finders, picture)
    sure = is_sure(alpha, views)
    if sure is False:
        write_png(out / EMPTY / f"{name}.png", picture)
        return "empty"
    if sure or keep_unsure:
        folder = out / (MACHINE if sure else UNSURE)
        write_png(folder / "images" / f"{name}.png", picture)
        levels = np.round(alpha * 255).astype(np.uint8)
        write_png(folder / "masks" / f"{name}.png", np.repeat(levels[..., None], 3, axis=2))
    return "people" if sure else "unsure"


def read_known(people: Path) -> Known:
    """Return the pictures of a folder of people, those to measure by included."""
    return Known([picture for folder in sorted(people.glob("*/images")) for picture in read_pictures(folder)])


def _thumbnail(picture: Picture) -> NDArray[np.float32]:
    """Return a small grey copy without its mean, of length 1."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_THUMBNAIL, _THUMBNAIL), interpolation=cv2.INTER_AREA).astype(np.float32)
    flat = small.reshape(-1) - small.mean()
    return np.asarray(flat / max(1e-6, float(np.linalg.norm(flat))), dtype=np.float32)
