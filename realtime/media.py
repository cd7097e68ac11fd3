"""What reading and writing video with PyAV have in common. Needs PyAV 17.1 or newer."""

from __future__ import annotations

import errno
import os
import struct
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

MEDIA_ERRORS = (av.FFmpegError, OSError)  # what PyAV raises for bad media, and for a bad disk or line

# swscale numbers of colour matrices: BT.709, BT.601, BT.2020.
BT709, BT601, BT2020 = 1, 5, 9
_KNOWN_MATRICES = {1: BT709, 4: 4, 5: BT601, 6: BT601, 7: 7, 9: BT2020, 10: BT2020}  # by AVColorSpace

_TIMESTAMPS_START_ANYWHERE = 0x0200  # AVFMT_TS_DISCONT: MPEG-TS and other recordings of a broadcast

_FULL_RANGE = 2  # AVCOL_RANGE_JPEG
UNSPECIFIED = 2  # of matrix, primaries and transfer alike (ITU-T H.273)


@dataclass(frozen=True)
class Colour:
    """How a film says that its numbers are to be shown, by the code points of ITU-T H.273.

    Args:
        matrix: that made its YUV; `UNSPECIFIED` where it does not say, 0 for RGB.
        full_range: black is 0 and white 255, not 16 and 235; None where it does not say.
        primaries: of its colour space.
        transfer: from numbers to light.
    """

    matrix: int = UNSPECIFIED
    full_range: bool | None = None
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED


def location(path: Path) -> str:
    """Return a path as PyAV must be given it: absolute, so that "9:30.mp4" is not taken for a protocol."""
    return os.path.abspath(path)


def reason(error: BaseException) -> str:
    """Return what went wrong in one line, without the address that FFmpeg adds to its own text."""
    if getattr(error, "errno", None) == errno.ENOSPC:
        return "the disk is full"
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())


def start_offset_s(container: Any) -> Fraction:
    """Return the seconds to take from every timestamp so that a recorded broadcast starts at 0.

    Files keep theirs: 0 for every container whose timestamps have a meaning of their own.
    """
    starts_anywhere = int(container.format.flags) & _TIMESTAMPS_START_ANYWHERE
    if not starts_anywhere or container.start_time is None:
        return Fraction(0)
    return Fraction(container.start_time, 1_000_000)


def colour_matrix(frame: av.VideoFrame) -> int:
    """Return the swscale number of the matrix that made this frame's YUV.

    Untagged frames follow mpv's rule: above 576 lines or from 1280 columns on it is BT.709, else BT.601.
    """
    return known_matrix(int(frame.colorspace), (frame.width, frame.height))


def known_matrix(matrix: int, size_wh: tuple[int, int]) -> int:
    """Return swscale's number of a matrix by H.273; where none is named, what players take for granted."""
    large = size_wh[0] >= 1280 or size_wh[1] > 576
    return _KNOWN_MATRICES.get(matrix, BT709 if large else BT601)


def colour_of(frame: av.VideoFrame) -> Colour:
    """Return what a decoded frame says about its colours."""
    full = int(frame.color_range) == _FULL_RANGE or frame.format.name.startswith("yuvj")
    return Colour(
        matrix=int(frame.colorspace),
        full_range=full if full or int(frame.color_range) else None,
        primaries=int(frame.color_primaries),
        transfer=int(frame.color_trc),
    )


def display_matrix(frame: av.VideoFrame) -> tuple[int, int, int, int] | None:
    """Return (a, b, c, d), each -1, 0 or 1: a pixel at (x, y) is shown at (a*x + c*y, b*x + d*y).

    None if the frame is to be shown as it is, or turned by an odd angle, which nobody films.
    """
    data: Any = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return None
    a, b, _, c, d = struct.unpack("=9i", bytes(data))[:5]
    signs = tuple(int(np.sign(value)) if abs(value) > 1 << 15 else 0 for value in (a, b, c, d))
    turned = signs[0] == signs[3] == 0 and signs[1] * signs[2] != 0
    upright = signs[1] == signs[2] == 0 and signs[0] * signs[3] != 0
    if signs == (1, 0, 0, 1) or not (turned or upright):
        return None
    return signs[0], signs[1], signs[2], signs[3]


def orient(image: NDArray[np.uint8], matrix: tuple[int, int, int, int] | None) -> NDArray[np.uint8]:
    """Turn and mirror (H, W, 3) as `display_matrix` says; quarter turns give (W, H, 3)."""
    if matrix is None:
        return image
    a, b, c, d = matrix
    if a == 0:  # columns become rows
        image = np.asarray(cv2.transpose(image), dtype=np.uint8)
        a, d = c, b
    if a < 0 or d < 0:
        image = np.asarray(cv2.flip(image, -1 if a < 0 and d < 0 else int(a < 0)), dtype=np.uint8)
    return image
