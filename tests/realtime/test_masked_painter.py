"""Two paintings in one picture."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.backdrop import Backdrop, find_backdrop
from realtime.composite import join_masked
from realtime.errors import MaskError, OptionError
from realtime.frame import Frame
from realtime.mask import Alpha, FrameMask
from realtime.masked_painter import MaskedPainter
from realtime.painter import EnginePainter, Look, finish
from realtime.testing import IdentityEngine, make_frame
from realtime.timing import StageTimes


class LeftHalf(FrameMask):
    """The left half is meant; frames of `fails` have no mask."""

    def __init__(self, fails: tuple[int, ...] = ()) -> None:
        self.asked: list[int] = []
        self.closed = False
        self._fails = fails

    def alpha(self, frame: Frame) -> Alpha:
        self.asked.append(frame.index)
        if frame.index in self._fails:
            raise MaskError("it is dark")
        alpha = np.zeros((1, 2), np.uint8).repeat(8, axis=1)
        alpha[:, :8] = 255
        return alpha

    def close(self) -> None:
        self.closed = True


class Inverting(IdentityEngine):
    def infer(self, image: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        return 255 - super().infer(image)


def painter_of(mask: LeftHalf, told: list[str], back: Backdrop | None = None) -> MaskedPainter:
    times = StageTimes()
    front = EnginePainter(Inverting(), times)
    rear = back if back is not None else EnginePainter(IdentityEngine(), times)
    return MaskedPainter(front, mask, rear, times, told.append)


def halves(frame: Frame) -> tuple[int, int]:
    return int(frame.image[:, :16].mean()), int(frame.image[:, -16:].mean())


@pytest.mark.parametrize("back", [None, Backdrop("original"), Backdrop("blur")])
def test_each_half_has_its_own_painting_and_the_key_swaps_them(back: Backdrop | None) -> None:
    painter = painter_of(LeftHalf(), [], back)
    frame = make_frame(value=50)
    assert halves(finish(painter.paint(frame), Look())) == (205, 50)
    painter.swap()
    assert halves(finish(painter.paint(frame), Look())) == (50, 205)
    painter.swap()
    assert halves(finish(painter.paint(frame), Look(), (48, 32))) == (205, 50)


def test_where_the_mask_fails_the_picture_is_painted_whole_and_that_is_said_once() -> None:
    told: list[str] = []
    painter = painter_of(LeftHalf(fails=(1, 2, 4)), told)
    seen = [halves(finish(painter.paint(make_frame(index, value=50)), Look())) for index in range(5)]
    assert seen == [(205, 50), (205, 205), (205, 205), (205, 50), (205, 205)]
    assert (
        told == ["the mask fails, the picture is painted whole: it is dark"] * 2
    )  # it had come back between


def test_several_parts_have_each_its_own_painting() -> None:
    class TopHalf(LeftHalf):
        def alpha(self, frame: Frame) -> Alpha:
            return np.repeat(np.array([[255], [0]], np.uint8), 2, axis=1)

    times = StageTimes()
    inner = MaskedPainter(EnginePainter(Inverting(), times), TopHalf(), Backdrop("original"), times, None)
    outer = MaskedPainter(EnginePainter(IdentityEngine(), times), LeftHalf(), inner, times, None)
    image = finish(outer.paint(make_frame(value=50)), Look()).image
    assert [int(part.mean()) for part in (image[:9, -9:], image[-9:, -9:], image[:9, :9])] == [205, 50, 50]


def test_what_goes_wrong_with_a_painting_in_front_is_told_under_its_name() -> None:
    class Troubled(EnginePainter):
        problems = ["the card is gone"]  # noqa: RUF012

        def take_problem(self) -> str | None:
            return self.problems.pop() if self.problems else None

    told: list[str] = []
    times = StageTimes()
    front = Troubled(IdentityEngine(), times)
    for name in (None, "udnie"):
        painter = MaskedPainter(front, LeftHalf(), Backdrop("original"), times, told.append, front_name=name)
        painter.paint(make_frame())
        painter.paint(make_frame(1))
    assert told == ["udnie: the card is gone"]


def test_where_nobody_is_told_a_mask_that_fails_ends_the_run() -> None:
    times = StageTimes()
    mask = LeftHalf(fails=(1,))
    painter = MaskedPainter(EnginePainter(Inverting(), times), mask, Backdrop("original"), times, None)
    painter.paint(make_frame(0))
    with pytest.raises(MaskError, match="it is dark"):
        painter.paint(make_frame(1))


def test_a_mask_begins_anew_with_each_scene_and_what_it_has_to_say_is_said_once() -> None:
    class Counting(LeftHalf):
        forgotten = 0

        def forget(self) -> None:
            self.forgotten += 1

    told: list[str] = []
    times, mask = StageTimes(), Counting()
    painter = MaskedPainter(
        EnginePainter(Inverting(), times),
        mask,
        Backdrop("original"),
        times,
        told.append,
        scene=lambda frame: frame.index // 3 + 1,
    )
    for index in range(7):
        mask.notice = "it ends" if index > 2 else None
        painter.paint(make_frame(index))
    assert mask.forgotten == 3
    assert told == ["it ends"]


def test_a_picture_that_stands_is_masked_once() -> None:
    mask = LeftHalf()
    painter = painter_of(mask, [])
    for _ in range(3):
        painter.paint(make_frame(7))
    assert mask.asked == [7]
    painter.close()
    assert mask.closed


def test_a_picture_behind_fills_the_frame_and_keeps_its_shape(tmp_path: Path) -> None:
    picture = np.zeros((40, 200, 3), np.uint8)
    picture[:, 80:120] = 255
    cv2.imwrite(str(tmp_path / "sea.png"), picture)
    backdrop = find_backdrop(f"picture:{tmp_path / 'sea.png'}")
    assert backdrop is not None
    behind = backdrop.picture(np.zeros((80, 80, 3), np.uint8))
    assert behind.shape == (80, 80, 3)
    assert behind.mean() > 250  # its middle, not all of it squeezed


def test_what_names_no_backdrop_is_left_to_the_styles() -> None:
    assert find_backdrop("starry_night") is None
    with pytest.raises(OptionError, match="cannot be read as a picture"):
        find_backdrop("picture:missing.jpg")


def test_alpha_between_mixes_in_its_share_and_sums_to_one() -> None:
    white = np.full((2, 256, 3), 255, np.uint8)
    alpha = np.arange(256, dtype=np.uint8)[None].repeat(2, axis=0)
    assert (join_masked(white, white, alpha) == 255).all()
    assert np.array_equal(join_masked(white * 0, white, alpha)[:, :, 0], alpha)


def test_pictures_of_several_sizes_cannot_be_joined() -> None:
    with pytest.raises(ValueError, match="alpha must be"):
        join_masked(np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2, 3), np.uint8), np.zeros((3, 3), np.uint8))
