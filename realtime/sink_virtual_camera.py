"""A virtual camera: the painting is what other programs see when they open a webcam (pyvirtualcam)."""

from __future__ import annotations

import importlib
import time
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from realtime.errors import MissingExtraError, SinkError
from realtime.frame import Frame
from realtime.overlay import draw_still
from realtime.preprocess import fitted_into
from realtime.sinks import ClosingSink
from realtime.timing import Clock
from realtime.virtual_devices import find_device, how_to_get_one, virtual_devices, why_not_listed

DEFAULT_FPS, HIGHEST_FPS = 30.0, 60.0
# A program that gets nothing for a while shows black, or calls the camera broken.
KEEP_ALIVE_S = 0.1
# Tried after the picture's own size, which a device in use may be held from.
USUAL_SIZES_WH = ((1280, 720), (640, 480), (640, 360))

SizeWh = tuple[int, int]


class Device(Protocol):
    """The part of pyvirtualcam.Camera that is used here."""

    @property
    def device(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def fps(self) -> float: ...
    def send(self, frame: NDArray[np.uint8]) -> None: ...
    def close(self) -> None: ...


class VirtualCameraSink(ClosingSink):
    """Shows frames in a virtual camera, fitted into its size; see `realtime.output.WatchedWriter`.

    Between frames the last picture is sent again, so that other programs never see black; while the show is
    paused it is darkened and says so.

    Args:
        name: of the device; None for the first.
        size_wh: of the frames, which the device is asked for.
        fps: that the device is told; None if nobody knows yet.
        clock: seconds.
    Raises:
        MissingExtraError: pyvirtualcam is not installed.
        SinkError: there is no such device, or another program sends to it; says how to get one.
    """

    def __init__(
        self, name: str | None, *, size_wh: SizeWh, fps: float | None, clock: Clock = time.perf_counter
    ) -> None:
        self._clock = clock
        self._camera = open_device(name, size_wh, fps)
        self._size_wh = self._camera.width, self._camera.height
        self._closed = False
        self._shown: NDArray[np.uint8] | None = None
        self._still: NDArray[np.uint8] | None = None
        self._sent_at = -float("inf")

    def __str__(self) -> str:
        camera = self._camera
        return f"{camera.device}, {camera.width}x{camera.height} at {camera.fps:g} fps"

    @property
    def device(self) -> str:
        """What the system calls the device."""
        return self._camera.device

    @property
    def warnings(self) -> list[str]:
        """Lines about why other programs may not find the device, and what mends that."""
        lines = [why_not_listed(found) for found in virtual_devices() if found.device == self.device]
        return [line for line in lines if line is not None]

    def write(self, frame: Frame) -> None:
        """Show one frame.

        Raises:
            SinkError: the device is gone.
        """
        # Read-only, and nobody else writes to it: it can be sent again later as it is.
        self._shown, self._still = fitted_into(frame.image, self._size_wh), None
        self._send(self._shown)

    def idle(self, *, paused: bool) -> None:
        """Send the last picture again after `KEEP_ALIVE_S`, in a pause the still one.

        Raises:
            SinkError: the device is gone.
        """
        if self._shown is None or self._closed:
            return
        if paused and self._still is None:
            self._still = draw_still(self._shown, "paused")
            self._send(self._still)
        elif self._clock() - self._sent_at >= KEEP_ALIVE_S:
            self._send(self._still if paused and self._still is not None else self._shown)

    def close(self) -> None:
        """Let go of the device."""
        if not self._closed:
            self._closed = True
            self._camera.close()

    def _send(self, image: NDArray[np.uint8]) -> None:
        if self._closed:
            raise SinkError(f"{self} is closed already; a frame came after the end")
        try:
            self._camera.send(image)
        except Exception as error:  # a backend may raise anything
            raise SinkError(f"the virtual camera takes no more pictures: {_first_line(error)}") from error
        self._sent_at = self._clock()


def open_device(name: str | None, size_wh: SizeWh, fps: float | None) -> Device:
    """Open a virtual camera of the size that is nearest to what is wanted and that it takes.

    Raises:
        MissingExtraError: pyvirtualcam is not installed.
        SinkError: it cannot be opened.
    """
    package = _import_package()
    devices = virtual_devices()
    device = find_device(name, devices)
    held = [found.format_wh for found in devices if found.device == (device or devices[0].device)]
    rate = min(max(fps or DEFAULT_FPS, 1.0), HIGHEST_FPS)
    first_error: Exception | None = None
    for width, height in _sizes_to_try(size_wh, [wh for wh in held if wh is not None]):
        try:
            camera = package.Camera(width, height, rate, fmt=package.PixelFormat.BGR, device=device)
            return cast(Device, camera)
        except Exception as error:  # RuntimeError of most backends
            first_error = first_error or error
    raise SinkError(
        f"no virtual camera {name or ''}".rstrip() + f" could be opened ({_first_line(first_error)}); "
        f"get one with: {how_to_get_one()}"
    )


def require_virtual_camera() -> None:
    """Raise MissingExtraError unless pyvirtualcam is installed."""
    _import_package()


def _import_package() -> Any:
    try:
        return importlib.import_module("pyvirtualcam")
    except ModuleNotFoundError as error:
        raise MissingExtraError("pyvirtualcam", "virtualcam") from error
    except ImportError as error:  # of a library below it
        raise SinkError(f"pyvirtualcam cannot be loaded: {_first_line(error)}") from error


def _sizes_to_try(size_wh: SizeWh, held: list[SizeWh]) -> list[SizeWh]:
    """Return sizes, best first. Cameras halve the colours' size, so that sides must be even."""
    even = max(2, size_wh[0] // 2 * 2), max(2, size_wh[1] // 2 * 2)
    return list(dict.fromkeys([even, *held, *USUAL_SIZES_WH]))


def _first_line(error: BaseException | None) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
