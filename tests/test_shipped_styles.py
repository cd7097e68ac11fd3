"""The networks that people get: small enough, honest about what they are, and worth looking at."""

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from realtime.catalog import find_style, list_styles
from realtime.demo import draw_demo_frame
from realtime.engine import Engine, EngineOptions, open_engine
from realtime.recurrent import steadied
from realtime.steady import Steadier
from realtime.temporal import WARM_UP_FRAMES
from realtime.testing import make_frame

STYLES = {
    "starry_night": "Vincent van Gogh",
    "the_great_wave": "Katsushika Hokusai",
    "udnie": "Francis Picabia",
    "composition_vii": "Wassily Kandinsky",
    "the_scream": "Edvard Munch",
    "la_grande_jatte": "Georges Seurat",
    "plum_park": "Utagawa Hiroshige",
    "the_kiss": "Gustav Klimt",
    "holy_kinship": "Albrecht Dürer",
    "contrast_of_forms": "Fernand Léger",
}
SIZE_WH = (320, 180)
# Those that see their last painting where paintings are to be steady.
RECURRENT = sorted(STYLES)


@pytest.fixture(scope="module")
def paintings() -> dict[str, NDArray[np.uint8]]:
    """The demo scene in each shipped style, BGR."""
    frame = np.asarray(draw_demo_frame(0, SIZE_WH), np.uint8)
    painted = {}
    for name in STYLES:
        engine = open_engine(find_style(name), EngineOptions())
        painted[name] = engine.infer(frame)
        engine.close()
    return {name: np.asarray(image, np.uint8) for name, image in painted.items()}


@pytest.mark.parametrize("name", STYLES)
def test_a_shipped_style_is_at_most_449_kb_and_says_what_it_is(name: str) -> None:
    style = find_style(name)
    assert style.shipped and style.path.stat().st_size <= 449 * 1024
    contract = style.contract
    assert contract.preset in ("turbo", "fast") and contract.kind == "transform"
    assert contract.colour == "BGR"  # a frame goes in as it is
    assert contract.artist == STYLES[name]
    assert contract.training["pictures"] >= 400  # those of a style that a meta network began


def test_the_papers_shape_is_there_to_compare_with() -> None:
    assert find_style("starry_night_fast").contract.preset == "fast"


@pytest.mark.parametrize("precision", ["auto", "fp32"])
@pytest.mark.parametrize("name", STYLES)
def test_a_covered_lens_is_painted_calmly(name: str, precision: str) -> None:
    """Instance norm divides by almost nothing there: a blotch would be blown up; fine grain may stay."""
    engine = open_engine(find_style(name), EngineOptions(precision=precision))
    for level in (0, 128, 255):
        painted = engine.infer(np.full((96, 128, 3), level, np.uint8)).astype(np.float32)
        cells = painted.reshape(24, 4, 32, 4, 3)
        assert np.ptp(cells.mean(axis=(1, 3)).reshape(-1, 3), axis=0).max() <= 2, f"{level} of 255"
        assert cells.std(axis=(1, 3)).max() <= 20, f"{level} of 255"
    engine.close()


@pytest.mark.parametrize("name", STYLES)
def test_no_pattern_of_dots_repeats_every_four_pixels(
    name: str, paintings: dict[str, NDArray[np.uint8]]
) -> None:
    """What is left of the way from cells to pixels; see training/grid_loss.py."""
    image = paintings[name].astype(np.float32)
    fine = image - cv2.blur(image, (4, 4))
    cells = fine[:128, :256].reshape(2, 16, 4, 4, 16, 4, 3)  # windows of 64 x 64 pixels
    phases = cells.mean(axis=(1, 4))  # (2, 4, 4, 4, 3): window, phase, window, phase, colour
    assert phases.std(axis=(1, 3)).mean() < 3  # levels of 255


def test_the_catalogue_lists_them_all() -> None:
    assert set(STYLES) <= {style.name for style in list_styles() if style.shipped}


@pytest.mark.parametrize("name", STYLES)
def test_a_painting_keeps_the_shapes_of_the_scene(name: str, paintings: dict[str, NDArray[np.uint8]]) -> None:
    def edges(image: NDArray[np.uint8]) -> NDArray[np.float32]:
        grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (0, 0), 2).astype(np.float32)
        steps = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
        return np.asarray(np.hypot(*steps), np.float32).ravel()

    scene = np.asarray(draw_demo_frame(0, SIZE_WH), np.uint8)
    assert np.corrcoef(edges(scene), edges(paintings[name]))[0, 1] > 0.3


def test_the_styles_are_told_apart_by_their_colours(paintings: dict[str, NDArray[np.uint8]]) -> None:
    means = {name: image.reshape(-1, 3).mean(axis=0) for name, image in paintings.items()}
    blue_less_red = {name: mean[0] - mean[2] for name, mean in means.items()}
    assert max(blue_less_red, key=lambda name: blue_less_red[name]) == "starry_night"
    assert min(blue_less_red, key=lambda name: blue_less_red[name]) == "the_kiss"  # gold
    red_less_green = {name: mean[2] - mean[1] for name, mean in means.items()}
    assert max(red_less_green, key=lambda name: red_less_green[name]) == "the_scream"
    grey = {
        name: np.ptp(image.reshape(-1, 3).astype(int), axis=1).mean() for name, image in paintings.items()
    }
    assert min(grey, key=lambda name: grey[name]) == "holy_kinship"  # a woodcut
    for name, image in paintings.items():
        assert image.std() > 25, f"{name} paints almost nothing"


def room() -> NDArray[np.uint8]:
    """A photograph of things that stand still, BGR."""
    return np.ascontiguousarray(cv2.resize(skimage.data.coffee(), (192, 128))[..., ::-1])


def still_clip(frames: int, noise: float = 0.0) -> list[NDArray[np.uint8]]:
    """The room, with a camera's noise of so many levels."""
    chance, image = np.random.default_rng(0), room()
    noisy = (image + chance.normal(0, noise, image.shape) for _ in range(frames))
    return [np.clip(one, 0, 255).round().astype(np.uint8) for one in noisy]


def paint_clip(name: str, clip: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """A clip in a style, as films are painted."""
    engine, steadier, painted = open_steady(name), Steadier("full"), []
    for number, image in enumerate(clip):
        looked = steadier.look(make_frame(number).with_image(image), image)
        painted.append(steadier.paint(engine, looked).copy())
    engine.close()
    return painted


def open_steady(name: str) -> Engine:
    return open_engine(find_style(name), EngineOptions(precision="fp32", device="cpu", looks_back=True))


@pytest.mark.parametrize("name", RECURRENT)
def test_a_recurrent_style_is_small_and_of_the_weights_that_it_lies_beside(name: str) -> None:
    style = find_style(name)
    steady = steadied(style, EngineOptions(device="cpu"))
    assert steady.path.name == f"{name}.steady.onnx" and steady.path.stat().st_size <= 200 * 1024
    assert steady.contract.artist == style.contract.artist
    alone, plain = open_steady(name), open_engine(style, EngineOptions(precision="fp32", device="cpu"))
    difference = np.abs(alone.infer(room()).astype(int) - plain.infer(room()))
    assert difference.max() <= 1
    for engine in (alone, plain):
        engine.close()


@pytest.mark.parametrize("name", RECURRENT)
def test_a_still_clip_of_a_thousand_frames_keeps_its_colours(name: str) -> None:
    painted = paint_clip(name, still_clip(1000))
    means = np.array([image.mean(axis=(0, 1)) for image in painted])
    assert np.abs(means - means[0]).max() <= 1  # level of 255
    assert np.abs(painted[-1].astype(int) - painted[-2]).mean() < 0.05


@pytest.mark.parametrize("name", RECURRENT)
def test_noise_is_not_painted_and_strokes_stay_strong(name: str) -> None:
    clip = still_clip(24, noise=3)
    noisy, engine = paint_clip(name, clip), open_steady(name)
    alone = [engine.infer(image) for image in clip[-4:]]
    engine.close()
    assert unrest(noisy[12:]) < 0.2 * unrest(alone)
    # Blended paintings are paler: these deviate from their surroundings as much as each by itself.
    fine = [float((image - cv2.blur(image, (5, 5)).astype(float)).std()) for image in (noisy[-1], alone[-1])]
    assert fine[0] > 0.8 * fine[1]


@pytest.mark.parametrize("name", RECURRENT)
def test_what_a_clip_began_with_is_forgotten(name: str) -> None:
    """Pieces of a film are painted by themselves, and their seams shall not show."""
    clip = still_clip(60, noise=3)
    whole, at = paint_clip(name, clip), 40
    piece = paint_clip(name, clip[at - WARM_UP_FRAMES :])[WARM_UP_FRAMES:]
    seam = unrest([whole[at - 1], piece[0]])
    assert seam < 2 * unrest(whole[20:])
    assert unrest([whole[-1], piece[-1]]) < 0.2 * seam  # and soon nobody could tell which it was


def unrest(painted: list[NDArray[np.uint8]]) -> float:
    """The mean squared difference of a painting from the one before, where nothing moves."""
    pairs = zip(painted[1:], painted, strict=False)
    return float(np.mean([np.square(now.astype(float) - before).mean() for now, before in pairs]))
