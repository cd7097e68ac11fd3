"""Style pictures for training a meta network: paintings varied in many ways, and textures from chance."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from training.errors import DataError
from training.images import list_pictures, read_rgb, to_tensor
from training.procedural import draw_texture

log = logging.getLogger(__name__)

# Most that is cut off a painting, as the side of what is left.
_SMALLEST_CROP = 0.5
# Most that width and height are drawn apart.
_STRETCH = 0.15
# A file that cannot be read is replaced by another one; so many in a row are no accident.
_TRIES = 20


@dataclass(frozen=True)
class StyleMix:
    """What share of the styles is what; the rest are paintings.

    Args:
        textures: from chance, see `training.procedural`.
        photographs: of the content folder: how a meta network learns to leave a picture as it is.
    """

    textures: float = 0.1
    photographs: float = 0.05


class StylePictures(Dataset[tuple[Tensor, str]]):
    """An endless, numbered row of style pictures: (3, size, size) float RGB in [0, 1], and their names.

    Picture number i is the same in every run with the same seed and files, as in `ContentCrops`.

    Args:
        folders: of paintings; each gives as many as the others, however many it has.
        photographs: a folder, for `mix.photographs`.
        vary: how much colours and light are varied: 0 not at all, 1 much.
    Raises:
        DataError: if a folder has no pictures.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        size: int,
        *,
        photographs: Path | None = None,
        mix: StyleMix = StyleMix(),
        seed: int = 0,
        vary: float = 1.0,
    ) -> None:
        for folder in folders:
            if not folder.is_dir():
                raise DataError(f"no folder at {folder}: --styles wants a folder of paintings")
        self.folders = [list_pictures(folder) for folder in folders]
        self.photographs = list_pictures(photographs) if photographs is not None else []
        self.size, self.mix, self.seed, self.vary = size, mix, seed, vary

    def __len__(self) -> int:
        """Return a length beyond any training: the row has no end of its own."""
        return 2**31

    def __getitem__(self, number: int) -> tuple[Tensor, str]:
        """Return style `number` and its name.

        Raises:
            DataError: if file after file cannot be read.
        """
        chance = np.random.default_rng([self.seed, 2, number])
        kind = chance.random()
        if kind < self.mix.textures:
            return to_tensor(draw_texture(self.size, chance)), f"texture {number}"
        image, name = self._painting(chance, photograph=kind > 1 - self.mix.photographs)
        image = crop_style(image, self.size, chance)
        return to_tensor(vary_colours(image, chance, self.vary)), name

    def _painting(self, chance: np.random.Generator, *, photograph: bool) -> tuple[NDArray[np.uint8], str]:
        for _ in range(_TRIES):
            folder = int(chance.integers(len(self.folders)))
            files = self.photographs if photograph and self.photographs else self.folders[folder]
            file = files[int(chance.integers(len(files)))]
            try:
                return read_rgb(file), file.stem
            except DataError as error:
                log.warning("skipped: %s", error)
        raise DataError(f"{_TRIES} style pictures in a row could not be read, the last {file}")


def crop_style(image: NDArray[np.uint8], size: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Cut a nearly square piece out, half of the picture to all of it, turn or mirror it, and resize it.

    (H, W, 3) uint8 RGB -> (size, size, 3).
    """
    height, width = image.shape[:2]
    short = min(height, width)
    side = short * (1 - (1 - _SMALLEST_CROP) * chance.random() ** 2)  # mostly nearly all of it
    stretch = np.exp(chance.uniform(-_STRETCH, _STRETCH))
    crop_height, crop_width = (max(8, min(short, round(side * part))) for part in (stretch, 1 / stretch))
    top = int(chance.integers(0, height - crop_height + 1)) if height > crop_height else 0
    left = int(chance.integers(0, width - crop_width + 1)) if width > crop_width else 0
    crop = image[top : top + crop_height, left : left + crop_width]
    crop = crop[:, ::-1] if chance.random() < 0.5 else crop
    crop = np.rot90(crop, int(chance.integers(1, 4))) if chance.random() < 0.2 else crop
    how = cv2.INTER_AREA if min(crop.shape[:2]) > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(crop), (size, size), interpolation=how), dtype=np.uint8)


def vary_colours(
    image: NDArray[np.uint8], chance: np.random.Generator, amount: float = 1.0
) -> NDArray[np.uint8]:
    """Turn hues, and change saturation, contrast and light; a third of the pictures stay as they are.

    (H, W, 3) uint8 RGB -> the same. A colour is y + c, its grey and what makes it coloured: hues are turned
    by turning c about the grey axis, so that light and dark stay where they are.
    """
    if amount == 0 or chance.random() < 1 / 3:
        return image
    levels = image.astype(np.float32) / 255
    grey = levels.mean(axis=2, keepdims=True)
    colour = levels - grey
    if chance.random() < 0.6:
        colour = colour @ _turn_about_grey(amount * chance.uniform(-np.pi, np.pi)).T
    strength = float(np.exp(amount * chance.uniform(-0.8, 0.6))) * (chance.random() > 0.05 * amount)
    gain, gamma = np.exp(amount * chance.uniform(-0.5, 0.5, 2)).tolist()
    middle = grey.mean()
    grey = np.clip((grey - middle) * gain + middle, 0, 1) ** gamma
    if chance.random() < 0.05 * amount:
        grey = 1 - grey
    return np.asarray((np.clip(grey + strength * colour, 0, 1) * 255).round(), dtype=np.uint8)


def _turn_about_grey(angle: float) -> NDArray[np.float32]:
    """Return the rotation by `angle` about the axis (1, 1, 1), (3, 3): Rodrigues' formula."""
    matrix, _ = cv2.Rodrigues(np.full(3, angle / 3**0.5))
    return np.asarray(matrix, dtype=np.float32)
