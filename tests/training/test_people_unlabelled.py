"""Masks from an earlier network. Light stands for people here, and the finder sees just that."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from training.config_person import LabelPeopleConfig, PersonConfig
from training.errors import DataError, OptionError
from training.people import Pair, read_backgrounds, read_pairs, read_unsure, split_people
from training.people_practice import Practice
from training.people_unlabelled import Known, Labelled, is_sure, label_people, look_well, read_known


def find_light(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    return (image[..., 0] > 128).astype(np.float32)


def centre(number: int) -> tuple[int, int]:
    return 24 + 7 * number % 46, 24 + 13 * number % 46


def scene(number: int, radius: int, side: int = 96) -> NDArray[np.uint8]:
    """A dark picture like no other with a light disc."""
    rng = np.random.default_rng(number)
    coarse = rng.integers(0, 100, (6, 6, 3), dtype=np.uint8)
    image = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_NEAREST)
    if radius:
        cv2.circle(image, centre(number), radius, (230, 230, 230), -1)
    return np.asarray(image, dtype=np.uint8)


def write(file: Path, image: NDArray[np.uint8]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(file), image)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    folder = tmp_path / "people"
    for part, numbers in (("labelled", range(9)), ("test", range(20, 22))):
        for number in numbers:
            image = scene(number, 20)
            write(folder / part / "images" / f"{number}.png", image)
            write(folder / part / "masks" / f"{number}.png", (image > 128).astype(np.uint8) * 255)
    return folder


def test_views_are_all_of_the_picture_as_it_stands() -> None:
    alpha, views = look_well([find_light], scene(1, 20))
    assert len(views) == 6
    assert {view.shape for view in views} == {(96, 96)}
    x, y = centre(1)
    assert alpha[y, x - 15] == pytest.approx(1)
    assert alpha[y, 95 - (x - 15)] == pytest.approx(0)  # its mirrored place


def test_only_what_all_views_agree_on_is_sure() -> None:
    nobody, somebody, more = (np.zeros((40, 40), np.float32) for _ in range(3))
    somebody[10:30, 10:30] = 1
    more[10:30, 10:38] = 1
    assert is_sure(somebody, [somebody, somebody]) is True
    assert is_sure(nobody, [nobody, nobody]) is False
    assert is_sure((somebody + more) / 2, [somebody, more]) is None
    assert is_sure(somebody / 2.5, [nobody, nobody]) is None  # none says it, but together they nearly do
    assert is_sure(somebody / 2, [somebody, nobody]) is None


def test_a_picture_is_known_again_mirrored_and_another_is_not() -> None:
    known = Known([scene(1, 20), scene(2, 0)])
    smaller = cv2.resize(scene(1, 20), (64, 60))[:, ::-1]
    assert np.ascontiguousarray(smaller).astype(np.uint8) in known
    assert scene(3, 0) not in known
    assert scene(1, 0) not in Known([])


def test_photographs_become_pairs_and_backgrounds_that_training_reads(people: Path, tmp_path: Path) -> None:
    photographs, out = tmp_path / "photographs", tmp_path / "more"
    for number, radius in ((30, 20), (31, 0), (32, 4), (20, 20)):  # the last one is in people/test
        write(photographs / f"house_{number}.png", scene(number, radius))
    seen: list[tuple[int, int]] = []
    found = label_people(
        [find_light],
        [photographs],
        read_known(people),
        out,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert found == Labelled(people=1, empty=1, unsure=1, known=1)
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    (pair,) = read_pairs(out / "machine")
    assert pair.name == "00001_house_30"
    assert (pair.mask > 127).mean() == pytest.approx(np.pi * 20**2 / 96**2, rel=0.1)
    before, after = split_people(people), split_people(people, out)
    assert len(after[0]) == len(before[0]) + 1
    assert len(after[1]) == len(before[1])
    assert len(read_backgrounds(photographs, out)) == len(read_backgrounds(photographs)) + 1
    with pytest.raises(DataError, match="is not empty"):
        label_people([find_light], [photographs], Known([]), out)


def find_nobody(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.zeros(image.shape[:2], np.float32)


def test_what_several_networks_differ_on_is_kept_as_a_guess_and_only_shown_as_it_is(tmp_path: Path) -> None:
    photographs, out = tmp_path / "photographs", tmp_path / "more"
    for number, radius in ((30, 20), (31, 0)):
        write(photographs / f"house_{number}.png", scene(number, radius))
    finders = [find_light, find_light, find_nobody, find_light]
    found = label_people(finders, [photographs], Known([]), out, keep_unsure=True)
    assert found == Labelled(people=0, empty=1, unsure=1, known=0)
    (guess,) = read_unsure(out)
    x, y = centre(30)
    assert guess.mask[y * 320 // 96, x * 320 // 96] == round(0.75 * 255)
    assert read_unsure(tmp_path / "photographs") == []
    someone = Pair("someone", np.full((64, 64, 3), 255, np.uint8), np.full((64, 64), 255, np.uint8))
    practice = Practice([someone], [scene(31, 0)], 0, [guess])
    masks = [practice.sample(number, (64, 64))[1] for number in range(200)]
    guessed = [mask for mask in masks if 0.7 < float(mask.max()) < 0.8]
    assert 20 < len(guessed) < 80
    # What was cut out and laid before a room is the person who is certain.
    assert all(float(mask.max()) in (0, pytest.approx(1, abs=1e-3)) for mask in masks if mask.max() > 0.8)


def test_folders_that_do_not_fit_are_refused(people: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="label-people makes one"):
        PersonConfig(people=people, out=tmp_path / "x.pt", also=people / "test")
    with pytest.raises(OptionError, match="holds no folder labelled"):
        LabelPeopleConfig(networks=(Path("x.pt"),), pictures=(people,), people=tmp_path, out=tmp_path / "out")
    with pytest.raises(OptionError, match=r"NAME\.pt or NAME\.onnx"):
        LabelPeopleConfig(networks=(Path("x.bin"),), pictures=(people,), people=people, out=tmp_path / "out")
