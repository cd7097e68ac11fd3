"""A visitor's camera as a source: pictures that come in over the network, the newest of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.errors import SourceError
from realtime.frame import Frame
from realtime.mailbox import Mailbox, MailboxClosed
from realtime.picture_header import HeaderError, read_header
from realtime.preprocess import resize
from realtime.sources import SourceInfo
from realtime.timing import Clock

Image = NDArray[np.uint8]
Decode = Callable[[], Image]  # done in the capture thread, and only for pictures that are painted

MOST_SIDE = 1920
LEAST_SIDE = 32
SAME_SHAPE = 0.03
TIME_BASE = Fraction(1, 90_000)


class VisitorSource:
    """Gives the newest picture that was put in; see `realtime.sources.Source`.

    Args:
        size_wh: of the first picture.
        clock: seconds.
    """

    def __init__(self, size_wh: tuple[int, int], clock: Clock = time.perf_counter) -> None:
        self.info = SourceInfo("your camera", "camera", size_wh, live=True)
        self._clock = clock
        self._began_at = clock()
        self._arrived: Mailbox[tuple[float, Decode]] = Mailbox(1, drops_oldest=True)
        self._index, self._last_pts = 0, -1

    def put(self, decode: Decode) -> None:
        """Hand over a picture, not decoded yet; returns at once, and takes the place of an older one.

        Raises:
            MailboxClosed: the show is over.
        """
        self._arrived.put((self._clock(), decode))

    def read(self) -> Frame | None:
        """Wait for the next picture and decode it; one that cannot be is left out. None after the end."""
        while True:
            try:
                arrived = self._arrived.get()
            except MailboxClosed:
                return None
            assert arrived is not None  # without a timeout, get gives something or raises
            try:
                image = arrived[1]()
            except SourceError:
                continue
            return self._frame(image, arrived[0])

    def interrupt(self) -> None:
        """Let `read` return."""
        self._arrived.close()

    def close(self) -> None:
        """Take no more."""
        self._arrived.abort()

    def _frame(self, image: Image, arrived_at: float) -> Frame:
        image = self._at_first_size(image)
        index, self._index = self._index, self._index + 1
        self._last_pts = max(round((arrived_at - self._began_at) / TIME_BASE), self._last_pts + 1)
        return Frame(image, index, self._last_pts, TIME_BASE, arrived_at)

    def _at_first_size(self, image: Image) -> Image:
        """Return a picture as large as the first: browsers send smaller ones while the network is slow.

        One of another shape, of a phone that was turned, stays as it is.
        """
        (width, height), (first_width, first_height) = image.shape[1::-1], self.info.size_wh
        same_shape = abs(width * first_height - height * first_width) < SAME_SHAPE * width * first_height
        return resize(image, self.info.size_wh) if same_shape else image


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Return the width and height of a JPEG that a camera may send.

    Raises:
        SourceError: it is none, or too small or too large.
    """
    try:
        header = read_header(data)
    except HeaderError as error:
        raise SourceError(f"that is no picture: {error}") from error
    if header.kind != "JPEG":
        raise SourceError(f"a camera's pictures are JPEGs, got {header.kind}")
    check_side(header.size_wh)
    return header.size_wh


def check_side(size_wh: tuple[int, int]) -> None:
    """Raise SourceError for pictures that are too small or too large to be a camera's."""
    if min(size_wh) < LEAST_SIDE or max(size_wh) > MOST_SIDE:
        raise SourceError(
            f"a camera's pictures have {LEAST_SIDE} to {MOST_SIDE} pixels a side here, got "
            f"{size_wh[0]}x{size_wh[1]}"
        )


def decode_jpeg(data: bytes) -> Image:
    """Return the picture in a JPEG, (H, W, 3) uint8 BGR.

    Raises:
        SourceError: it is damaged.
    """
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise SourceError("that JPEG is damaged") from error
    if image is None:
        raise SourceError("that JPEG is damaged")
    return cast(Image, image)
