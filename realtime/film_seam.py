"""Pieces of a film that are painted apart, without a seam: each ends as the next one begins.

Steady paintings have a past, and pieces that are painted by whoever is free do not share one. A piece begins
some frames early, in the one before; where strokes stay for long, that is not enough: walls without a
camera's noise keep what a clip began with, and at the seam E_warp was up to 7 times its neighbours'. So the
piece before paints these frames as the next one does, too, and fades into it. For pieces that are painted
one after the other, that is the next one's beginning, and costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from realtime.film_source import FilmFrame
from realtime.frame import Frame
from realtime.painter import Behind, Painted, Painter
from realtime.preprocess import resize


class SeamPainter:
    """Paints pieces of a film, each with the beginning of the next; see `realtime.painter.Painter`.

    Args:
        make: returns what paints frames of any piece, and begins anew with each; called twice.
    """

    def __init__(self, make: Callable[[], Painter]) -> None:
        self._piece, self._next = make(), make()
        self._begun: int | None = None  # the piece that the second has begun

    def paint(self, frame: Frame) -> Painted:
        """Return the painting of one frame, as much of the next piece's in it as the frame leads there."""
        assert isinstance(frame, FilmFrame)
        if frame.segment == self._begun:
            self._piece, self._next, self._begun = self._next, self._piece, None
            getattr(self._next, "forget", lambda: None)()  # its states are many megabytes
        painted = self._piece.paint(frame)
        if frame.leads == 0:
            return painted
        self._begun = frame.segment + 1
        begins = self._next.paint(replace(frame, segment=self._begun, warms_up=True, leads=0.0))
        return fade(painted, begins, frame.leads**2 * (3 - 2 * frame.leads))  # slow at both ends

    def close(self) -> None:
        """Give back the painters' files."""
        for painter in (self._piece, self._next):
            getattr(painter, "close", lambda: None)()


def fade(painted: Painted, into: Painted, share: float) -> Painted:
    """Return a painting on its way into another one of the same frame.

    Args:
        painted: at 0.
        into: at 1; stands before the same as the first.
        share: from 0 to 1.
    """
    picture = _mix(painted.stylized_image, into.stylized_image, share)
    return replace(painted, stylized_image=picture, behind=_behind(painted.behind, into.behind, share))


def _behind(one: Behind | None, other: Behind | None, share: float) -> Behind | None:
    if one is None or other is None:
        return one
    rear = one.rear
    if isinstance(rear, Painted) and isinstance(other.rear, Painted):
        rear = fade(rear, other.rear, share)
    return replace(one, alpha=_mix(one.alpha, other.alpha, share), rear=rear)


def _mix(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """As `film_painter.mix`, of two, and of masks too; without a film frame's 50 MB of floats."""
    if one.shape != other.shape:
        other = resize(other, (one.shape[1], one.shape[0]))
    return np.asarray(cv2.addWeighted(one, 1 - share, other, share, 0), np.uint8)
