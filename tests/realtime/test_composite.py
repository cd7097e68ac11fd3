import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.composite import blend, compose, split_view, with_original_colors
from realtime.errors import OptionError

Image = NDArray[np.uint8]


@pytest.fixture
def frame_image(picture: Image) -> Image:
    picture.flags.writeable = False
    return picture


@pytest.fixture
def stylized_image(picture: Image) -> Image:
    image: Image = 255 - picture[::-1]
    image.flags.writeable = False  # whoever writes to an input fails loudly
    return image


def luminance(image_bgr: Image) -> NDArray[np.float64]:
    weighted: NDArray[np.float64] = image_bgr @ np.array([0.114, 0.587, 0.299])  # BT.601
    return weighted


def test_full_strength_is_the_painting_itself(frame_image: Image, stylized_image: Image) -> None:
    assert blend(frame_image, stylized_image, 1.0) is stylized_image


def test_no_strength_is_the_frame_itself(frame_image: Image, stylized_image: Image) -> None:
    assert blend(frame_image, stylized_image, 0.0) is frame_image


@pytest.mark.parametrize("strength", [0.25, 0.5, 0.9])
def test_strength_between_mixes_in_that_share(
    frame_image: Image, stylized_image: Image, strength: float
) -> None:
    expected = (1 - strength) * frame_image + strength * stylized_image
    mixed = blend(frame_image, stylized_image, strength)
    assert mixed.dtype == np.uint8
    assert np.abs(mixed - expected).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("strength", [-0.01, 1.01, float("nan")])
def test_strength_out_of_range_is_an_option_error(
    frame_image: Image, stylized_image: Image, strength: float
) -> None:
    with pytest.raises(OptionError, match=r"from 0 .* to 1"):
        blend(frame_image, stylized_image, strength)


def test_original_colours_keep_the_painting_s_luminance() -> None:
    frame_image = np.full((8, 8, 3), (90, 120, 140), np.uint8)
    painting = np.random.default_rng(0).integers(90, 160, (8, 8, 3)).astype(np.uint8)
    mixed = with_original_colors(frame_image, painting)
    assert np.abs(luminance(mixed) - luminance(painting)).max() < 1.5


def test_original_colours_keep_the_frame_s_chroma() -> None:
    frame_image = np.full((8, 8, 3), (90, 120, 140), np.uint8)  # B - Y, R - Y: what chroma is made of
    painting = np.random.default_rng(0).integers(90, 160, (8, 8, 3)).astype(np.uint8)
    mixed = with_original_colors(frame_image, painting)
    for channel in (0, 2):
        chroma = mixed[..., channel] - luminance(mixed)
        expected = frame_image[..., channel] - luminance(frame_image)
        assert np.abs(chroma - expected).max() < 2


def test_a_grey_frame_makes_a_grey_painting(stylized_image: Image) -> None:
    grey = np.full(stylized_image.shape, 77, np.uint8)
    mixed = with_original_colors(grey, stylized_image).astype(int)
    assert np.ptp(mixed, axis=2).max() <= 1


def test_composing_recolours_before_it_blends(frame_image: Image, stylized_image: Image) -> None:
    expected = blend(frame_image, with_original_colors(frame_image, stylized_image), 0.5)
    composed = compose(frame_image, stylized_image, strength=0.5, original_colors=True)
    assert (composed == expected).all()


def test_composing_without_options_is_the_painting(frame_image: Image, stylized_image: Image) -> None:
    assert compose(frame_image, stylized_image) is stylized_image


def test_split_view_has_the_frame_left_and_the_painting_right(
    frame_image: Image, stylized_image: Image
) -> None:
    halves = split_view(frame_image, stylized_image)
    assert (halves[:, :47] == frame_image[:, :47]).all()
    assert (halves[:, 47:49] == 255).all()
    assert (halves[:, 49:] == stylized_image[:, 49:]).all()


@pytest.mark.parametrize("position", [-1.0, 0.0, 1.0, 2.0])
def test_split_view_takes_any_position(frame_image: Image, stylized_image: Image, position: float) -> None:
    halves = split_view(frame_image, stylized_image, position)
    shown = frame_image if position > 0.5 else stylized_image
    assert (halves[:, 2:-2] == shown[:, 2:-2]).all()


def test_pictures_of_two_sizes_are_refused(frame_image: Image) -> None:
    with pytest.raises(ValueError, match="one size"):
        split_view(frame_image, frame_image[1:])
