from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from motion_makers import Image, moving_square, sliding_texture, texture

from training.flow_estimators import DisFlow
from training.judge.steadiness import Measured, colour_difference, error_picture, find_motion
from training.judge.video_sheet import Moments, Pair


def measure(frames: Sequence[Image], painted: Sequence[Image] | None = None) -> Measured:
    """Measure a clip, and a painting of it where there is one."""
    measured = Measured(("input",) if painted is None else ("input", "painted"))
    rows = [{"input": frame} for frame in frames]
    if painted is not None:
        rows = [{**row, "painted": image} for row, image in zip(rows, painted, strict=True)]
    estimate = DisFlow()
    for number in range(1, len(rows)):
        motion = find_motion(estimate, frames[number], frames[number - 1])
        measured.add(number, motion, rows[number], rows[number - 1])
    return measured


def lit(image: Image, levels: int) -> Image:
    return np.clip(image.astype(np.int16) + levels, 0, 255).astype(np.uint8)


def faint(image: Image) -> Image:
    """Leave room above and below, so that light can change without being clipped."""
    return (64 + image // 2).astype(np.uint8)


def test_a_still_clip_does_not_differ_from_itself() -> None:
    measured = measure([texture((96, 80))] * 3)
    assert measured.scores()["input"].e_warp < 1e-9
    assert measured.frames == [1, 2] and min(measured.shares) == 1


def test_a_texture_that_slides_is_as_steady_as_a_still_one_but_for_rounding() -> None:
    frames = sliding_texture(4, step_xy=(3, 1))
    score = measure(frames).scores()["input"]
    unmoved = np.mean([(a / 255.0 - b / 255.0) ** 2 for a, b in pairwise(frames)])
    assert score.e_warp < 0.003 * unmoved


def test_the_light_that_flickers_is_charged_by_its_square() -> None:
    # Every second frame 12 levels brighter: E_warp is (12 / 255)^2, whatever moves.
    frames = [lit(faint(frame), 12 * (number % 2)) for number, frame in enumerate(sliding_texture(5))]
    score = measure(frames).scores()["input"]
    assert score.e_warp == pytest.approx((12 / 255) ** 2, rel=0.03)
    assert score.rmse == pytest.approx(12 / 255, rel=0.02)


def test_a_noisy_clip_scores_higher_than_a_still_one_and_by_twice_its_variance() -> None:
    chance = np.random.default_rng(0)
    still = faint(texture((128, 96), grain_px=4))
    noisy = [lit(still, chance.normal(0, 8, still.shape).round().astype(np.int16)) for _ in range(3)]  # type: ignore[arg-type]
    # A flow that followed the noise would hide a part of it.
    assert measure(noisy).scores()["input"].e_warp == pytest.approx(2 * (8 / 255) ** 2, rel=0.25)
    assert measure([still] * 3).scores()["input"].e_warp < 1e-9


def test_a_painting_is_judged_by_the_motion_of_its_clip() -> None:
    clip = sliding_texture(4, (128, 96), step_xy=(4, 0))
    along = sliding_texture(4, (128, 96), step_xy=(4, 0), seed=5)  # another texture that moves as the clip
    against = sliding_texture(4, (128, 96), step_xy=(-4, 0), seed=5)
    steady, unsteady = (measure(clip, painted).scores()["painted"].e_warp for painted in (along, against))
    assert steady < 0.01 * unsteady


def test_what_a_moving_square_uncovers_is_not_charged() -> None:
    move = moving_square()
    motion = find_motion(DisFlow(), move.image, move.previous)
    errors = error_picture(motion, move.image, move.previous)
    counted = ~np.isnan(errors)
    whole = np.square(move.image / 255.0 - move.previous / 255.0).mean()
    assert np.square(errors[counted]).mean() < 0.15 * whole
    assert np.isnan(errors[move.hidden]).mean() > 0.85
    assert motion.share == pytest.approx(counted.mean())


def test_a_cut_is_left_out_and_counted() -> None:
    night = [(frame // 3).astype(np.uint8) for frame in sliding_texture(3, seed=1)]
    day = sliding_texture(3, seed=2)
    measured = measure([*night, *day])
    assert measured.left_out == {3: "cut"} and measured.frames_left_out("cut") == [3]
    assert measured.frames == [1, 2, 4, 5]
    assert measured.scores()["input"].e_warp < 1e-3


def test_a_motion_that_the_flow_loses_is_left_out_under_its_own_name() -> None:
    chance = np.random.default_rng(0)
    noise = [chance.integers(0, 256, (96, 128, 3), dtype=np.uint8) for _ in range(2)]
    measured = measure(noise)  # the same colours, nothing to follow
    assert measured.left_out == {1: "lost"} and not measured.frames
    assert measured.scores() == {}


def test_ratio_and_contrast_stand_beside_the_error() -> None:
    clip = [lit(faint(frame), 6 * (number % 2)) for number, frame in enumerate(sliding_texture(3))]
    painted = [lit(faint(frame), 12 * (number % 2)) for number, frame in enumerate(sliding_texture(3))]
    scores = measure(clip, painted).scores()
    assert scores["input"].ratio == 1
    assert scores["painted"].ratio == pytest.approx(4, rel=0.1)
    assert scores["input"].contrast == pytest.approx(clip[1].std() / 255, rel=0.05)


def test_pictures_of_the_same_colours_differ_by_nothing_and_of_others_by_all() -> None:
    picture = texture((96, 80))
    assert colour_difference(picture, np.ascontiguousarray(picture[::-1])) == 0
    assert colour_difference(np.zeros_like(picture), np.full_like(picture, 255)) == 1


@pytest.mark.parametrize("count", [1, 2, 3, 12, 13, 100, 1000])
def test_a_sheet_shows_moments_from_all_over_a_clip_whose_length_nobody_told(count: int) -> None:
    picture = texture((32, 32))
    images = {"input": picture}
    motion = find_motion(DisFlow(), picture, picture)
    moments = Moments()
    for frame in range(1, count + 1):
        moments.add(Pair(frame, motion, images, images))
    shown = [moment.frame for moment in moments.chosen()]
    assert shown == sorted(set(shown)) and len(shown) == min(3, count)
    if count >= 12:
        for frame, middle in zip(shown, (count / 6, count / 2, count * 5 / 6), strict=True):
            assert abs(frame - middle) <= count / 9 + 1
