"""Makes whole pictures of a film that was taken in fields, every other line at another moment."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import Any

import av

# Numbers of AVFieldOrder: which field is shown first. The last two are coded the other way round.
_SHOWN_FIRST = {2: "tff", 3: "bff", 4: "bff", 5: "tff"}


class Deinterlacer:
    """Turns two fields into one picture at the first one's time; whole pictures pass as they are.

    FFmpeg's bwdif looks at the pictures before and after, so every picture is one late; a film's first
    field picture is made from itself alone. There are as many pictures as before, at the same times.

    Args:
        stream: that the pictures are of.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._all = _order_of_all(stream)
        self._graph: Any = None
        self._shape: tuple[int, int, str] | None = None
        self.found = 0
        """How many pictures in fields there were so far."""

    def whole(self, pictures: Iterator[av.VideoFrame]) -> Generator[av.VideoFrame, None, None]:
        """Yield the pictures without fields."""
        for picture in pictures:
            is_fields = bool(self._all or picture.interlaced_frame)
            self.found += is_fields
            shape = (picture.width, picture.height, picture.format.name)
            if self._graph is not None and shape != self._shape:
                yield from self._end()
            if self._graph is None and not is_fields:
                yield picture
                continue
            if self._graph is None:
                self._open(picture, shape)
            self._graph.push(picture)
            yield from self._pull()
        yield from self._end()

    def _open(self, picture: av.VideoFrame, shape: tuple[int, int, str]) -> None:
        graph = av.filter.Graph()
        graph.threads = 1  # the network has the cores
        source = graph.add_buffer(
            width=picture.width,
            height=picture.height,
            format=picture.format,
            time_base=self._stream.time_base,
        )
        which = f"parity={self._all}:deint=all" if self._all else "parity=auto:deint=interlaced"
        graph.link_nodes(source, graph.add("bwdif", f"mode=send_frame:{which}"), graph.add("buffersink"))
        graph.configure()
        self._graph, self._shape = graph, shape

    def _pull(self) -> Iterator[av.VideoFrame]:
        with suppress(av.BlockingIOError, av.EOFError):
            while True:
                picture = self._graph.pull()
                if picture.pts is not None:  # the filter counts in half units
                    picture.pts = round(picture.pts * picture.time_base / self._stream.time_base)
                    picture.time_base = self._stream.time_base
                yield picture

    def _end(self) -> Iterator[av.VideoFrame]:
        if self._graph is not None:
            self._graph.push(None)
            yield from self._pull()
            self._graph = None


def _order_of_all(stream: Any) -> str:
    """Return which field is first where only the container says that all pictures are of fields.

    Codecs with pictures made from others say it of each picture, and may change half-way; of the others
    some never do.
    """
    context = stream.codec_context
    return _SHOWN_FIRST.get(int(context.field_order), "") if context.codec.intra_only else ""
