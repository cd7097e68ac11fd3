"""A small painting for each style of the gallery: shipped ones are ready, others are painted once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from realtime.catalog import StyleEntry
from realtime.engine import EngineOptions, open_engine
from realtime.page.broadcast import encode_jpeg
from realtime.preprocess import network_size, resize
from realtime.style_sheet import demo_scene

SIZE_WH = (320, 180)
QUALITY = 84
MOST = 100
SHIPPED = Path(__file__).parent / "thumbnails"


class Thumbnails:
    """Paints thumbnails, one at a time, and keeps them. From any thread.

    Args:
        options: for the engines.
    """

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self._painting = threading.Lock()
        self._kept: OrderedDict[Path, bytes] = OrderedDict()

    def jpeg(self, style: StyleEntry) -> bytes:
        """Return the demo scene in a style, a JPEG file of 320x180; may take a second.

        Raises:
            LivebrushError: if the style cannot be opened.
        """
        shipped = SHIPPED / f"{style.name}.jpg"
        if style.shipped and shipped.is_file():
            return shipped.read_bytes()
        with self._painting:
            if style.path not in self._kept:
                self._kept[style.path] = paint_thumbnail(style, self._options)
                while len(self._kept) > MOST:
                    self._kept.popitem(last=False)
            return self._kept[style.path]


def paint_thumbnail(style: StyleEntry, options: EngineOptions | None = None) -> bytes:
    """Return the demo scene in a style as a JPEG file."""
    engine = open_engine(style, options)
    try:
        scene = demo_scene(SIZE_WH)
        painting = engine.infer(resize(scene, network_size(SIZE_WH, engine.contract)))
        return encode_jpeg(resize(painting, SIZE_WH), QUALITY)
    finally:
        engine.close()
