"""The student as an engine: a style's vectors measured once, each frame's regions said beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from realtime.backdrop import Backdrop
from realtime.catalog import StyleEntry
from realtime.engine import Engine, EngineInfo, EngineOptions, default_threads
from realtime.engine_building import open_live
from realtime.errors import EngineError
from realtime.frame import Frame
from realtime.mask import Alpha, MaskSource
from realtime.mask_edges import fit_alpha
from realtime.masked_painter import MaskedPainter
from realtime.painter import Painted, Painter
from realtime.student import (
    Image,
    StudentEntry,
    Vectors,
    measure_style,
    open_student,
    paint_regions,
    regions_of,
)
from realtime.timing import StageTimes


class Stage:
    """Which part of the next picture is meant: written by who paints, read by the engine, in one thread."""

    def __init__(self) -> None:
        self.alpha: Alpha | None = None
        self.rough = False
        self.swapped = False

    def masks(self, image: Image) -> NDArray[np.uint8]:
        """Return the masks of a picture, (1, 2, H, W); without an alpha all of it is the first region."""
        if self.alpha is None:
            return regions_of([np.full(image.shape[:2], 255, np.uint8)])
        masks = regions_of([fit_alpha(self.alpha, image, rough=self.rough)])
        return np.ascontiguousarray(masks[:, ::-1]) if self.swapped else masks


class StudentPainter(MaskedPainter):
    """Has the front paint each frame in two regions at once; see `realtime.masked_painter.MaskedPainter`.

    Args:
        front: paints with an engine of `opener`, or in any other style, which fills the frame then.
        mask: of the first region.
        stage: what the engine reads.
        times, tell, cost: as of every masked painter.
    """

    def __init__(
        self,
        front: Painter,
        mask: MaskSource,
        stage: Stage,
        times: StageTimes,
        tell: Callable[[str], None],
        *,
        cost: Callable[[float], None] = lambda _: None,
    ) -> None:
        super().__init__(front, mask, Backdrop("original"), times, tell, cost=cost)
        self._stage = stage

    def paint(self, frame: Frame) -> Painted:
        """Return the painting of one frame; where the mask fails, all of it is the first region."""
        with self._one_at_a_time:
            self._stage.alpha, self._stage.rough = self._alpha(frame), self._mask.rough
            self._stage.swapped = self._swapped
            return self._front.paint(frame)


class StudentEngine:
    """The student with one style's vectors; see `realtime.engine.Engine`.

    Args:
        entry: the style.
        stage: says which part of a picture is meant.
        options: device "auto" or "cpu", precision "auto", "fp32" or "bf16".
    Raises:
        LivebrushError: if no engine opens the student, or it fails on the style picture.
    """

    def __init__(self, entry: StudentEntry, stage: Stage, options: EngineOptions) -> None:
        self.contract = entry.contract
        self._stage = stage
        opened = open_student(entry.student, options)
        self._graph = opened.run
        threads = options.threads or default_threads()
        self.info = EngineInfo(opened.engine, opened.precision, "CPU", threads, device="cpu")
        # Once, and in full: what a style is said in is a logarithm of small numbers.
        exact = opened
        if opened.precision != "fp32":
            exact = open_student(entry.student, replace(options, engine=opened.engine, precision="fp32"))
        self._style: Vectors = measure_style(exact.run, entry.plan, entry.image, regions_of([entry.alpha]))
        self._is_closed = False

    def prepare(self, size_wh: tuple[int, int]) -> None:
        """Compile and warm up for pictures of this width and height."""
        self.contract.check_size(size_wh)
        self.infer(np.zeros((size_wh[1], size_wh[0], 3), np.uint8))

    def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Paint one picture: (H, W, 3) uint8 BGR -> the same shape."""
        if self._is_closed:
            raise EngineError(f"the engine of {self.contract.name} is closed")
        return paint_regions(self._graph, image, self._stage.masks(image), self._style)

    def close(self) -> None:
        """Paint no more."""
        self._is_closed = True


def opener(stage: Stage) -> Callable[[StyleEntry, EngineOptions], Engine]:
    """Return what opens styles: semantic ones with the student, others as always."""

    def open_style(entry: StyleEntry, options: EngineOptions) -> Engine:
        if isinstance(entry, StudentEntry):
            return StudentEngine(entry, stage, options)
        return open_live(entry, options)

    return open_style
