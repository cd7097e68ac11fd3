"""The picture sheet: one scene painted in every style, with its credits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.catalog import StyleEntry
from realtime.engine import EngineOptions, open_engine
from realtime.errors import OptionError, SinkError, SourceError
from realtime.lettering import draw_text, text_width
from realtime.preprocess import network_size, resize
from realtime.sources import open_source
from realtime.style_texture import paint_noise

Image = NDArray[np.uint8]

CELL_WH = (640, 360)
SCENE_FRAME = 45  # of the demo scene: by then everything in it has begun to move
_CAPTION_PX, _MARGIN_PX, _TITLE_PX, _CREDITS_PX = 64, 16, 24, 17
_SWATCH_WH = (96, 48)  # of a style's texture, beside its credits
_PAPER, _INK, _FAINT = 250, (40, 40, 40), (110, 110, 110)


def write_style_sheet(
    path: Path,
    styles: Sequence[StyleEntry],
    *,
    picture_bgr: Image | None = None,
    options: EngineOptions | None = None,
) -> None:
    """Paint a picture in every style and write the sheet as PNG.

    Args:
        path: of the PNG; its folder must exist.
        styles: in this order, after the picture itself.
        picture_bgr: (H, W, 3) uint8 BGR; None for a moment of the demo scene.
        options: engine to paint with.
    Raises:
        OptionError: if path does not end in .png, or there are no styles.
        SinkError: if the file cannot be written.
        EngineError, ContractError: if a style cannot be painted.
    """
    check_png(path)  # said before minutes of painting, not after
    write_png(path, draw_style_sheet(styles, demo_scene() if picture_bgr is None else picture_bgr, options))


def check_png(path: Path) -> None:
    """Raise OptionError unless this is the name of a PNG file, SinkError unless its folder exists."""
    if path.suffix.lower() != ".png":
        raise OptionError(f"the picture is a PNG file, got {path.name!r}; name it {path.stem}.png")
    if not path.parent.is_dir():
        raise SinkError(f"the folder {path.parent} does not exist; make it first")


def write_png(path: Path, image: Image) -> None:
    """Write (H, W, 3) uint8 BGR, or raise SinkError."""
    try:
        # Not imwrite: it loses names that are not ASCII on Windows, and says no more than False.
        path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    except OSError as error:
        raise SinkError(f"{path} cannot be written ({error.strerror or error})") from error


def draw_style_sheet(
    styles: Sequence[StyleEntry], picture_bgr: Image, options: EngineOptions | None = None
) -> Image:
    """Return the sheet, (H, W, 3) uint8 BGR: the picture, then its painting in every style.

    Raises:
        OptionError: if there are no styles.
    """
    if not styles:
        raise OptionError("there are no styles to paint; see `python -m realtime styles`")
    cells = [_cell(picture_bgr, "Original", "the picture that is painted")]
    for style in styles:
        contract = style.contract
        credits_line = " \u00b7 ".join(known for known in (contract.painted_by, style.name) if known)
        painting, texture = _paint(style, picture_bgr, options)
        cells.append(_cell(painting, contract.title, credits_line, texture))
    columns = 2 if len(cells) <= 4 else 3
    cells += [np.full_like(cells[0], _PAPER)] * (-len(cells) % columns)
    rows = [np.hstack(cells[start : start + columns]) for start in range(0, len(cells), columns)]
    sheet = np.vstack(rows)
    edge = ((0, _MARGIN_PX), (0, _MARGIN_PX), (0, 0))
    return np.pad(sheet, edge, constant_values=_PAPER)


def demo_scene(size_wh: tuple[int, int] = CELL_WH) -> Image:
    """Return a moment of the demo scene, (H, W, 3) uint8 BGR."""
    source = open_source("demo", size_wh=size_wh, paced=False)
    try:
        for _ in range(SCENE_FRAME + 1):
            frame = source.read()
    finally:
        source.close()
    if frame is None:
        raise SourceError("the demo scene ended early; report this as a bug")
    return frame.image


def _paint(style: StyleEntry, picture_bgr: Image, options: EngineOptions | None) -> tuple[Image, Image]:
    """Return the picture as the style paints it, and the style's texture at the same size."""
    engine = open_engine(style, options)
    try:
        picture_wh = picture_bgr.shape[1], picture_bgr.shape[0]
        size_wh = network_size(_fit(picture_wh, CELL_WH), engine.contract)
        return engine.infer(resize(picture_bgr, size_wh)), paint_noise(engine, size_wh)
    finally:
        engine.close()


def _cell(picture_bgr: Image, title: str, credits_line: str, texture: Image | None = None) -> Image:
    width, height = CELL_WH
    cell = np.full((height + _MARGIN_PX + _CAPTION_PX, width + _MARGIN_PX, 3), _PAPER, np.uint8)
    fitted = resize(picture_bgr, _fit((picture_bgr.shape[1], picture_bgr.shape[0]), CELL_WH))
    top = _MARGIN_PX + (height - fitted.shape[0]) // 2
    left = _MARGIN_PX + (width - fitted.shape[1]) // 2
    cell[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted
    room = width if texture is None else width - _SWATCH_WH[0] - _MARGIN_PX
    baseline = _MARGIN_PX + height + _TITLE_PX + 6
    draw_text(cell, _cut(title, _TITLE_PX, room), (_MARGIN_PX, baseline), _TITLE_PX, _INK, bold=True)
    baseline += _CREDITS_PX + 8
    draw_text(cell, _cut(credits_line, _CREDITS_PX, room), (_MARGIN_PX, baseline), _CREDITS_PX, _FAINT)
    if texture is not None:
        cell[_MARGIN_PX + height + 8 :, -_SWATCH_WH[0] :][: _SWATCH_WH[1]] = _swatch(texture)
    return cell


def _swatch(texture: Image) -> Image:
    """Return the middle of a texture, at half of its size."""
    width, height = (min(2 * ours, its) for ours, its in zip(_SWATCH_WH, texture.shape[1::-1], strict=True))
    top, left = (texture.shape[0] - height) // 2, (texture.shape[1] - width) // 2
    return resize(texture[top : top + height, left : left + width], _SWATCH_WH)


def _fit(picture_wh: tuple[int, int], room_wh: tuple[int, int]) -> tuple[int, int]:
    """Return the largest size of the picture's shape that fits into the room."""
    scale = min(room_wh[0] / picture_wh[0], room_wh[1] / picture_wh[1])
    width, height = (max(1, round(side * scale)) for side in picture_wh)
    return width, height


def _cut(text: str, size_px: int, room: int) -> str:
    """Return as much of the text as fits into the room."""
    if text_width(text, size_px) <= room:
        return text
    while text and text_width(text + "...", size_px) > room:
        text = text[:-1]
    return text.rstrip() + "..."
