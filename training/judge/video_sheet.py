"""The video judge's picture: what moved, what counted, and where the paintings flicker."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.errors import OptionError
from training.judge.steadiness import Measured, Motion, error_picture

Image = NDArray[np.uint8]

_MOMENTS = 3
_MOST_KEPT = 12
# Differences from here on are drawn alike, on a scale of 1.
_BRIGHTEST = 0.25
_OCCLUDED, _BOUNDARY = (220, 40, 40), (60, 110, 255)


@dataclass(frozen=True, eq=False)
class Pair:
    """One pair of frames of every clip, the input's first, as `training.judge.comparison` measured it."""

    frame: int
    motion: Motion
    images: Mapping[str, Image]
    previous: Mapping[str, Image]


@dataclass(frozen=True, eq=False)
class Moment:
    """One pair of frames as the sheet shows it."""

    frame: int
    flow_px: float
    flow: Image
    counted: Image
    pictures: dict[str, Image]
    errors: dict[str, NDArray[np.float32]]

    @classmethod
    def of(cls, pair: Pair) -> "Moment":
        """Draw a pair."""
        motion, images = pair.motion, pair.images
        flow = motion.flow[0].permute(1, 2, 0).numpy()  # (H, W, 2)
        return cls(
            pair.frame,
            float(np.hypot(flow[..., 0], flow[..., 1]).max()),
            draw_flow(flow),
            _draw_counted(next(iter(images.values())), motion),
            dict(images),
            {name: error_picture(motion, image, pair.previous[name]) for name, image in images.items()},
        )


class Moments:
    """Keeps a few pairs from all over a clip of any length, which need not be known before its end.

    Every pair is kept at first, then every second, fourth and so on: when too many are, each other one goes.
    """

    def __init__(self) -> None:
        self._every = 1
        self._seen = 0
        self._kept: list[Pair] = []

    def add(self, pair: Pair) -> None:
        """Keep the next measured pair if it is time for one."""
        if self._seen % self._every == 0:
            self._kept.append(pair)
        self._seen += 1
        if len(self._kept) > _MOST_KEPT:
            self._kept, self._every = self._kept[::2], 2 * self._every

    def chosen(self) -> list[Moment]:
        """Return what the sheet shows: of what was kept, the middle of each third."""
        count = len(self._kept)
        places = {count * (2 * n + 1) // (2 * _MOMENTS) for n in range(_MOMENTS)} if count else set()
        return [Moment.of(self._kept[place]) for place in sorted(places)]


def require_matplotlib() -> None:
    """Raise OptionError if the sheet cannot be drawn here."""
    if importlib.util.find_spec("matplotlib") is None:
        raise OptionError('--sheet needs matplotlib: pip install "livebrush[train]"')


def draw_flow(flow: NDArray[np.float32]) -> Image:
    """Colour a flow, (H, W, 2), by direction (hue) and length (saturation, full at the longest)."""
    x, y = flow[..., 0].astype(np.float32), flow[..., 1].astype(np.float32)
    length, angle = cv2.cartToPolar(x, y, angleInDegrees=True)
    hue = angle / 2  # OpenCV's hue ends at 180
    saturation = 255 * length / max(1.0, float(length.max()))
    hsv = np.stack([hue, saturation, np.full_like(hue, 255)], axis=2)
    return np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB), dtype=np.uint8)


def draw_wheel(side: int = 96) -> Image:
    """Draw the colours that `draw_flow` gives to motion in every direction, white outside."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].astype(np.float32)
    wheel = draw_flow(np.stack([x, y], axis=2))
    wheel[np.hypot(x, y) > 1] = 255
    return wheel


def write_video_sheet(
    file: Path, moments: Moments, measured: Measured, labels: Mapping[str, str], *, title: str
) -> None:
    """Write the sheet as PNG: the moments, two rows each, over the curve of E_warp."""
    from matplotlib.figure import Figure

    shown = moments.chosen()
    height, width = shown[0].flow.shape[:2] if shown else (9, 16)
    columns, cell = 4, 4.0
    row = cell * height / width + 0.3
    figure = Figure(figsize=(columns * cell, 2 * len(shown) * row + 3.2), layout="constrained")
    grid = figure.add_gridspec(2 * len(shown) + 1, columns, height_ratios=[*[row] * 2 * len(shown), 3.0])
    figure.suptitle(title)
    for number, moment in enumerate(shown):
        _draw_moment(figure, grid, 2 * number, moment, labels)
    _draw_curve(figure.add_subplot(grid[-1, :]), measured, labels)
    figure.savefig(file, dpi=80)


def _draw_moment(figure: Any, grid: Any, row: int, moment: Moment, labels: Mapping[str, str]) -> None:
    names = list(moment.pictures)
    cells: list[tuple[Image | NDArray[np.float32], str]] = [
        (moment.pictures[names[0]], f"frame {moment.frame}"),
        (moment.flow, f"motion, up to {moment.flow_px:.1f} px"),
        (moment.counted, "left out: red hidden, blue edge of motion"),
        (moment.errors[names[0]], f"{labels[names[0]]}: differs (white 0, black {_BRIGHTEST}+)"),
    ]
    for name in names[1:]:
        cells += [(moment.pictures[name], labels[name]), (moment.errors[name], f"{labels[name]}: differs")]
    for place, (picture, what) in enumerate(cells):
        axes = figure.add_subplot(grid[row + place // 4, place % 4])
        axes.set_axis_off()
        axes.set_title(what, fontsize=9)
        if picture.ndim == 2:
            axes.imshow(picture, cmap=_heat(), vmin=0, vmax=_BRIGHTEST, interpolation="nearest")
        else:
            axes.imshow(picture, interpolation="nearest")
        if picture is moment.flow:
            wheel = axes.inset_axes((0.86, 0.02, 0.12, 0.22))
            wheel.imshow(draw_wheel())
            wheel.set_axis_off()


def _heat() -> Any:
    from matplotlib import colormaps

    return colormaps["magma_r"].with_extremes(bad=(0.75, 0.8, 0.85))  # what does not count


def _draw_curve(axes: Any, measured: Measured, labels: Mapping[str, str]) -> None:
    for name, values in measured.errors.items():
        style = ":" if name == measured.clips[-1] and len(measured.clips) > 2 else "-"
        axes.plot(measured.frames, values, style, label=labels[name])
    for number in measured.left_out:
        axes.axvline(number, color="0.6", linewidth=0.8, linestyle="--")
    axes.set(xlabel="frame (dashed: left out)", ylabel="E_warp", yscale="log")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)


def _draw_counted(image: Image, motion: Motion) -> Image:
    grey = np.asarray(image.mean(axis=2, keepdims=True).repeat(3, axis=2), dtype=np.float32)
    drawn = 0.6 * grey + 0.4 * 255
    for mask, colour in ((motion.boundaries, _BOUNDARY), (motion.occluded, _OCCLUDED)):
        drawn[mask[0, 0].numpy()] = colour
    return drawn.astype(np.uint8)
