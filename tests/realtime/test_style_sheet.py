from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from onnx_makers import make_style_onnx

from realtime.catalog import StyleEntry, find_style
from realtime.engine import EngineOptions
from realtime.errors import OptionError, SinkError
from realtime.style_sheet import CELL_WH, demo_scene, draw_style_sheet, write_style_sheet

Image = NDArray[np.uint8]
EXACT = EngineOptions(precision="fp32")
WIDTH, HEIGHT = CELL_WH
CELL_H, CELL_W = HEIGHT + 16 + 64, WIDTH + 16


@pytest.fixture
def styles(tmp_path: Path) -> list[StyleEntry]:
    paths = [
        make_style_onnx(
            tmp_path / "a_first.onnx", "invert", title="First", artist="Élisabeth", year="c. 1831"
        ),
        make_style_onnx(tmp_path / "b_second.onnx", "identity", title="S" * 300),
    ]
    return [find_style(str(path)) for path in paths]


@pytest.fixture
def scene() -> Image:
    ramp = np.linspace(0, 255, WIDTH).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (HEIGHT, WIDTH, 3)))


def picture_of(sheet: Image, row: int, column: int) -> Image:
    top, left = row * CELL_H + 16, column * CELL_W + 16
    return sheet[top : top + HEIGHT, left : left + WIDTH]


def caption_of(sheet: Image, row: int, column: int) -> Image:
    top, left = row * CELL_H + 16 + HEIGHT, column * CELL_W
    return sheet[top : top + 64, left : left + CELL_W]


def test_the_picture_comes_first_then_its_painting_in_every_style(
    styles: list[StyleEntry], scene: Image
) -> None:
    sheet = draw_style_sheet(styles, scene, EXACT)
    assert (picture_of(sheet, 0, 0) == scene).all()
    assert (picture_of(sheet, 0, 1) == 255 - scene).all()
    assert (picture_of(sheet, 1, 0) == scene).all()


def test_every_cell_has_its_own_caption_inside_its_cell(styles: list[StyleEntry], scene: Image) -> None:
    sheet = draw_style_sheet(styles, scene, EXACT)
    captions = [caption_of(sheet, *place) for place in ((0, 0), (0, 1), (1, 0))]
    for caption in captions:
        assert caption.min() < 100  # there is ink
        assert (caption[:, :14] == 250).all()  # the margin is free: nothing ran over from the left
    assert not (captions[0] == captions[1]).all()
    assert (sheet[CELL_H:, CELL_W + 16 :] == 250).all()  # the fourth place of two rows is empty


def test_a_tall_picture_is_fitted_not_stretched(styles: list[StyleEntry]) -> None:
    tall = np.full((720, 360, 3), 90, np.uint8)
    painted = picture_of(draw_style_sheet(styles[:1], tall, EXACT), 0, 1)
    inked = np.flatnonzero((painted[HEIGHT // 2] == 165).all(axis=1))
    assert (inked.min(), inked.max()) == ((WIDTH - 180) // 2, (WIDTH + 180) // 2 - 1)


def test_the_sheet_is_written_as_png(tmp_path: Path, styles: list[StyleEntry], scene: Image) -> None:
    path = tmp_path / "blått ark.png"
    write_style_sheet(path, styles, picture_bgr=scene, options=EXACT)
    written = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(written, draw_style_sheet(styles, scene, EXACT))


def test_a_sheet_of_no_styles_is_refused(scene: Image) -> None:
    with pytest.raises(OptionError, match="no styles"):
        draw_style_sheet([], scene)


def test_another_format_is_refused_with_the_right_name(tmp_path: Path, styles: list[StyleEntry]) -> None:
    with pytest.raises(OptionError, match=r"name it sheet\.png"):
        write_style_sheet(tmp_path / "sheet.jpg", styles)


def test_a_folder_that_does_not_exist_is_said_before_painting(
    tmp_path: Path, styles: list[StyleEntry]
) -> None:
    with pytest.raises(SinkError, match="does not exist"):
        write_style_sheet(tmp_path / "nowhere" / "sheet.png", styles)


def test_what_cannot_be_written_is_a_sink_error(
    tmp_path: Path, styles: list[StyleEntry], scene: Image
) -> None:
    (tmp_path / "sheet.png").mkdir()
    with pytest.raises(SinkError, match="cannot be written"):
        write_style_sheet(tmp_path / "sheet.png", styles, picture_bgr=scene, options=EXACT)


def test_without_a_picture_it_is_the_demo_scene() -> None:
    scene = demo_scene()
    assert scene.shape == (HEIGHT, WIDTH, 3)
    assert scene.std() > 20
