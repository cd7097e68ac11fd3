from fractions import Fraction

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.errors import SourceError
from realtime.frame import Frame


def frame_of(image: NDArray[np.uint8], index: int = 3, pts: int = 3003) -> Frame:
    return Frame(image, index=index, pts=pts, time_base=Fraction(1, 30000), captured_at=1.5)


def test_time_is_pts_times_time_base() -> None:
    assert frame_of(np.zeros((2, 3, 3), np.uint8)).time_s() == pytest.approx(0.1001)


def test_size_is_width_then_height() -> None:
    assert frame_of(np.zeros((2, 5, 3), np.uint8)).size_wh == (5, 2)


def test_the_picture_cannot_be_written_to() -> None:
    frame = frame_of(np.zeros((2, 3, 3), np.uint8))
    with pytest.raises(ValueError, match="read-only"):
        frame.image[0, 0] = 1


def test_making_a_frame_copies_nothing_and_leaves_the_array_as_it_was() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    frame = frame_of(image)
    assert np.shares_memory(frame.image, image)
    assert image.flags.writeable


def test_opencv_reads_a_frame() -> None:
    frame = frame_of(np.full((8, 8, 3), 200, np.uint8))
    assert cv2.resize(frame.image, (4, 4)).mean() == 200


def test_another_picture_keeps_place_and_time() -> None:
    frame = frame_of(np.zeros((2, 3, 3), np.uint8))
    other = frame.with_image(np.ones((4, 6, 3), np.uint8))
    assert (other.index, other.pts, other.time_base, other.captured_at) == (3, 3003, Fraction(1, 30000), 1.5)
    assert other.size_wh == (6, 4)
    assert frame.size_wh == (3, 2)


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 1), (4, 4, 4), (1, 4, 4, 3)])
def test_other_shapes_are_refused_by_name(shape: tuple[int, ...]) -> None:
    with pytest.raises(SourceError, match=r"frame 3 must be \(H, W, 3\) uint8"):
        frame_of(np.zeros(shape, np.uint8))


def test_other_dtypes_are_refused() -> None:
    with pytest.raises(SourceError, match="uint16"):
        frame_of(np.zeros((4, 4, 3), np.uint16))


@pytest.mark.parametrize("shape", [(0, 4, 3), (4, 0, 3), (0, 0, 3)])
def test_a_zero_size_frame_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(SourceError, match="has no pixels"):
        frame_of(np.zeros(shape, np.uint8))
