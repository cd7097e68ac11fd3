"""What the person network practises on: pairs turned, cut, relit and pasted before other rooms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.people import Pair, Picture, pick

Floats = NDArray[Any]  # float32
_NOBODY, _PASTED = 0.08, 0.45  # shares of the samples; the rest are pictures as they are
_SECOND = 0.3  # of the pasted ones have two people
_UNSURE = 0.5  # of the pictures as they are, where there are such


@dataclass(frozen=True)
class Practice:
    """Makes samples; the same seed and number make the same one.

    pairs, backgrounds: to draw from.
    unsure: pairs whose masks are a guess: shown as they are, never cut out.
    """

    pairs: Sequence[Pair]
    backgrounds: Sequence[Picture]
    seed: int
    unsure: Sequence[Pair] = ()

    def sample(self, number: int, hw: tuple[int, int]) -> tuple[Floats, Floats]:
        """Return a picture, (H, W, 3) in [0, 1], and its mask, (H, W) in [0, 1]."""
        rng = np.random.default_rng((self.seed, number))
        draw = rng.random()
        if self.backgrounds and draw < _NOBODY + _PASTED:
            image = self._background(rng, hw)
            mask = np.zeros(hw, np.float32)
            people = 0 if draw < _NOBODY else 1 + int(rng.random() < _SECOND)
            for _ in range(people):
                image, mask = _paste(rng, pick(rng, self.pairs), image, mask)
        else:
            guessed = bool(self.unsure) and rng.random() < _UNSURE
            image, mask = _cut(rng, pick(rng, self.unsure if guessed else self.pairs), hw)
        return _relight(rng, image), mask

    def _background(self, rng: np.random.Generator, hw: tuple[int, int]) -> Floats:
        picture = self.backgrounds[int(rng.integers(len(self.backgrounds)))]
        matrix = _cover(rng, picture.shape[:2], hw, zoom=float(rng.uniform(1.0, 2.0)))
        return _warp(picture, matrix, hw, cv2.BORDER_REFLECT_101)


def _cut(rng: np.random.Generator, pair: Pair, hw: tuple[int, int]) -> tuple[Floats, Floats]:
    """Cut out of a pair: nearly all of it, or as close as a webcam sees."""
    zoom = float(np.exp(rng.normal(0.1, 0.25)))
    matrix = _cover(rng, pair.image.shape[:2], hw, zoom=zoom, squeeze=rng.random() < 0.5)
    border = cv2.BORDER_REFLECT_101
    return _warp(pair.image, matrix, hw, border), _warp(pair.mask, matrix, hw, border)


def _paste(rng: np.random.Generator, pair: Pair, image: Floats, mask: Floats) -> tuple[Floats, Floats]:
    """Lay the person of a pair over a picture, lit a little as the picture is."""
    hw = image.shape[0], image.shape[1]
    rows, columns = np.nonzero(pair.mask > 127)
    if rows.size < 200:
        return image, mask
    top, left = float(rows.min()), float(columns.mean())
    # From a whole figure far off to a head and shoulders whose chest the frame cuts.
    scale = hw[0] * float(rng.uniform(0.45, 1.7)) / max(30.0, float(np.ptp(rows)))
    angle = float(np.radians(rng.normal(0, 7)))
    flip = -1.0 if rng.random() < 0.5 else 1.0
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[flip * cos, -sin], [flip * sin, cos]])
    goal = np.array([hw[1] * rng.uniform(0.1, 0.9), hw[0] * rng.uniform(-0.05, 0.4)])
    matrix = np.column_stack((linear, goal - linear @ np.array([left, top])))
    person = _warp(pair.image, matrix, hw, cv2.BORDER_CONSTANT)
    alpha = _warp(pair.mask, matrix, hw, cv2.BORDER_CONSTANT)
    soft = cv2.GaussianBlur(alpha, (0, 0), float(rng.uniform(0.3, 1.0)))
    inside = alpha > 0.5
    if inside.sum() > 50:
        share = float(rng.uniform(0, 0.5))
        mean, deviation = person[inside].mean(0), person[inside].std(0) + 0.05
        there, spread = image.mean((0, 1)), image.std((0, 1)) + 0.05
        gain = (1 - share) + share * np.clip(spread / deviation, 0.6, 1.6)
        person = (person - mean) * gain + mean + share * (there - mean)
    layer = soft[..., None]
    pasted = np.clip(image * (1 - layer) + person * layer, 0, 1)
    return pasted.astype(np.float32), np.maximum(mask, alpha)


def _relight(rng: np.random.Generator, image: Floats) -> Floats:
    """Change light and colour, and spoil the picture as cameras do."""
    if rng.random() < 0.8:
        image = image ** float(np.exp(rng.normal(0, 0.25)))
        image = (image - 0.5) * float(rng.uniform(0.7, 1.25)) + 0.5 + rng.normal(0, 0.06)
        image = image * np.exp(rng.normal(0, 0.07, 3))
    if rng.random() < 0.1:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    if rng.random() < 0.25:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.4, 1.4)))
    if rng.random() < 0.4:
        image = image + rng.normal(0, rng.uniform(0.005, 0.05), image.shape)
    image = np.clip(image, 0, 1)
    if rng.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))]
        levels = cv2.imencode(".jpg", (image * 255).astype(np.uint8), quality)[1]
        image = np.asarray(cv2.imdecode(levels, cv2.IMREAD_COLOR)) / 255.0
    return np.asarray(image, dtype=np.float32)


def _cover(
    rng: np.random.Generator,
    from_hw: tuple[int, ...],
    to_hw: tuple[int, int],
    *,
    zoom: float,
    squeeze: bool = False,
) -> Floats:
    """Return an affine map, (2, 3), under which a picture fills another, turned and moved a little."""
    scales = np.array([to_hw[1] / from_hw[1], to_hw[0] / from_hw[0]])
    if not squeeze:  # keeps the proportions; with it both sides fit
        scales[:] = scales.max()
    scales = scales * zoom * np.exp(rng.normal(0, 0.06, 2))
    angle = np.radians(rng.normal(0, 6))
    flip = -1.0 if rng.random() < 0.5 else 1.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([flip * scales[0], scales[1]])
    slack = np.maximum(0.06, np.abs(scales) * from_hw[1::-1] / np.array(to_hw[::-1]) - 1)
    shift = rng.uniform(-0.5, 0.5, 2) * slack * np.array(to_hw[::-1])
    middle = np.array(from_hw[1::-1]) / 2
    offset = np.array(to_hw[::-1]) / 2 + shift - linear @ middle
    return np.column_stack((linear, offset)).astype(np.float32)


def _warp(picture: Picture, matrix: NDArray[np.floating], hw: tuple[int, int], border: int) -> Floats:
    """Move uint8 pixels; where the picture shrinks much, it is halved first, against aliasing."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2].astype(np.float64)))))
    if scale < 0.6:
        half = (picture.shape[1] // 2, picture.shape[0] // 2)
        picture = np.asarray(cv2.resize(picture, half, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        matrix = np.column_stack((matrix[:, :2] * 2, matrix[:, 2]))
    moved = cv2.warpAffine(picture, matrix, (hw[1], hw[0]), flags=cv2.INTER_LINEAR, borderMode=border)
    return moved.astype(np.float32) / 255
