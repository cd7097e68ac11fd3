"""The 256 best colours of each frame, for GIF."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av


class Palettes:
    """Gives every picture a palette of its own, dithered in a pattern that does not crawl.

    FFmpeg's palettegen and paletteuse, frame by frame: what a frame becomes depends on no other.

    Args:
        size_wh: of the pictures.
    """

    def __init__(self, size_wh: tuple[int, int]) -> None:
        self._size_wh = size_wh

    def apply(self, picture: av.VideoFrame) -> av.VideoFrame:
        """Return a BGR picture as pal8."""
        graph: Any = av.filter.Graph()
        width, height = self._size_wh
        source = graph.add_buffer(width=width, height=height, format="bgr24", time_base=Fraction(1, 100))
        split = graph.add("split")
        generate = graph.add("palettegen", "stats_mode=full:reserve_transparent=0")
        use = graph.add("paletteuse", "dither=bayer:bayer_scale=3")
        sink = graph.add("buffersink")
        source.link_to(split)
        split.link_to(use, 0, 0)
        split.link_to(generate, 1, 0)
        generate.link_to(use, 0, 1)
        use.link_to(sink)
        graph.configure()
        picture.pts = 0
        source.push(picture)
        source.push(None)
        painted: av.VideoFrame = sink.pull()
        return painted
