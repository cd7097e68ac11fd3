"""Photographs for training, as random crops that depend on nothing but the seed and their number."""

import logging
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from training.errors import DataError
from training.images import list_pictures, read_rgb, to_tensor

log = logging.getLogger(__name__)

# A crop whose levels, of 255, deviate by less is one flat colour. Every instance norm would divide its
# nothing by nothing, and gradients grow a hundredfold in each.
_FLAT = 2.0


class ContentCrops(Dataset[Tensor]):
    """An endless, numbered row of crops: (3, crop, crop) float RGB in [0, 1].

    Crop number i is the same in every run with the same seed and the same files: a training that was
    killed goes on with the pictures that it would have seen. Files that cannot be read are reported
    once, and the next file takes their place; so it does where a crop is one flat colour.
    """

    def __init__(
        self, folder: Path, crop_size: int, *, seed: int = 0, light_jitter: float = 0.0, zoom: float = 1.0
    ) -> None:
        self.files = list_pictures(folder)
        self.crop_size = crop_size
        self.seed = seed
        self.light_jitter = light_jitter
        self.zoom = zoom
        self.bad_files: set[Path] = set()

    def __len__(self) -> int:
        """Return a length beyond any training: the row has no end of its own."""
        return 2**31

    def __getitem__(self, number: int) -> Tensor:
        """Return crop `number`.

        Raises:
            DataError: if no file can be read.
        """
        epoch, place = divmod(number, len(self.files))
        order = np.random.default_rng([self.seed, 0, epoch]).permutation(len(self.files))
        chance = np.random.default_rng([self.seed, 1, number])
        for step in range(len(self.files)):
            image = self._read(self.files[order[(place + step) % len(self.files)]])
            crop = None if image is None else self._crop(image, chance)
            if crop is not None and crop.std() >= _FLAT:
                return to_tensor(crop)
        raise DataError(f"none of the {len(self.files)} pictures can be read and shows more than one colour")

    def _read(self, file: Path) -> NDArray[np.uint8] | None:
        if file in self.bad_files:
            return None
        try:
            return read_rgb(file)
        except DataError as error:
            self.bad_files.add(file)
            log.warning("skipped: %s", error)
            return None

    def _crop(self, image: NDArray[np.uint8], chance: np.random.Generator) -> NDArray[np.uint8]:
        height, width = image.shape[:2]
        short = min(height, width)
        # From the pixels as they are (or soft ones, with a zoom) to the whole short side: faces near and far.
        nearest = max(8, round(self.crop_size / self.zoom))
        side = int(chance.integers(min(nearest, short), short + 1))
        top, left = int(chance.integers(0, height - side + 1)), int(chance.integers(0, width - side + 1))
        crop = image[top : top + side, left : left + side]
        how = cv2.INTER_AREA if side > self.crop_size else cv2.INTER_CUBIC
        size_wh = (self.crop_size, self.crop_size)
        crop = np.asarray(cv2.resize(crop, size_wh, interpolation=how), dtype=np.uint8)
        if chance.random() < 0.5:
            crop = crop[:, ::-1]
        if self.light_jitter:
            # Dim rooms and bright windows: a camera's exposure is not a photographer's.
            gain, gamma = np.exp(chance.uniform(-1, 1, 2) * self.light_jitter)
            levels = 255 * np.clip(gain * (crop / 255.0) ** gamma, 0, 1)
            return np.asarray(levels.round(), dtype=np.uint8)
        return crop
