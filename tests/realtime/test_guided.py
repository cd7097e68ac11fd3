"""A small painting joined with the detail of a large frame."""

import threading

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime import guided
from realtime.camera_command import DEFAULT_DETAIL
from realtime.errors import OptionError
from realtime.guided import check_detail, is_enlarged, join_detail
from realtime.painter import Look, Painted, finish
from realtime.testing import IdentityEngine, make_contract, make_frame

Image = NDArray[np.uint8]


def grey(value: int, size_wh: tuple[int, int]) -> Image:
    return np.full((size_wh[1], size_wh[0], 3), value, np.uint8)


def edge(low: int, high: int, size_wh: tuple[int, int] = (96, 64)) -> Image:
    """Return a picture that is dark on the left and light on the right."""
    image = grey(low, size_wh)
    image[:, size_wh[0] // 2 :] = high
    return image


def smaller(image: Image, ratio: int) -> Image:
    size_wh = image.shape[1] // ratio, image.shape[0] // ratio
    return np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)


def strokes(size_wh: tuple[int, int]) -> Image:
    """Return a painting of smooth coloured noise."""
    noise = np.random.default_rng(3).integers(0, 256, (size_wh[1], size_wh[0], 3), dtype=np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 1.2), np.uint8)


def enlarged(image: Image, size_wh: tuple[int, int]) -> Image:
    return np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_CUBIC), np.uint8)


def steepest(image: Image) -> int:
    """Return the greatest difference between two neighbours of a row in the middle."""
    row = image[image.shape[0] // 2, :, 1].astype(int)
    return int(np.abs(np.diff(row)).max())


@pytest.mark.parametrize("ratio", [2, 3, 4])
def test_a_constant_picture_stays_constant(ratio: int) -> None:
    joined = join_detail(grey(90, (96, 48)), grey(140, (96 // ratio, 48 // ratio)), 1.0)
    assert (joined == 140).all()


@pytest.mark.parametrize("strength", [0.0, 0.7, 1.0])
def test_the_painting_is_unchanged_where_the_frame_is_flat(strength: float) -> None:
    painting = strokes((48, 32))
    joined = join_detail(grey(120, (96, 64)), painting, strength)
    np.testing.assert_array_equal(joined, enlarged(painting, (96, 64)))


def test_strength_0_is_the_plain_enlargement_whatever_the_frame() -> None:
    painting = strokes((48, 32))
    np.testing.assert_array_equal(join_detail(strokes((96, 64)), painting, 0.0), enlarged(painting, (96, 64)))


@pytest.mark.parametrize("ratio", [2, 3, 4])
def test_an_edge_of_the_frame_is_sharp_again(ratio: int) -> None:
    frame = edge(60, 180)
    painting = smaller(edge(70, 200), ratio)
    plain = steepest(np.asarray(cv2.resize(painting, (96, 64)), np.uint8))
    default = steepest(join_detail(frame, painting))
    assert default > 1.5 * plain
    assert steepest(join_detail(frame, painting, 1.0)) >= default


@pytest.mark.parametrize("ratio", [2, 3, 4])
def test_no_halo_is_drawn_beside_an_edge(ratio: int) -> None:
    frame, painting = edge(60, 180), smaller(edge(70, 200), ratio)
    joined = join_detail(frame, painting).astype(int)
    assert joined.min() >= 70 - 32
    assert joined.max() <= 200 + 32
    # Some small pixels from the edge there is nothing.
    assert (joined[:, : 48 - 5 * ratio] == 70).all()
    assert (joined[:, 48 + 5 * ratio :] == 200).all()


def test_where_the_style_leaves_an_edge_out_only_a_faint_line_comes_back() -> None:
    frame = edge(60, 180)
    there = join_detail(frame, smaller(edge(60, 180), 2)).astype(int)
    left_out = join_detail(frame, grey(120, (48, 32))).astype(int)
    added = np.abs(left_out - 120).max()
    assert 0 < added < np.abs(there - enlarged(smaller(edge(60, 180), 2), (96, 64))).max()


def test_noise_of_a_dark_room_is_not_drawn() -> None:
    chance = np.random.default_rng(5)
    dark = np.clip(chance.normal(25, 5, (128, 192, 1)), 0, 255).astype(np.uint8).repeat(3, axis=2)
    joined = join_detail(dark, grey(150, (96, 64)), 1.0).astype(int)
    noise = np.abs(dark.astype(int) - 25).mean()
    assert np.abs(joined - 150).mean() < 0.1 * noise


def test_texture_that_the_network_did_not_see_comes_back() -> None:
    stripes = np.tile(np.array([60, 60, 190, 190, 60, 60], np.uint8), 16)  # each small pixel sees one grey
    frame = np.broadcast_to(stripes[None, :, None], (64, 96, 3)).copy()
    painting = smaller(frame, 3)
    difference = join_detail(frame, painting).astype(int) - enlarged(painting, (96, 64))
    assert np.abs(difference[10:-10, 10:-10]).max() > 10


@pytest.mark.parametrize(
    ("frame_wh", "painting_wh"), [((97, 65), (48, 32)), ((101, 67), (64, 64)), ((64, 130), (31, 61))]
)
def test_any_size_goes_in_and_the_frames_comes_out(
    frame_wh: tuple[int, int], painting_wh: tuple[int, int]
) -> None:
    frame, painting = strokes(frame_wh), strokes(painting_wh)
    frame.flags.writeable = painting.flags.writeable = False
    before = frame.copy(), painting.copy()
    joined = join_detail(frame, painting)
    assert joined.shape == frame.shape
    assert joined.dtype == np.uint8
    np.testing.assert_array_equal(frame, before[0])
    np.testing.assert_array_equal(painting, before[1])


def test_all_colours_get_the_same_light() -> None:
    frame = np.zeros((64, 96, 3), np.uint8)
    frame[:, 48:, 2] = 255  # red on black
    joined = join_detail(frame, smaller(edge(100, 140), 2)).astype(int)
    assert (joined[..., 0] == joined[..., 1]).all()
    assert (joined[..., 1] == joined[..., 2]).all()


def test_memory_is_taken_once_and_what_is_held_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = [guided._Scratch(), guided._Scratch()]
    monkeypatch.setattr(guided, "_GREY", scratch[0])
    monkeypatch.setattr(guided, "_COLOUR", scratch[1])
    frame, painting = strokes((96, 64)), strokes((48, 32))
    held = join_detail(frame, painting, 0.0)
    expected = held.copy()
    join_detail(frame, painting)
    allocated = [each._pool.allocated for each in scratch]
    for _ in range(10):
        join_detail(frame, painting)
    assert [each._pool.allocated for each in scratch] == allocated
    np.testing.assert_array_equal(held, expected)


def test_two_threads_do_not_write_into_each_others_memory() -> None:
    expected = {value: join_detail(edge(0, value), grey(value, (48, 32))).copy() for value in (90, 200)}
    wrong: list[int] = []

    def work(value: int) -> None:
        for _ in range(50):
            if (join_detail(edge(0, value), grey(value, (48, 32))) != expected[value]).any():
                wrong.append(value)

    threads = [threading.Thread(target=work, args=(value,)) for value in (90, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_out_of_range_is_refused(strength: float) -> None:
    with pytest.raises(OptionError, match="detail must be from 0"):
        check_detail(strength)
    with pytest.raises(OptionError, match="detail must be from 0"):
        join_detail(grey(0, (96, 64)), grey(0, (48, 32)), strength)


@pytest.mark.parametrize(
    ("painting_wh", "picture_wh", "expected"),
    [
        ((640, 360), (1280, 720), True),
        ((640, 360), (640, 360), False),
        ((624, 352), (640, 360), False),
        ((640, 360), (320, 180), False),
        ((640, 200), (640, 360), False),
    ],
)
def test_only_a_painting_that_is_enlarged_by_more_than_a_little_lacks_detail(
    painting_wh: tuple[int, int], picture_wh: tuple[int, int], expected: bool
) -> None:
    assert is_enlarged(painting_wh, picture_wh) is expected


def test_the_picture_that_goes_out_is_joined_before_it_is_blended() -> None:
    frame = make_frame(size_wh=(96, 64)).with_image(edge(60, 180))
    painting = smaller(edge(70, 200), 2)
    painted = Painted(frame, painting, make_contract(), IdentityEngine().info)
    joined = join_detail(frame.image, painting, 0.7)
    np.testing.assert_array_equal(finish(painted, Look(detail=0.7)).image, joined)
    np.testing.assert_array_equal(finish(painted, Look(detail=0.0)).image, enlarged(painting, (96, 64)))
    half = cv2.addWeighted(frame.image, 0.5, joined, 0.5, 0)
    np.testing.assert_array_equal(finish(painted, Look(strength=0.5, detail=0.7)).image, half)


def test_a_painting_of_the_frames_own_size_goes_out_as_it_is() -> None:
    frame = make_frame(size_wh=(96, 64)).with_image(edge(60, 180))
    painting = strokes((96, 64))
    assert finish(Painted(frame, painting, make_contract(), IdentityEngine().info), Look()).image is not None
    out = finish(Painted(frame, painting, make_contract(), IdentityEngine().info), Look(detail=1.0))
    np.testing.assert_array_equal(out.image, painting)


def test_the_command_has_the_same_default() -> None:
    assert DEFAULT_DETAIL == guided.DEFAULT_DETAIL == Look().detail
