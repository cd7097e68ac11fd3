import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from training.datasets import ContentCrops
from training.errors import DataError
from training.images import write_png


def checks(level: int, height: int, width: int) -> np.ndarray:
    """Squares a little lighter and darker than a level: (H, W, 3) uint8."""
    squares = np.indices((height, width)).sum(axis=0) // 4 % 2
    return np.where(squares[..., None], level - 8, level + 8).repeat(3, axis=2).astype(np.uint8)


def test_a_crop_is_square_and_in_range(photographs: Path) -> None:
    crop = ContentCrops(photographs, 64)[3]
    assert crop.shape == (3, 64, 64) and crop.dtype == torch.float32
    assert crop.min() >= 0 and crop.max() <= 1


def test_the_same_number_is_the_same_crop_in_another_run(photographs: Path) -> None:
    first, second = ContentCrops(photographs, 64, seed=5), ContentCrops(photographs, 64, seed=5)
    _ = first[0]  # what was read before does not matter
    torch.testing.assert_close(first[17], second[17], atol=0, rtol=0)


def test_another_seed_gives_other_crops(photographs: Path) -> None:
    assert not torch.equal(ContentCrops(photographs, 64, seed=1)[0], ContentCrops(photographs, 64, seed=2)[0])


def test_every_picture_comes_once_in_an_epoch(tmp_path: Path) -> None:
    for level in (10, 60, 110, 160, 210):
        write_png(tmp_path / f"{level}.png", checks(level, 70, 70))
    data = ContentCrops(tmp_path, 64)
    for epoch in range(2):
        levels = [10 * round(float(data[5 * epoch + place].mean()) * 25.5) for place in range(5)]
        assert sorted(levels) == [10, 60, 110, 160, 210]


def test_small_pictures_are_enlarged_to_the_crop(tmp_path: Path) -> None:
    write_png(tmp_path / "small.png", checks(99, 20, 30))
    assert ContentCrops(tmp_path, 64)[0].shape == (3, 64, 64)


def test_a_bad_file_is_reported_once_and_replaced(
    photographs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = ContentCrops(photographs, 64)
    with caplog.at_level(logging.WARNING):
        crops = [data[number] for number in range(24)]
    assert len(crops) == 24
    assert [record.message for record in caplog.records] == [
        f"skipped: {photographs / 'broken.jpg'} is no picture that can be read"
    ]
    assert data.bad_files == {photographs / "broken.jpg"}


def test_a_folder_of_nothing_but_bad_files_ends_rather_than_turns_for_ever(
    photographs: Path, tmp_path: Path
) -> None:
    shutil.copy(photographs / "broken.jpg", tmp_path)
    with pytest.raises(DataError, match="none of the 1 pictures"):
        ContentCrops(tmp_path, 64)[0]


def test_a_crop_of_one_flat_colour_is_left_out(tmp_path: Path) -> None:
    """Gradients explode in the instance norms of a picture without anything in it."""
    write_png(tmp_path / "1_flat.png", np.full((70, 70, 3), 200, np.uint8))
    write_png(tmp_path / "2_checks.png", checks(60, 70, 70))
    data = ContentCrops(tmp_path, 64)
    assert all(data[number].mean() < 0.4 for number in range(8))
    (tmp_path / "2_checks.png").unlink()
    with pytest.raises(DataError, match="none of the 1 pictures can be read and shows more than one colour"):
        ContentCrops(tmp_path, 64)[0]


def test_light_jitter_changes_exposure_only(tmp_path: Path) -> None:
    write_png(tmp_path / "grey.png", checks(120, 80, 80))
    levels = {round(float(ContentCrops(tmp_path, 64, light_jitter=0.5)[n].mean()) * 255) for n in range(12)}
    assert len(levels) > 6 and min(levels) < 110 < max(levels)
