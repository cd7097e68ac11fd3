"""What a soak does to a show: a camera, engines and files that fail when they are told to."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from realtime.bench_load import SyntheticCamera
from realtime.catalog import StyleEntry
from realtime.engine import Engine, EngineInfo, EngineOptions
from realtime.errors import EngineError, SinkError, SourceBrokenError, SourceError
from realtime.frame import Frame
from realtime.preprocess import resize
from realtime.sinks import ClosingSink, Sink
from realtime.sources import SourceInfo
from realtime.timing import Clock
from realtime.warm_engines import OpenStyle

Image = NDArray[np.uint8]

CAMERA_FAULTS = ("unplugged", "damaged picture", "black pictures", "another size", "stalled")
FAULTY_FRAMES = 90  # of black or another size: three seconds
STALL_S = 3.0


class FaultyCamera:
    """A camera of JPEGs that does what it is told next; see `realtime.sources.Source`.

    Args:
        camera: that gives the pictures.
        orders: names of `CAMERA_FAULTS`, shared with whoever gives them.
        sleep: stalls.
    """

    def __init__(self, camera: SyntheticCamera, orders: deque[str], sleep: Callable[[float], object]) -> None:
        self.info: SourceInfo = camera.info
        self._camera = camera
        self._orders = orders
        self._sleep = sleep
        self._frames = 0
        self._faulty, self._left = "", 0

    def read(self) -> Frame | None:
        """Return the next picture, or fail as ordered."""
        if self._orders:
            self._begin(self._orders.popleft())
        frame = self._camera.read()
        self._frames += 1
        if frame is None or self._left == 0:
            return frame
        self._left -= 1
        if self._faulty == "black pictures":
            return frame.with_image(np.zeros_like(frame.image))
        width, height = frame.size_wh
        return frame.with_image(resize(frame.image, (width // 2, height)))

    def close(self) -> None:
        """Nothing to let go of."""
        self._camera.close()

    def _begin(self, fault: str) -> None:
        if fault == "unplugged":
            raise SourceBrokenError("camera", self._frames, 0.0, "it gives no more pictures")
        if fault == "damaged picture":
            raise ValueError("no picture in these bytes")
        if fault == "stalled":
            self._sleep(STALL_S)
        else:
            self._faulty, self._left = fault, FAULTY_FRAMES


class CameraPort:
    """Opens the camera, again and again; of two tries the first fails.

    Args:
        pictures: JPEG, of one size.
        size_wh: that size.
        fps: of the camera.
        clock: seconds.
        sleep: waits for the next picture, and stalls.
    """

    def __init__(
        self,
        pictures: Sequence[bytes],
        size_wh: tuple[int, int],
        fps: float,
        clock: Clock,
        sleep: Callable[[float], None],
    ) -> None:
        self.orders: deque[str] = deque()
        self._pictures, self._size_wh, self._fps = pictures, size_wh, fps
        self._clock, self._sleep = clock, sleep
        self._tries = 0

    def open(self) -> FaultyCamera:
        """Open it."""
        camera = SyntheticCamera(
            self._pictures, self._size_wh, self._fps, clock=self._clock, sleep=self._sleep
        )
        return FaultyCamera(camera, self.orders, self._sleep)

    def open_again(self) -> FaultyCamera:
        """Open it at every second try.

        Raises:
            SourceError: at the others.
        """
        self._tries += 1
        if self._tries % 2:
            raise SourceError("no camera was found")
        return self.open()


class FailingEngine:
    """An engine that fails once it is told to; everything else is the real one's."""

    def __init__(self, engine: Engine, shelf: FaultyShelf) -> None:
        self._engine = engine
        self._shelf = shelf
        self.contract = engine.contract

    @property
    def info(self) -> EngineInfo:
        """What really runs."""
        return self._engine.info

    def prepare(self, size_wh: tuple[int, int]) -> None:
        """Compile and warm up."""
        self._engine.prepare(size_wh)

    def infer(self, image: Image) -> Image:
        """Paint one picture, or fail as ordered."""
        if self._shelf.take_order():
            raise EngineError("it was told to fail")
        return self._engine.infer(image)

    def close(self) -> None:
        """Give back the runtime's memory."""
        self._engine.close()


class FaultyShelf:
    """Opens engines, whichever paints next failing when that is ordered, and a style that cannot be opened.

    Args:
        open_style: opens the real ones.
    """

    BROKEN = "broken"

    def __init__(self, open_style: OpenStyle) -> None:
        self._open_style = open_style
        self._ordered = threading.Event()

    def fail_once(self) -> None:
        """Have the next picture fail."""
        self._ordered.set()

    def take_order(self) -> bool:
        """Tell whether to fail now."""
        ordered = self._ordered.is_set()
        self._ordered.clear()
        return ordered

    def open(self, style: StyleEntry, options: EngineOptions) -> Engine:
        """Open a style.

        Raises:
            EngineError: it is the broken one.
        """
        if style.name == self.BROKEN:
            raise EngineError("the file is damaged")
        return FailingEngine(self._open_style(style, options), self)


class FaultySink(ClosingSink):
    """A file whose disk is full once it is told so.

    Args:
        sink: that is written to until then.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.full = False

    def write(self, frame: Frame) -> None:
        """Write one frame.

        Raises:
            SinkError: the disk is full, or what the sink says.
        """
        if self.full:
            raise SinkError("no space left on device")
        self._sink.write(frame)

    def close(self) -> None:
        """Finish what was written."""
        self._sink.close()
