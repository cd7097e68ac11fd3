"""The meta network that people get: any picture is a style, without torch and without a download."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from realtime.catalog import find_style, list_styles, shipped_dir
from realtime.engine import EngineOptions, open_engine
from realtime.meta_file import FILE_NAME, MetaFile
from realtime.style_maker import StyleMaker, read_hidden

Picture = NDArray[np.uint8]
META = shipped_dir().parent / "models" / FILE_NAME
MAX_MB, MAX_KB = 20, 449
# Pictures whose colours have nothing in common: purple cells, orange blood vessels, a grey wall.
PICTURES = ("ihc.png", "retina.jpg", "brick.png")


@pytest.fixture(scope="module")
def scene() -> Picture:
    """A person, BGR."""
    return np.asarray(cv2.resize(data.astronaut()[..., ::-1], (256, 256)), np.uint8)


@pytest.fixture(scope="module")
def paint(scene: Picture, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], NDArray[np.float32]]:
    patch = pytest.MonkeyPatch()
    patch.setenv("LIVEBRUSH_CACHE", str(tmp_path_factory.mktemp("cache")))
    patch.delenv("LIVEBRUSH_MODELS", raising=False)
    painted: dict[str, NDArray[np.float32]] = {}

    def painting(style: str) -> NDArray[np.float32]:
        if style not in painted:
            engine = open_engine(find_style(style), EngineOptions(precision="fp32", device="cpu"))
            painted[style] = engine.infer(scene).astype(np.float32)
            engine.close()
        return painted[style]

    yield painting
    patch.undo()


def picture(name: str) -> str:
    return str(Path(data.__file__).parent / name)


def mean_colour(image: NDArray[np.float32] | Picture) -> NDArray[np.float32]:
    return np.asarray(image, np.float32).reshape(-1, 3).mean(axis=0)


def test_it_is_small_and_says_how_it_was_trained() -> None:
    assert META.stat().st_size <= MAX_MB * 1e6
    contract = MetaFile(META).plan.contract
    assert contract.preset == "turbo" and contract.training["pictures"] > 10_000


def test_a_picture_becomes_a_style_file_of_at_most_449_kb(paint: Callable[[str], Picture]) -> None:
    style = find_style(picture("ihc.png"))
    assert style.path.stat().st_size <= MAX_KB * 1024
    assert style.name == "ihc" and style.contract.colour == "BGR"


@pytest.mark.parametrize("name", PICTURES)
def test_a_painting_has_the_colours_of_its_style_and_the_shapes_of_the_scene(
    name: str, paint: Callable[[str], NDArray[np.float32]], scene: Picture
) -> None:
    style = mean_colour(np.asarray(cv2.imread(picture(name)), np.uint8))
    painted = paint(picture(name))
    before, after = (np.linalg.norm(mean_colour(image) - style) for image in (scene, painted))
    assert after < 0.8 * before
    others = [
        np.linalg.norm(mean_colour(paint(picture(other))) - style) for other in PICTURES if other != name
    ]
    assert after < min(others)

    def edges(image: NDArray[np.float32] | Picture) -> NDArray[np.float32]:
        grey = cv2.GaussianBlur(np.asarray(image, np.float32).mean(axis=2), (0, 0), 2)
        return np.asarray(np.hypot(cv2.Sobel(grey, -1, 1, 0), cv2.Sobel(grey, -1, 0, 1)), np.float32).ravel()

    assert np.corrcoef(edges(scene), edges(painted))[0, 1] > 0.3


def test_a_mix_moves_steadily_from_one_end_to_the_other(paint: Callable[[str], NDArray[np.float32]]) -> None:
    one, other = picture("ihc.png"), picture("retina.jpg")
    mixes = [paint(f"{one}:{1 - share},{other}:{share}") for share in (0, 0.25, 0.5, 0.75, 1)]
    from_one, from_other = (
        [float(np.abs(mix - end).mean()) for mix in mixes] for end in (mixes[0], mixes[-1])
    )
    assert from_one == sorted(from_one) and from_other == sorted(from_other, reverse=True)
    assert from_one[-1] > 10  # of 255


def test_random_styles_are_styles_and_differ(paint: Callable[[str], NDArray[np.float32]]) -> None:
    first, second = paint("random:1"), paint("random:2")
    assert np.abs(first - second).mean() > 10
    assert min(first.std(), second.std()) > 15


def test_every_shipped_style_can_be_mixed(paint: Callable[[str], NDArray[np.float32]]) -> None:
    maker = StyleMaker(MetaFile(META))
    for style in list_styles():
        if style.shipped:
            assert read_hidden(style.contract, maker) is not None, style.name
    mixed = paint(f"starry_night:0.5,{picture('ihc.png')}:0.5")
    assert np.abs(mixed - paint(picture("ihc.png"))).mean() > 5
