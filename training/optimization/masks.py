"""Semantic masks: which part of the content takes its style from which part of the style picture.

Spatial control of Gatys et al. 2017, arXiv:1611.07865, section 3: each label has style statistics of its own,
and they come from the same label of the style picture.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.errors import DataError, OptionError

Labels = NDArray[np.int32]
# A mask has flat areas. More labels than these are a photograph's, or what JPEG makes of a mask.
MOST_LABELS = 32


def read_labels(file: Path) -> Labels:
    """Read a mask as (H, W) labels: a palette picture's indices, or a grey picture's values.

    Raises:
        DataError: if it is missing, no picture, coloured without a palette, or has more labels than a mask.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise DataError('masks need Pillow: pip install "livebrush[train]"') from error
    try:
        with Image.open(file) as picture:
            picture.load()
            # OpenCV turns a palette into its colours; here the number of the colour is what counts.
            values = np.asarray(picture)
    except UnidentifiedImageError as error:
        raise DataError(f"the mask {file} is no picture that can be read") from error
    except OSError as error:
        raise DataError(f"cannot read the mask {file}: {error.strerror or error}") from error
    if values.ndim == 3:
        values = _grey(values, file)
    labels: Labels = values.astype(np.int32)
    count = len(np.unique(labels))
    if count > MOST_LABELS:
        raise DataError(
            f"the mask {file} has {count} labels, {MOST_LABELS} are the most: "
            "save it as a PNG of flat areas, without smooth edges"
        )
    return labels


def _grey(values: NDArray[np.uint8], file: Path) -> NDArray[np.uint8]:
    """One channel of a grey picture that was saved with three, with or without opacity."""
    colours = values[..., : 1 if values.shape[2] < 3 else 3]
    if (colours != colours[..., :1]).any():
        raise DataError(f"the mask {file} is coloured: save it as a PNG with a palette, or in greys")
    return colours[..., 0]


def check_size(labels: Labels, mask: Path, image_hw: tuple[int, int], picture: Path) -> None:
    """Refuse a mask that is not of its picture's size.

    Raises:
        OptionError: names both sizes.
    """
    if labels.shape != image_hw:
        (mask_height, mask_width), (height, width) = labels.shape, image_hw
        raise OptionError(
            f"the mask {mask.name} is {mask_width}x{mask_height}, its picture {picture.name} "
            f"{width}x{height}: they must be of one size"
        )


def labels_to_paint(
    content: Labels, styles: Sequence[Labels], ignored: Sequence[int] = ()
) -> tuple[int, ...]:
    """Return the labels of the content that take a style, ascending.

    Labels that only the style has are of no use and do no harm.

    Args:
        content: (H, W).
        styles: of each style picture; a label may come from any of them.
        ignored: labels whose pixels take no style.
    Raises:
        OptionError: if the content has a label that no style picture has.
    """
    there = {int(label) for labels in styles for label in np.unique(labels)}
    found, counts = np.unique(content, return_counts=True)
    shares = {int(label): float(count) / content.size for label, count in zip(found, counts, strict=True)}
    wanted = [label for label in shares if label not in ignored]
    missing = [f"{label} ({shares[label]:.1%} of it)" for label in wanted if label not in there]
    if missing:
        raise OptionError(
            f"the content mask has label {', '.join(missing)}, the style has {_listed(sorted(there))}: "
            "draw it in the style mask too, or name it with --ignore-label"
        )
    if not wanted:
        raise OptionError("--ignore-label leaves no label in the content mask")
    return tuple(wanted)


def _listed(labels: Sequence[int]) -> str:
    return ", ".join(str(label) for label in labels) or "none"


def masks_at(labels: Labels, wanted: Sequence[int], size_hw: tuple[int, int]) -> dict[int, Tensor]:
    """Return how much of each pixel is of a label, for a picture of another size.

    Labels that do not appear are left out; thin ones stay, as fractions.

    Returns:
        by label, (1, 1, H, W) in [0, 1].
    """
    height, width = size_hw
    masks = {}
    for label in wanted:
        inside = (labels == label).astype(np.float32)
        if inside.any():
            shares = cv2.resize(inside, (width, height), interpolation=cv2.INTER_AREA)
            masks[label] = torch.from_numpy(np.ascontiguousarray(shares))[None, None]
    return masks
