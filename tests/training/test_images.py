from pathlib import Path

import numpy as np
import pytest
import torch

from training.errors import DataError
from training.images import (
    contact_sheet,
    list_pictures,
    read_for_sheet,
    read_rgb,
    resize_short_side,
    to_tensor,
    to_uint8,
    write_png,
)

PICTURE = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)


def test_a_picture_comes_back_as_it_was_written_channels_in_order(tmp_path: Path) -> None:
    file = tmp_path / "größe.png"  # not all letters are ASCII
    write_png(file, PICTURE)
    np.testing.assert_array_equal(read_rgb(file), PICTURE)
    assert list(tmp_path.iterdir()) == [file]  # nothing half-written stays


def test_tensors_and_levels_are_each_others_inverse() -> None:
    tensor = to_tensor(PICTURE)
    assert tensor.shape == (3, 5, 7) and tensor.max() <= 1
    np.testing.assert_array_equal(to_uint8(tensor), PICTURE)


def test_levels_out_of_range_are_clamped_not_wrapped() -> None:
    np.testing.assert_array_equal(to_uint8(torch.tensor([-0.5, 0.5, 1.5]).view(3, 1, 1)), [[[0, 128, 255]]])


@pytest.mark.parametrize("shape", [(40, 60, 3), (60, 40, 3), (40, 40, 3)])
def test_resizing_sets_the_short_side_and_keeps_proportions(shape: tuple[int, int, int]) -> None:
    resized = resize_short_side(np.zeros(shape, np.uint8), 20)
    assert resized.shape == (shape[0] // 2, shape[1] // 2, 3)


def test_a_file_that_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"x\.jpg is no picture"):
        read_rgb(tmp_path / "x.jpg")
    with pytest.raises(DataError, match="cannot read"):
        read_rgb(tmp_path / "missing.jpg")


def test_pictures_are_found_in_subfolders_and_in_order(tmp_path: Path) -> None:
    for name in ("b.png", "deep/a.JPG", "note.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list_pictures(tmp_path) == [tmp_path / "b.png", tmp_path / "deep/a.JPG"]


def test_a_folder_without_pictures_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pictures in"):
        list_pictures(tmp_path)
    with pytest.raises(DataError, match="no folder at"):
        list_pictures(tmp_path / "missing")


def test_a_sheet_keeps_each_pictures_proportions() -> None:
    wide, tall = np.zeros((10, 20, 3), np.uint8), np.zeros((20, 10, 3), np.uint8)
    sheet = contact_sheet([[wide, tall], [tall]], height=40, gap=2)
    assert sheet.shape == (2 * 42, 82 + 22, 3)
    assert sheet[0, 0, 0] == 0 and sheet[0, -1, 0] == 255


def test_a_broken_picture_is_left_out_of_a_sheet(photographs: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert [name for name, _ in read_for_sheet(photographs, 2, 64)] == ["0", "3"]
    found = read_for_sheet(photographs, 6, 64)
    assert [name for name, _ in found] == ["0", "1", "2", "3", "4"]
    assert all(min(image.shape[-2:]) == 64 for _, image in found)
    assert "broken.jpg is no picture that can be read" in caplog.text


def test_a_sheet_of_nothing_but_broken_pictures_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match="none of the pictures for the sheets can be read"):
        read_for_sheet(tmp_path, 4, 64)
