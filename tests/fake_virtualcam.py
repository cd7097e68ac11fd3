"""Stands in for pyvirtualcam: a device that keeps what it is sent, takes some sizes only, or fails."""

from __future__ import annotations

from enum import Enum
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray


class PixelFormat(Enum):
    BGR = "24BG"


class FakeVirtualcam(ModuleType):
    """The module. `takes` limits the sizes; `fails_at` is the picture that cannot be sent."""

    PixelFormat = PixelFormat

    def __init__(self, *, takes: list[tuple[int, int]] | None = None, fails_at: int | None = None) -> None:
        super().__init__("pyvirtualcam")
        self.takes = takes
        self.fails_at = fails_at
        self.asked: list[tuple[int, int, float, str | None]] = []
        self.sent: list[NDArray[np.uint8]] = []
        self.closed = 0

    def Camera(self, width: int, height: int, fps: float, *, fmt: PixelFormat, device: str | None) -> Any:
        assert fmt is PixelFormat.BGR
        self.asked.append((width, height, fps, device))
        if self.takes is not None and (width, height) not in self.takes:
            raise RuntimeError("'v4l2loopback' backend: No v4l2 loopback device found\nand a second line")
        return _Camera(self, width, height, fps, device or "/dev/video9")


class _Camera:
    def __init__(self, module: FakeVirtualcam, width: int, height: int, fps: float, device: str) -> None:
        self._module = module
        self.width, self.height, self.fps, self.device = width, height, fps, device

    def send(self, frame: NDArray[np.uint8]) -> None:
        assert frame.shape == (self.height, self.width, 3)
        if len(self._module.sent) == self._module.fails_at:
            raise OSError("No such device")
        self._module.sent.append(np.array(frame))

    def close(self) -> None:
        self._module.closed += 1
