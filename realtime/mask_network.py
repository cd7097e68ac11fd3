"""A mask from a network: ours of persons, or any that `python -m export` made.

The file says of itself, in its metadata, which labels it has and which size it was trained at.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.errors import LivebrushError, MaskError
from realtime.frame import Frame
from realtime.mask import Alpha
from realtime.mask_steady import WARM_UP_FRAMES, Held, steady_alpha
from realtime.onnx_metadata import read_metadata
from realtime.preprocess import resize
from realtime.shipped_hashes import check_shipped
from realtime.small_graph import open_graph

METADATA_KEY = "livebrush.mask"
INPUT_NAME = "image"
_NO_CONTRACT = (
    "{file} does not say what its outputs are; make one that does: python -m export person.pt --to onnx, "
    "or python -m export segmentation"
)


@dataclass(frozen=True)
class MaskContract:
    """What a mask network says of itself.

    Args:
        labels: of its planes, in order.
        area: pixels that it was trained at.
        multiple: of which both sides are.
    """

    labels: tuple[str, ...]
    area: int
    multiple: int

    @classmethod
    def read(cls, file: Path) -> MaskContract:
        """Read it from an ONNX file.

        Raises:
            MaskError: if the file is missing, damaged, or says nothing of its outputs.
        """
        try:
            text = read_metadata(file).get(METADATA_KEY)
        except LivebrushError as error:
            raise MaskError(f"--mask {file}: {error}") from error
        if text is None:
            raise MaskError(_NO_CONTRACT.format(file=file))
        try:
            plain = json.loads(text)
            labels = tuple(str(label) for label in plain["labels"])
            found = cls(labels, int(plain["area"]), int(plain["multiple"]))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise MaskError(f"{file}: what it says of its labels cannot be read ({error})") from error
        if not labels or not 1 <= found.multiple <= 1024 or not 1024 <= found.area <= 1 << 24:
            raise MaskError(f"{file}: what it says of its labels and sizes makes no sense")
        return found

    def size_for(self, frame_wh: tuple[int, int]) -> tuple[int, int]:
        """Return the width and height to look at a frame with: its shape, about the area trained at."""
        scale = (self.area / (frame_wh[0] * frame_wh[1])) ** 0.5
        width, height = (max(1, round(side * scale / self.multiple)) * self.multiple for side in frame_wh)
        return max(width, 2 * self.multiple), max(height, 2 * self.multiple)

    def planes(self, wanted: Sequence[str], file: Path) -> list[int]:
        """Return which planes have the wanted labels; of a network with one label that one.

        Raises:
            MaskError: naming the labels there are.
        """
        known = ", ".join(self.labels)
        if not wanted:
            if len(self.labels) == 1:
                return [0]
            raise MaskError(f"{file} knows {known}; say which, such as {file}:{self.labels[-1]}")
        missing = [label for label in wanted if label not in self.labels]
        if missing:
            raise MaskError(f"{file} does not know {', '.join(missing)}; it knows {known}")
        return [self.labels.index(label) for label in wanted]


class NetworkMask:
    """The labels of a network, steady from frame to frame; see `realtime.mask.MaskSource`.

    Args:
        file: the network, ONNX.
        labels: that are meant; may be left out where there is one only.
    Raises:
        MaskError: if it is no mask network, or does not know a label.
        EngineError: if no engine can run it.
    """

    rough = True
    warm_up = WARM_UP_FRAMES
    notice: str | None = None

    def __init__(self, file: Path, labels: Sequence[str] = ()) -> None:
        self._contract = MaskContract.read(file)
        self._planes = self._contract.planes(labels, file)
        self._file = file
        check_shipped(file)
        self._run = open_graph(file.read_bytes())
        self._held: Held | None = None

    def alpha(self, frame: Frame) -> Alpha:
        """Return the alpha of one frame, at the network's own size."""
        image = np.ascontiguousarray(resize(frame.image, self._contract.size_for(frame.size_wh)))
        found = self._run({INPUT_NAME: image[None]})[0]
        if found.ndim != 4 or found.shape[1] != len(self._contract.labels):
            shape = "x".join(map(str, found.shape))
            raise MaskError(f"{self._file} gives {shape} numbers, not a plane for each of its labels")
        plane = cast("NDArray[np.float32]", found[0, self._planes].sum(axis=0))
        # What is no number is outside, rather than a flash.
        alpha = np.rint(np.nan_to_num(plane, nan=0, posinf=1, neginf=0).clip(0, 1) * 255).astype(np.uint8)
        grey = cast("NDArray[np.uint8]", cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
        if alpha.shape != grey.shape:
            grey = cast("NDArray[np.uint8]", cv2.resize(grey, alpha.shape[::-1]))
        settled, self._held = steady_alpha(self._held, grey, alpha)
        return settled

    def forget(self) -> None:
        """Take the next frame for the first."""
        self._held = None

    def close(self) -> None:
        """Forget the frame before."""
        self._held = None
