"""Pictures on disk to tensors and back."""

import logging
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.errors import DataError

log = logging.getLogger(__name__)

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}


def list_pictures(folder: Path) -> list[Path]:
    """Return the picture files of a folder and its subfolders, sorted.

    Raises:
        DataError: if it is no folder, or holds none.
    """
    if not folder.is_dir():
        raise DataError(f"no folder at {folder}: --content wants a folder of photographs")
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not files:
        raise DataError(f"no pictures in {folder} (looked for {', '.join(sorted(SUFFIXES))})")
    return files


def read_rgb(file: Path) -> NDArray[np.uint8]:
    """Read a picture as RGB, (H, W, 3) uint8.

    Raises:
        DataError: if it is missing or no picture.
    """
    # imdecode, for imread cannot open paths with other than ASCII letters on Windows.
    try:
        data = np.fromfile(file, dtype=np.uint8)
    except OSError as error:
        raise DataError(f"cannot read {file}: {error.strerror or error}") from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if image is None:
        raise DataError(f"{file} is no picture that can be read")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def resize_short_side(image: NDArray[np.uint8], short_side: int) -> NDArray[np.uint8]:
    """Resize (H, W, 3) so that its shorter side is `short_side` pixels."""
    scale = short_side / min(image.shape[:2])
    size_wh = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size_wh, interpolation=how), dtype=np.uint8)


def to_tensor(image: NDArray[np.uint8]) -> Tensor:
    """(H, W, 3) uint8 RGB -> (3, H, W) float in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float() / 255


def read_for_sheet(folder: Path, count: int, short_side: int) -> list[tuple[str, Tensor]]:
    """Return up to `count` pictures from all over a folder, their names and (1, 3, H, W) each.

    One that cannot be read is reported and skipped: a sheet is no reason to end a training.

    Raises:
        DataError: if it is no folder, or none of them can be read.
    """
    files = list_pictures(folder)
    chosen: list[tuple[str, Tensor]] = []
    for file in files[:: max(1, len(files) // count)]:
        if len(chosen) == count:
            break
        try:
            image = resize_short_side(read_rgb(file), short_side)
        except DataError as error:
            log.warning("skipped: %s", error)
            continue
        chosen.append((file.stem, to_tensor(image)[None]))
    if not chosen:
        raise DataError(f"none of the pictures for the sheets can be read, the last {files[-1]}")
    return chosen


def to_uint8(image: Tensor) -> NDArray[np.uint8]:
    """(3, H, W) float, clamped to [0, 1] -> (H, W, 3) uint8 RGB."""
    levels = image.detach().float().clamp(0, 1).mul(255).round().byte().cpu()
    return np.ascontiguousarray(levels.numpy().transpose(1, 2, 0))


def write_png(file: Path, image: NDArray[np.uint8]) -> None:
    """Write RGB (H, W, 3) as PNG, whole or not at all."""
    done, data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    if not done:
        raise DataError(f"cannot encode {file} as PNG")
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(file.name + ".part")
    part.write_bytes(data.tobytes())
    part.replace(file)


def contact_sheet(
    rows: Sequence[Sequence[NDArray[np.uint8]]], *, height: int = 240, gap: int = 6
) -> NDArray[np.uint8]:
    """Lay pictures out in rows of one height on white; pictures keep their proportions."""
    strips = []
    for row in rows:
        tiles = [cv2.resize(t, (max(1, t.shape[1] * height // t.shape[0]), height)) for t in row]
        padded = [cv2.copyMakeBorder(t, 0, gap, 0, gap, cv2.BORDER_CONSTANT, value=(255,) * 3) for t in tiles]
        strips.append(np.concatenate(padded, axis=1))
    width = max(strip.shape[1] for strip in strips)
    filled = [np.pad(s, ((0, 0), (0, width - s.shape[1]), (0, 0)), constant_values=255) for s in strips]
    return np.asarray(np.concatenate(filled, axis=0), dtype=np.uint8)
