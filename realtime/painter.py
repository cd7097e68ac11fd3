"""One frame through one network: what the inference thread does, and what comes after it.

    frame ──preprocess──infer──> Painted ──finish(look)──> frame of the output's size

The two halves run in different threads. Whatever the viewer can change between two frames (strength,
colours) is in the second half, so that a change shows at once and in a paused picture too.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from realtime.backdrop import Backdrop
from realtime.buffers import BufferPool
from realtime.composite import compose, join_masked
from realtime.contract import StyleContract
from realtime.engine import Engine, EngineInfo, OverlappingEngine
from realtime.engine_guard import NoPictureError, check_picture
from realtime.frame import Frame
from realtime.guided import DEFAULT_DETAIL, is_enlarged, join_detail
from realtime.mask_edges import fit_alpha
from realtime.preprocess import network_size, resize
from realtime.steady import Steadier
from realtime.timing import StageTimes

SizeWh = tuple[int, int]
SizeRule = Callable[[SizeWh, StyleContract], SizeWh]

LIVE_SHORT_SIDE = 360


@dataclass(frozen=True, eq=False, slots=True)
class Behind:
    """What stands where a mask does not mean the painting.

    Args:
        alpha: of the painting in front, (h, w) uint8 of any size.
        rough: the frame's edges shall refine it.
        rear: another painting of the same frame, or a backdrop.
    """

    alpha: NDArray[np.uint8]
    rough: bool
    rear: Painted | Backdrop


@dataclass(frozen=True, eq=False, slots=True)
class Painted:
    """A frame and the network's picture of it.

    Args:
        frame: as the source gave it.
        stylized_image: (h, w, 3) uint8 BGR at the network's size.
        contract: of the style that painted it.
        engine: what ran.
        behind: what it stands before; None where it fills the frame.
    """

    frame: Frame
    stylized_image: NDArray[np.uint8]
    contract: StyleContract
    engine: EngineInfo
    behind: Behind | None = None

    @property
    def network_wh(self) -> SizeWh:
        """Width and height that the network saw."""
        return self.stylized_image.shape[1], self.stylized_image.shape[0]


class Painter(Protocol):
    """Whatever turns frames into paintings in the inference thread."""

    def paint(self, frame: Frame) -> Painted:
        """Return the painting of one frame; called by one thread, in the order of the frames."""


@dataclass(frozen=True)
class NetworkSize:
    """Which size the network sees.

    Args:
        asked_wh: the size that was asked for; taken or refused, never changed.
        short_side: without it, pictures whose shorter side is longer than this are seen smaller, in
            the same shape; None for the source's own size.
    """

    asked_wh: SizeWh | None = None
    short_side: int | None = None

    def __call__(self, source_wh: SizeWh, contract: StyleContract) -> SizeWh:
        """Return the width and height for a source of this size.

        Raises:
            ContractError: if the size that was asked for does not fit the style.
        """
        if self.asked_wh is None and self.short_side is not None and min(source_wh) > self.short_side:
            scale = self.short_side / min(source_wh)
            source_wh = round(source_wh[0] * scale), round(source_wh[1] * scale)
        return network_size(source_wh, contract, self.asked_wh)


class OverlappingPainter(Painter, Protocol):
    """A painter that begins with one frame while it paints another: more frames a second, each no sooner."""

    @property
    def in_flight(self) -> int:
        """How many frames may be begun and not finished; 1 where nothing is gained."""

    def begin(self, frame: Frame) -> Callable[[], Painted]:
        """Begin to paint a frame; what is returned waits for the painting, and is called in that order."""


class EnginePainter:
    """Paints every frame with one engine; see `OverlappingPainter`. Raises NoPictureError for NaN.

    Args:
        engine: the network.
        times: takes the preprocess and infer times.
        size: which size the network sees.
        steadier: carries what keeps the paintings steady; None leaves them alone.
    """

    def __init__(
        self,
        engine: Engine,
        times: StageTimes,
        size: SizeRule = NetworkSize(),
        steadier: Steadier | None = None,
    ) -> None:
        self._engine = engine
        self._times = times
        self._size = size
        self._steadier = steadier or Steadier()
        self._buffers = BufferPool()

    def paint(self, frame: Frame) -> Painted:
        """Return the painting of one frame."""
        size_wh = self._size(frame.size_wh, self._engine.contract)
        stylized_image = stylize(
            self._engine, frame, self._times, size_wh, self._buffers, steadier=self._steadier
        )
        self._check(frame, stylized_image)
        return Painted(frame, stylized_image, self._engine.contract, self._info)

    @property
    def in_flight(self) -> int:
        """As many as the engine takes."""
        return int(getattr(self._engine, "in_flight", 1))

    def begin(self, frame: Frame) -> Callable[[], Painted]:
        """Begin to paint one frame; of an engine that has `start`."""
        engine = cast(OverlappingEngine, self._engine)
        size_wh = self._size(frame.size_wh, engine.contract)
        with self._times.measure("preprocess"):
            looked = self._steadier.look(frame, resize(frame.image, size_wh, self._buffers))
        timed = ExitStack()
        timed.enter_context(self._times.measure("infer"))
        begun = engine.start(looked.image)

        def finish() -> Painted:
            with timed:
                stylized_image = self._steadier.settle(looked, begun.wait())
            self._check(frame, stylized_image)
            return Painted(frame, stylized_image, engine.contract, self._info)

        return finish

    def forget(self) -> None:
        """Paint the next frame as if it were the first."""
        self._steadier.forget()

    def _check(self, frame: Frame, stylized_image: NDArray[np.uint8]) -> None:
        """Raise NoPictureError for black that stands for no number: a film would be black and nobody told."""
        try:
            check_picture(frame.image, stylized_image)
        except NoPictureError as error:
            raise NoPictureError(
                f"style {self._engine.contract.name} in {self._info.name} {self._info.precision}, frame "
                f"{frame.index}: {error}; try --precision fp32, or another --engine"
            ) from error

    @cached_property
    def _info(self) -> EngineInfo:
        return self._engine.info  # asks the runtime: not for every frame


def stylize(
    engine: Engine,
    frame: Frame,
    times: StageTimes,
    size_wh: SizeWh,
    buffers: BufferPool | None = None,
    *,
    steadier: Steadier | None = None,
    style: Hashable = None,
) -> NDArray[np.uint8]:
    """Return the network's picture of a frame, (h, w, 3) uint8 BGR, timing both steps to it.

    Args:
        size_wh: of what the network sees.
        buffers: memory for a frame of another size.
        steadier: keeps the pictures steady; its time counts to the step that it belongs to.
        style: tells the steadier what paints.
    Raises:
        ContractError: if the size does not fit the style.
        EngineError: if the engine fails.
    """
    steadier = steadier or Steadier()
    with times.measure("preprocess"):
        looked = steadier.look(frame, resize(frame.image, size_wh, buffers), style)
    with times.measure("infer"):
        return steadier.paint(engine, looked)


@dataclass(frozen=True)
class Look:
    """How much of the painting is seen.

    Args:
        strength: 0 for the original, 1 for the painting.
        original_colors: the painting's light and dark with the frame's colours.
        detail: of the frame, that a painting of a smaller size is joined with, from 0 to 1.
    """

    strength: float = 1.0
    original_colors: bool = False
    detail: float = DEFAULT_DETAIL


def finish(painted: Painted, look: Look, output_wh: SizeWh | None = None) -> Frame:
    """Return the picture that goes out, of the frame's size unless output_wh says another."""
    frame_image = resize(painted.frame.image, output_wh or painted.frame.size_wh)
    return painted.frame.with_image(_joined(painted, look, frame_image))


def _joined(painted: Painted, look: Look, frame_image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a painting before what is behind it, and behind that, at the size of the frame's picture."""
    picture, behind = _seen(painted, look, frame_image), painted.behind
    if behind is None:
        return picture
    alpha = fit_alpha(behind.alpha, frame_image, rough=behind.rough)
    if isinstance(behind.rear, Painted):
        rear = _joined(behind.rear, look, frame_image)
    else:
        rear = behind.rear.picture(frame_image)
    return join_masked(rear, picture, alpha)


def _seen(painted: Painted, look: Look, frame_image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a painting at the size of the frame's picture, as much of it as is to be seen."""
    wanted_wh = frame_image.shape[1], frame_image.shape[0]
    if is_enlarged(painted.network_wh, wanted_wh):
        stylized_image = join_detail(frame_image, painted.stylized_image, look.detail)
    else:
        stylized_image = resize(painted.stylized_image, wanted_wh)
    return compose(frame_image, stylized_image, strength=look.strength, original_colors=look.original_colors)
