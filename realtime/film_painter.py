"""Paints the frames of a film: one style, or at every moment the styles that its timeline says."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.engine import Engine
from realtime.film_source import FilmFrame
from realtime.frame import Frame
from realtime.painter import EnginePainter, Look, NetworkSize, Painted, Painter
from realtime.preprocess import resize
from realtime.steady import SharedLooks, Steadier, SteadyLevel
from realtime.style_timeline import StyleTimeline
from realtime.timing import StageTimes

Image = NDArray[np.uint8]


def make_painter(
    timeline: StyleTimeline,
    engines: Mapping[str, Engine],
    times: StageTimes,
    size: NetworkSize,
    steady: SteadyLevel = "off",
    looks: SharedLooks | None = None,
) -> Painter:
    """Return what paints; of a film in one style simply its engine.

    Args:
        timeline: what paints when.
        engines: of its styles, by name.
        times: takes the preprocess and infer times.
        size: which size the networks see.
        steady: how; of every piece by itself, so that it is the same whoever paints the one before.
        looks: shared with what paints other parts of the same frames.
    """
    if looks is None and len(timeline.styles) > 1:
        looks = SharedLooks()
    painters = {
        name: EnginePainter(engines[name], times, size, Steadier(steady, scene=piece_of, looks=looks))
        for name in timeline.styles
    }
    if len(painters) == 1:
        return painters[timeline.style]
    return TimelinePainter(timeline, painters)


class TimelinePainter:
    """Paints with each style that has a share in a frame, and mixes the paintings.

    Args:
        timeline: what paints when.
        painters: of its styles, by name.
    """

    def __init__(self, timeline: StyleTimeline, painters: Mapping[str, EnginePainter]) -> None:
        self._timeline = timeline
        self._painters = painters

    def forget(self) -> None:
        """Paint the next frame as if it were the first."""
        for painter in self._painters.values():
            painter.forget()

    def paint(self, frame: Frame) -> Painted:
        """Return the painting of one frame."""
        shares = self._timeline.at(moment_of(frame)).shares
        for style, painter in self._painters.items():
            if style not in shares:
                painter.forget()  # what it painted last is of another moment when its turn comes
        paintings = [(self._painters[style].paint(frame), share) for style, share in shares.items()]
        most = max(paintings, key=lambda painting: painting[1])[0]
        if len(paintings) == 1:
            return most
        mixed = mix([(painted.stylized_image, share) for painted, share in paintings])
        return Painted(frame, mixed, most.contract, most.engine)


def mix(pictures: list[tuple[Image, float]]) -> Image:
    """Return the weighted mean of pictures, (H, W, 3) uint8; of the first one's size.

    Args:
        pictures: each with its share; the shares add up to 1.
    """
    height, width = pictures[0][0].shape[:2]
    total = np.zeros((height, width, 3), np.float32)
    for picture, share in pictures:
        total += np.float32(share) * resize(picture, (width, height))
    return np.asarray(cv2.convertScaleAbs(total), dtype=np.uint8)  # rounds, and keeps to [0, 255]


def look_at(timeline: StyleTimeline, look: Look, frame: Frame) -> Look:
    """Return how much of the painting is seen in this frame."""
    if not timeline.changes:
        return look
    return Look(timeline.at(moment_of(frame)).strength, look.original_colors, look.detail)


def piece_of(frame: Frame) -> int | None:
    """Return the number of the piece that a frame is painted in; None outside of films."""
    return frame.segment if isinstance(frame, FilmFrame) else None


def moment_of(frame: Frame) -> Fraction:
    """Return when a frame is shown in the film that it comes from, in seconds."""
    return frame.at_s if isinstance(frame, FilmFrame) else frame.pts * frame.time_base
