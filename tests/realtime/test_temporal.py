"""A steady painting, with a network that changes nothing: what comes out is what steadiness made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
import pytest
from motion_makers import moving_square, sliding_texture, texture
from numpy.typing import NDArray

from realtime import temporal
from realtime.temporal import Seen, Shown, look, settle

Image = NDArray[np.uint8]


def steadied(images: Iterable[Image], *, follow: bool = True) -> Iterator[Image]:
    """Yield what goes out for each picture."""
    seen: Seen | None = None
    shown: Shown | None = None
    for image in images:
        looked, seen = look(seen, image, follow=follow)
        painting, shown = settle(shown, looked, looked.image)
        yield painting


def noisy(room: Image, count: int, sigma: float = 3.0) -> Iterator[Image]:
    chance = np.random.default_rng(0)
    for _ in range(count):
        yield np.clip(room + chance.normal(0, sigma, room.shape), 0, 255).round().astype(np.uint8)


def difference(one: Image, other: Image) -> NDArray[np.int16]:
    return np.abs(one.astype(np.int16) - other.astype(np.int16))


def test_a_still_clip_of_a_thousand_frames_keeps_its_colour() -> None:
    first: NDArray[np.float64] | None = None
    for image in steadied(noisy(texture((64, 48)), 1000)):
        mean = image.mean(axis=(0, 1))
        first = mean if first is None else first
        assert float(np.abs(mean - first).max()) < 1


def test_the_noise_of_a_still_clip_is_gone_after_a_while() -> None:
    images = list(noisy(texture((96, 64)), 20))
    paintings = list(steadied(images))
    before = difference(images[-1], images[-2]).astype(float).std()
    assert difference(paintings[-1], paintings[-2]).astype(float).std() < 0.3 * before


def test_a_first_picture_and_one_after_a_cut_are_painted_as_if_alone() -> None:
    one, other = texture((96, 64), 1), texture((96, 64), 2)
    paintings = list(steadied([one, one, other]))
    assert (paintings[0] == one).all()
    assert (paintings[2] == other).all()


@pytest.mark.parametrize("follow", [True, False])
def test_a_square_that_moves_leaves_no_ghost(follow: bool) -> None:
    move = moving_square()
    *_, painting = steadied([move.previous] * 3 + [move.image], follow=follow)
    core = cv2.erode(move.hidden.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    assert (painting[core] == move.image[core]).all()
    assert int(difference(painting, move.image)[move.hidden].max()) <= 2


def test_what_moves_is_steadied_only_where_it_is_followed() -> None:
    frames = [next(noisy(frame, 1, 8)) for frame in sliding_texture(6, (160, 96), step_xy=(3, 0))]
    assert (list(steadied(frames, follow=False))[-1] == frames[-1]).mean() > 0.9
    assert (list(steadied(frames))[-1] == frames[-1]).mean() < 0.5


def test_nothing_that_goes_in_is_written_to_and_the_same_comes_out_again() -> None:
    frames = sliding_texture(3, (97, 65))
    looked, seen = look(None, frames[0])
    _, shown = settle(None, looked, looked.image)
    kept = [array.copy() for array in (frames[1], seen.image, seen.small, shown.painting)]
    results = []
    for _ in range(2):
        again, after = look(seen, frames[1])
        painting, out = settle(shown, again, again.image)
        results.append((again.image, after.image, painting, out.painting))
    for array, was in zip((frames[1], seen.image, seen.small, shown.painting), kept, strict=True):
        assert (array == was).all()
    for one, other in zip(*results, strict=True):
        assert (one == other).all()
    assert results[0][2] is not results[1][2]


@pytest.mark.parametrize("size_wh", [(1, 1), (7, 5), (17, 200), (333, 187), (640, 360)])
def test_any_size_can_be_steadied(size_wh: tuple[int, int]) -> None:
    for image in steadied(noisy(texture(size_wh), 3)):
        assert image.shape == (size_wh[1], size_wh[0], 3) and image.dtype == np.uint8


def test_a_fade_lags_by_no_more_than_a_little() -> None:
    room = texture((96, 64))
    fading = [(room * (1 - n / 20)).astype(np.uint8) for n in range(15)]
    for image, painting in zip(fading, steadied(fading), strict=True):
        assert abs(float(image.mean()) - float(painting.mean())) < 3


def test_a_show_takes_its_memory_once() -> None:
    images = list(noisy(texture((96, 64)), 30))
    for number, _ in enumerate(steadied(images)):
        if number == 5:
            before = temporal._MEMORY.allocated
    assert temporal._MEMORY.allocated == before
