"""A window of OpenCV's: shows pictures, gives keys. Only the main thread may use it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.display import why_no_window
from realtime.errors import SinkError

SizeWh = tuple[int, int]

TITLE = "Livebrush"
LARGEST_WH = (1280, 720)
SMALLEST_WH = (640, 360)
NO_KEY = -1


@dataclass(frozen=True)
class WindowEvents:
    """What happened since the last look.

    Args:
        keys: codes of `cv2.waitKeyEx`, in order.
        drag_x: where the mouse is held down, in pixels of the shown picture; None if it is not.
        closed: the user closed the window.
    """

    keys: tuple[int, ...] = ()
    drag_x: int | None = None
    closed: bool = False


class Screen(Protocol):
    """What the loop needs of a window."""

    def room_wh(self) -> SizeWh:
        """Return how many pixels there are for a picture; (0, 0) if nobody knows."""

    def show(self, image: NDArray[np.uint8]) -> None:
        """Put a picture on screen, (H, W, 3) uint8 BGR; it appears at the next `poll`."""

    def poll(self, wait_ms: int = 1) -> WindowEvents:
        """Let the window draw and look for events, for about this long."""

    def set_full_screen(self, on: bool) -> None:
        """Fill the screen, or go back."""

    def close(self) -> None:
        """Close the window; safe to call twice."""


class Window:
    """The window on screen; see `Screen`.

    Args:
        size_wh: of the pictures; the window keeps their shape and opens at a handy size.
    Raises:
        SinkError: if no window can be opened here, saying why.
    """

    def __init__(self, size_wh: SizeWh) -> None:
        reason = why_no_window()
        if reason is not None:
            raise SinkError(f"no window: {reason}; use --output FILE --no-window")
        _refuse_to_hang()
        self._drag_x: int | None = None
        self._margin_x = 0
        self._is_closed = False
        try:
            # The pictures' shape is kept by `margins`, which are black. GUI_NORMAL: without Qt's tool bar.
            cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL)
            cv2.resizeWindow(TITLE, *opening_size(size_wh))
            cv2.setMouseCallback(TITLE, self._on_mouse)
        except cv2.error as error:
            raise SinkError(f"no window: {error.err or error}; use --output FILE --no-window") from error

    def room_wh(self) -> SizeWh:
        """Return how many pixels there are for a picture; (0, 0) if nobody knows."""
        try:
            _, _, width, height = cv2.getWindowImageRect(TITLE)
        except cv2.error:
            return 0, 0
        return max(0, width), max(0, height)

    def show(self, image: NDArray[np.uint8]) -> None:
        """Put a picture on screen, (H, W, 3) uint8 BGR; it appears at the next `poll`."""
        if self._is_closed:
            return  # imshow would open the window again
        margin_x, margin_y = margins((image.shape[1], image.shape[0]), self.room_wh())
        if margin_x or margin_y:
            image = np.asarray(
                cv2.copyMakeBorder(image, margin_y, margin_y, margin_x, margin_x, cv2.BORDER_CONSTANT),
                np.uint8,
            )
        self._margin_x = margin_x
        cv2.imshow(TITLE, image)

    def poll(self, wait_ms: int = 1) -> WindowEvents:
        """Let the window draw and look for events, for about this long."""
        if self._is_closed:
            return WindowEvents(closed=True)
        keys = []
        key = cv2.waitKeyEx(max(1, wait_ms))
        while key != NO_KEY:
            keys.append(key)
            key = cv2.waitKeyEx(1)
        self._is_closed = not self._is_visible()
        drag_x, self._drag_x = self._drag_x, None
        return WindowEvents(tuple(keys), drag_x, self._is_closed)

    def set_full_screen(self, on: bool) -> None:
        """Fill the screen, or go back."""
        if not self._is_closed:
            mode = cv2.WINDOW_FULLSCREEN if on else cv2.WINDOW_NORMAL
            cv2.setWindowProperty(TITLE, cv2.WND_PROP_FULLSCREEN, mode)

    def close(self) -> None:
        """Close the window; safe to call twice."""
        if not self._is_closed:
            self._is_closed = True
            cv2.destroyWindow(TITLE)
            cv2.waitKey(1)  # the window disappears with the next look for events

    def _is_visible(self) -> bool:
        try:
            return cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) > 0
        except cv2.error:  # some toolkits raise for a window that is gone
            return False

    def _on_mouse(self, event: int, x: int, y: int, flags: int, userdata: Any) -> None:
        if flags & cv2.EVENT_FLAG_LBUTTON or event == cv2.EVENT_LBUTTONDOWN:
            self._drag_x = x - self._margin_x


def opening_size(size_wh: SizeWh) -> SizeWh:
    """Return width and height of the window for pictures of this size: their shape, not too big or small."""
    width, height = size_wh
    scale = min(1.0, LARGEST_WH[0] / width, LARGEST_WH[1] / height)
    if width * scale < SMALLEST_WH[0] and height * scale < SMALLEST_WH[1]:
        scale = min(SMALLEST_WH[0] / width, SMALLEST_WH[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def fitted(picture_wh: SizeWh, room_wh: SizeWh) -> SizeWh:
    """Return the largest size of the picture's shape that fits into the room; its own if there is none."""
    if 0 in room_wh:
        return picture_wh
    scale = min(room_wh[0] / picture_wh[0], room_wh[1] / picture_wh[1])
    return max(1, round(picture_wh[0] * scale)), max(1, round(picture_wh[1] * scale))


def margins(picture_wh: SizeWh, room_wh: SizeWh) -> SizeWh:
    """Return the pixels to add left and right, above and below, to give a picture the room's shape."""
    (width, height), (room_width, room_height) = picture_wh, room_wh
    if 0 in room_wh:
        return 0, 0
    margin_x = max(0, round((height * room_width / room_height - width) / 2))
    margin_y = max(0, round((width * room_height / room_width - height) / 2))
    return margin_x, margin_y


def _refuse_to_hang() -> None:
    """Raise if PyAV was imported before OpenCV on Linux: the first window would then hang for good.

    Both wheels bring a libxcb, and Qt must meet OpenCV's first: https://github.com/PyAV-Org/PyAV/issues/978
    """
    imported = list(sys.modules)
    if sys.platform == "linux" and "av" in imported and imported.index("av") < imported.index("cv2"):
        raise SinkError("no window: PyAV was imported before OpenCV; import cv2 before av")
