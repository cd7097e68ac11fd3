import numpy as np
import pytest

from realtime.region_fill import fill_around


def stripes(height: int = 96, width: int = 128) -> np.ndarray:
    """Black and white, four pixels each; red to the right of the middle."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, (np.arange(width) // 4) % 2 == 0] = 255
    image[:, width // 2 :] = 0, 0, 200
    return image


def left_half(image: np.ndarray) -> np.ndarray:
    alpha = np.zeros(image.shape[:2], np.uint8)
    alpha[:, : image.shape[1] // 2] = 255
    return alpha


def test_the_rest_is_covered_with_the_regions_own_texture() -> None:
    image = stripes()
    filled = fill_around(image, left_half(image))
    assert np.array_equal(filled[:, :64], image[:, :64])
    assert set(np.unique(filled)) == {0, 255}  # no red, and nothing between: no pixel was mixed
    covered = filled[:, 64:, 0].astype(float)
    assert covered.mean() == pytest.approx(127.5, abs=20)
    assert np.abs(np.diff(covered, axis=1)).mean() == pytest.approx(255 / 4, rel=0.3)  # as many edges


def test_a_region_of_one_pixel_covers_everything() -> None:
    image, alpha = stripes(20, 30), np.zeros((20, 30), np.uint8)
    alpha[7, 25] = 255
    assert (fill_around(image, alpha) == (0, 0, 200)).all()


@pytest.mark.parametrize("value", [0, 255])
def test_without_an_inside_or_an_outside_the_picture_stays(value: int) -> None:
    image = stripes()
    assert np.array_equal(fill_around(image, np.full(image.shape[:2], value, np.uint8)), image)


def test_the_picture_that_is_given_is_not_changed() -> None:
    image = stripes()
    fill_around(image, left_half(image))
    assert np.array_equal(image, stripes())


def test_the_rim_of_a_mask_is_not_taken_over() -> None:
    image = stripes()
    alpha = left_half(image)
    alpha[:, 64] = 255  # one column too much: red
    filled = fill_around(image, alpha)
    assert (filled[:, 65:, 2] != 200).all()
