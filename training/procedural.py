"""Textures from chance, as styles to practise on where paintings are few.

Each maker returns (side, side, 3) float64 in [0, 1], RGB, and depends on its generator alone.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float64]
# How many colours a texture has, at most.
_COLOURS = 6


def draw_texture(side: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Return a texture, (side, side, 3) uint8 RGB, of a kind, colours and size of its own."""
    maker = MAKERS[int(chance.integers(len(MAKERS)))]
    picture = maker(side, chance)
    if chance.random() < 0.5:  # brushes and paper are never smooth
        picture = picture + _noise(side, chance, chance.uniform(1, 8))[..., None] * chance.uniform(0, 0.25)
    if chance.random() < 0.3:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), chance.uniform(0.6, 3.0)), dtype=np.float64)
    return np.asarray((np.clip(picture, 0, 1) * 255).round(), dtype=np.uint8)


def strokes(side: int, chance: np.random.Generator) -> Picture:
    """Return brush strokes that follow a field of directions."""
    palette = _palette(chance)
    picture = np.full((side, side, 3), palette[0])
    field = _noise(side, chance, side / chance.uniform(1, 6)) * np.pi
    length, width = side * chance.uniform(0.03, 0.2), max(1, round(side * chance.uniform(0.006, 0.04)))
    for _ in range(int(chance.integers(300, 1200))):
        x, y = chance.uniform(0, side, 2)
        angle = field[min(side - 1, int(y)), min(side - 1, int(x))] + chance.normal(0, 0.2)
        step = 0.5 * length * chance.uniform(0.5, 1.5) * np.array([np.cos(angle), np.sin(angle)])
        begin, end = (np.array([x, y]) - step).astype(int), (np.array([x, y]) + step).astype(int)
        colour = np.clip(palette[chance.integers(len(palette))] + chance.normal(0, 0.05, 3), 0, 1)
        cv2.line(picture, tuple(begin.tolist()), tuple(end.tolist()), colour.tolist(), width, cv2.LINE_AA)
    return picture


def clouds(side: int, chance: np.random.Generator) -> Picture:
    """Return noise of several sizes, coloured along a palette, with edges or without."""
    total, size, share = np.zeros((side, side)), side / chance.uniform(1, 8), 1.0
    fade = chance.uniform(0.3, 0.9)
    while size > 1:
        total += share * _noise(side, chance, size)
        size, share = size / 2, share * fade
    return _colour_in(total, chance, hard=chance.random() < 0.5)


def cells(side: int, chance: np.random.Generator) -> Picture:
    """Return the cells of random points (Voronoi), as a mosaic or a stained window."""
    count = int(np.exp(chance.uniform(np.log(20), np.log(800))))
    points = chance.uniform(0, side, (count, 2))
    if chance.random() < 0.3:  # in rows
        pitch = side / max(2, round(count**0.5))
        points = (points // pitch + 0.5) * pitch + chance.normal(0, 0.08 * pitch, points.shape)
    seeds = np.full((side, side), 255, np.uint8)
    columns, rows = np.clip(points.astype(int), 0, side - 1).T
    seeds[rows, columns] = 0
    distance, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    palette = _palette(chance)
    colours = palette[chance.integers(len(palette), size=labels.max() + 1)]
    picture = np.clip(colours + chance.normal(0, 0.06, colours.shape), 0, 1)[labels]
    if chance.random() < 0.6:  # lead between the panes
        edge = (labels != np.roll(labels, 1, 0)) | (labels != np.roll(labels, 1, 1))
        times = int(chance.integers(1, 4))
        lead = cv2.dilate(edge.astype(np.uint8), np.ones((2, 2), np.uint8), iterations=times) > 0
        picture[lead] = palette[0] * chance.uniform(0, 1)
    elif chance.random() < 0.5:  # domes
        picture = picture * (1 - 0.6 * distance / distance.max())[..., None]
    return np.asarray(picture, dtype=np.float64)


def stripes(side: int, chance: np.random.Generator) -> Picture:
    """Return stripes, checks or waves, straight or bent."""
    rows, columns = np.mgrid[:side, :side].astype(np.float64)
    bend = _noise(side, chance, side / chance.uniform(1, 5)) * side * chance.choice([0, 0.05, 0.2])
    angle, period = chance.uniform(0, np.pi), side * np.exp(chance.uniform(np.log(0.015), np.log(0.25)))
    across = np.cos(angle) * columns + np.sin(angle) * rows + bend
    wave = np.sin(2 * np.pi * across / period)
    if chance.random() < 0.4:
        along = np.cos(angle) * rows - np.sin(angle) * columns + bend
        wave = wave * np.sin(2 * np.pi * along / (period * chance.uniform(0.5, 2)))
    return _colour_in(wave + 0.1 * chance.normal(size=wave.shape), chance, hard=chance.random() < 0.6)


def dots(side: int, chance: np.random.Generator) -> Picture:
    """Return dots of many colours, as the pointillists set them."""
    palette = _palette(chance)
    picture = np.full((side, side, 3), palette[0])
    radius = side * np.exp(chance.uniform(np.log(0.006), np.log(0.06)))
    count = int(min(6000, chance.uniform(0.3, 1.5) * (side / radius) ** 2 / 2))
    places = chance.uniform(0, side, (count, 2)).astype(int)
    for x, y in places.tolist():
        colour = np.clip(palette[chance.integers(len(palette))] + chance.normal(0, 0.06, 3), 0, 1)
        size = max(1, round(radius * chance.uniform(0.6, 1.3)))
        cv2.circle(picture, (x, y), size, colour.tolist(), -1, cv2.LINE_AA)
    return picture


def hatching(side: int, chance: np.random.Generator) -> Picture:
    """Return an engraver's lines, denser where it is darker, on paper."""
    paper, ink = chance.uniform(0.7, 1.0, 3), chance.uniform(0.0, 0.35, 3)
    shade = _noise(side, chance, side / chance.uniform(1, 4))  # -1 to 1 or so
    rows, columns = np.mgrid[:side, :side].astype(np.float64)
    period = side * chance.uniform(0.012, 0.05)
    picture = np.ones((side, side, 1))
    for layer in range(int(chance.integers(1, 4))):
        angle = chance.uniform(0, np.pi)
        line = np.cos(2 * np.pi * (np.cos(angle) * columns + np.sin(angle) * rows + 6 * shade) / period)
        picture = np.minimum(picture, 1 / (1 + np.exp(8 * (line - 0.5 - shade + 0.4 * layer)))[..., None])
    return ink + (paper - ink) * picture


Maker = Callable[[int, np.random.Generator], Picture]
MAKERS: tuple[Maker, ...] = (strokes, clouds, cells, stripes, dots, hatching)


def _palette(chance: np.random.Generator) -> Picture:
    """Return two to six colours, (K, 3) in [0, 1]: of one family, or of all."""
    count = int(chance.integers(2, _COLOURS + 1))
    spread = chance.choice([0.05, 0.15, 0.5])
    hue = (chance.random() + chance.uniform(-spread, spread, count)) % 1.0
    strength, light = chance.uniform(0, 1, count) ** chance.choice([0.5, 1, 2]), chance.uniform(0, 1, count)
    hsv = np.stack([360 * hue, strength, light], axis=1).astype(np.float32)[None]
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0], dtype=np.float64)


def _noise(side: int, chance: np.random.Generator, size: float) -> Picture:
    """Return smooth noise, (side, side), of deviation about 0.5, whose spots are `size` pixels wide."""
    cells_across = max(2, int(np.ceil(side / size)) + 3)
    coarse = chance.normal(0, 0.6, (cells_across, cells_across))
    smooth = cv2.resize(coarse, (side + 2 * int(size), side + 2 * int(size)), interpolation=cv2.INTER_CUBIC)
    return np.asarray(smooth[int(size) : int(size) + side, int(size) : int(size) + side])


def _colour_in(values: Picture, chance: np.random.Generator, *, hard: bool) -> Picture:
    """Lay values, (H, W), along a palette: in bands with edges, or with colours that run into each other."""
    palette = _palette(chance)
    low, high = np.quantile(values, [0.02, 0.98])
    place = np.clip((values - low) / max(high - low, 1e-9), 0, 1) * (len(palette) - 1)
    if hard:
        return np.asarray(palette[place.round().astype(int)])
    first = np.minimum(place.astype(int), len(palette) - 2)
    share = (place - first)[..., None]
    return np.asarray(palette[first] * (1 - share) + palette[first + 1] * share)
