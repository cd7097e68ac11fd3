from pathlib import Path

import numpy as np
import pytest
import torch

from training.errors import DataError
from training.images import write_png
from training.procedural import MAKERS, draw_texture
from training.style_pictures import StyleMix, StylePictures, crop_style, vary_colours

PAINTINGS_ONLY = StyleMix(textures=0, photographs=0)


def fill(folder: Path, count: int, colour: tuple[int, int, int]) -> Path:
    folder.mkdir()
    for number in range(count):
        write_png(folder / f"{folder.name}_{number}.png", np.full((40, 50, 3), colour, np.uint8))
    return folder


def test_a_number_is_the_same_picture_in_every_run(photographs: Path) -> None:
    mix = StyleMix(textures=0.4)
    first, again = (StylePictures([photographs], 64, mix=mix, seed=3) for _ in range(2))
    other = StylePictures([photographs], 64, mix=mix, seed=4)
    for number in (0, 1, 17, 2**30):
        picture, name = first[number]
        assert picture.shape == (3, 64, 64) and picture.min() >= 0 and picture.max() <= 1
        assert torch.equal(picture, again[number][0]) and name == again[number][1]
        assert not torch.equal(picture, other[number][0])


def test_every_folder_counts_alike_however_full_it_is(tmp_path: Path) -> None:
    few, many = fill(tmp_path / "few", 1, (255, 0, 0)), fill(tmp_path / "many", 30, (0, 0, 255))
    pictures = StylePictures([few, many], 64, mix=PAINTINGS_ONLY, vary=0)
    names = [pictures[number][1] for number in range(200)]
    assert 80 <= sum(name == "few_0" for name in names) <= 120


def test_shares_of_textures_and_photographs_are_as_asked(tmp_path: Path) -> None:
    paintings, photos = fill(tmp_path / "painting", 3, (9, 9, 9)), fill(tmp_path / "photo", 3, (90, 9, 9))
    mix = StyleMix(textures=0.2, photographs=0.3)
    pictures = StylePictures([paintings], 64, photographs=photos, mix=mix)
    names = [pictures[number][1].split("_")[0].split(" ")[0] for number in range(200)]
    counts = {kind: names.count(kind) for kind in ("texture", "photo", "painting")}
    assert counts["texture"] == pytest.approx(40, abs=15)
    assert counts["photo"] == pytest.approx(60, abs=18)
    assert sum(counts.values()) == 200


def test_a_broken_file_is_told_of_and_another_takes_its_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = fill(tmp_path / "p", 1, (9, 9, 9))
    (folder / "broken.jpg").write_bytes(b"no picture")
    pictures = StylePictures([folder], 64, mix=PAINTINGS_ONLY)
    assert {pictures[number][1] for number in range(12)} == {"p_0"}
    assert "broken.jpg is no picture that can be read" in caplog.text


def test_a_folder_of_broken_files_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match="style pictures in a row could not be read"):
        StylePictures([tmp_path], 64, mix=PAINTINGS_ONLY)[0]


@pytest.mark.parametrize("size_hw", [(300, 220), (64, 500), (9, 9)])
def test_crops_are_square_whatever_the_picture(size_hw: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size_hw, 3), dtype=np.uint8)
    crops = [crop_style(image, 96, np.random.default_rng(seed)) for seed in range(30)]
    assert {crop.shape for crop in crops} == {(96, 96, 3)}
    assert len({crop.tobytes() for crop in crops}) > 10


def test_turned_hues_keep_light_and_dark_and_a_third_keeps_all() -> None:
    image = np.random.default_rng(0).integers(80, 176, (32, 32, 3), dtype=np.uint8)
    varied = [vary_colours(image, np.random.default_rng(seed)) for seed in range(200)]
    kept = sum(np.array_equal(image, one) for one in varied)
    assert 45 <= kept <= 90
    grey = image.mean(axis=2).ravel()
    related = [np.corrcoef(grey, one.mean(axis=2).ravel())[0, 1] for one in varied]
    assert np.median(related) > 0.97 and sum(one < 0 for one in related) > 0  # some are negatives
    assert np.array_equal(image, vary_colours(image, np.random.default_rng(1), 0.0))


def test_a_grey_picture_stays_grey() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)[..., None].repeat(3, axis=2)
    for seed in range(20):
        varied = vary_colours(grey, np.random.default_rng(seed)).astype(int)
        assert np.ptp(varied, axis=2).max() <= 1


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_every_kind_of_texture_is_a_picture_with_something_in_it(maker: object) -> None:
    assert callable(maker)
    pictures = [maker(64, np.random.default_rng(seed)) for seed in range(12)]
    for picture in pictures:
        assert picture.shape == (64, 64, 3) and np.isfinite(picture).all()
        assert picture.min() > -0.5 and picture.max() < 1.5
    assert np.median([picture.std() for picture in pictures]) > 0.05
    np.testing.assert_array_equal(pictures[3], maker(64, np.random.default_rng(3)))


def test_textures_are_of_many_colours() -> None:
    means = np.array([draw_texture(64, np.random.default_rng(seed)).mean(axis=(0, 1)) for seed in range(60)])
    assert means.std(axis=0).min() > 25
    assert np.ptp(means, axis=1).max() > 80  # and some are far from grey
