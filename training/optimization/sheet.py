"""A sheet of pictures with headings, drawn so that every picture keeps its own pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.errors import OptionError

Picture = NDArray[np.uint8]
_GAP = 6
_LABEL_WIDTH = 150
_TITLE_HEIGHT, _HEADING_HEIGHT = 44, 24
_DPI = 100
_SMALLER = (9, 8, 7, 6, 5)  # points, of a heading that is too wide at 10
_MISSING = 236  # grey of a cell that is not painted yet


@dataclass(frozen=True)
class Row:
    """A label and its pictures, (H, W, 3) uint8 RGB; None leaves a grey place."""

    label: str
    pictures: tuple[Picture | None, ...]


@dataclass(frozen=True)
class Block:
    """A title, a heading for each column, and rows as long."""

    title: str
    headings: tuple[str, ...]
    rows: list[Row]


def check_lettering() -> None:
    """Refuse to start on a sheet that could not be lettered.

    Raises:
        OptionError: if matplotlib is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise OptionError('--compare needs matplotlib: pip install "livebrush[train]"') from error


def draw_sheet(blocks: Sequence[Block], *, cell_width: int = 256) -> Picture:
    """Lay blocks out below each other on white. Pictures are fitted into cells of one size.

    Args:
        cell_width: pixels; the height follows from the first picture of the first block.
    Returns:
        (H, W, 3) uint8 RGB.
    """
    first = next(
        picture for block in blocks for row in block.rows for picture in row.pictures if picture is not None
    )
    cell_hw = (round(cell_width * first.shape[0] / first.shape[1]), cell_width)
    columns = max(len(block.headings) for block in blocks)
    width = _LABEL_WIDTH + columns * (cell_width + _GAP)
    height = sum(_TITLE_HEIGHT + _HEADING_HEIGHT + len(b.rows) * (cell_hw[0] + _GAP) for b in blocks) + _GAP
    canvas = np.full((height, width, 3), 255, dtype=np.uint8)
    words: list[tuple[int, int, str, str]] = []  # x, y, alignment, text
    top = 0
    for block in blocks:
        words.append((_GAP, top + 28, "title", block.title))
        top += _TITLE_HEIGHT + _HEADING_HEIGHT
        for column, heading in enumerate(block.headings):
            left = _LABEL_WIDTH + column * (cell_width + _GAP)
            words.append((left + cell_width // 2, top - 8, "center", heading))
        for row in block.rows:
            words.append((_LABEL_WIDTH - 8, top + cell_hw[0] // 2, "right", row.label))
            for column, picture in enumerate(row.pictures):
                left = _LABEL_WIDTH + column * (cell_width + _GAP)
                place = canvas[top : top + cell_hw[0], left : left + cell_width]
                if picture is not None:
                    _fit(place, picture)
                elif column > 0:
                    place[:] = _MISSING
            top += cell_hw[0] + _GAP
    return _letter(canvas, words, cell_width)


def _fit(place: Picture, picture: Picture) -> None:
    """Shrink or enlarge the picture into its place, in the middle, with its proportions."""
    height, width = place.shape[:2]
    scale = min(height / picture.shape[0], width / picture.shape[1])
    size_wh = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    fitted = cv2.resize(picture, size_wh, interpolation=how) if scale != 1 else picture
    top, left = (height - fitted.shape[0]) // 2, (width - fitted.shape[1]) // 2
    place[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted


def _letter(canvas: Picture, words: Sequence[tuple[int, int, str, str]], cell_width: int) -> Picture:
    """Write the words; a heading that is wider than its cell in smaller letters, clear of its neighbours."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height, width = canvas.shape[:2]
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
    figure.figimage(canvas, origin="upper")
    drawing: Any = FigureCanvasAgg(figure)
    for x, y, kind, text in words:
        written = figure.text(
            x / width,
            1 - y / height,
            text,
            ha="left" if kind == "title" else kind,
            va="center" if kind == "right" else "baseline",
            fontsize=13 if kind == "title" else 10,
            fontweight="bold" if kind == "title" else "normal",
        )
        # Step by step: hinted letters do not shrink in proportion.
        for size in _SMALLER if kind == "center" else ():
            if written.get_window_extent(drawing.get_renderer()).width <= cell_width:
                break
            written.set_fontsize(size)
    drawing.draw()
    return np.ascontiguousarray(np.asarray(drawing.buffer_rgba())[..., :3])
