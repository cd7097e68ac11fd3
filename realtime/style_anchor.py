"""A style moved towards the content: Shen et al. 2018, whose identity is the content's own hidden numbers.

Not a mix of two pictures: strokes become finer and colours nearer to the frame's. A clip's first frame is
looked at before it is painted; of a camera one every few seconds, in a thread of its own.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from realtime.catalog import StyleEntry
from realtime.errors import LivebrushError, OptionError
from realtime.frame import Frame
from realtime.made_style import Source, mix_styles
from realtime.meta_file import find_meta_file
from realtime.painter import Painted
from realtime.process import yield_to_others
from realtime.style_cache import StyleCache
from realtime.style_maker import Hidden, StyleMaker, read_hidden
from realtime.style_player import StylePlayer

EVERY_S = 5.0
# A scene that has changed by less, as a share of what its numbers are, keeps its style.
_SAME_SCENE = 0.05
_KEPT_FILES = 6  # those that may still be opened: for another size, or on another device


class ContentAnchor:
    """Makes a style weaker in the direction of pictures.

    Args:
        style: made by the meta network that is installed.
        strength: 1 for the style as it is, 0 for the picture's own.
    Raises:
        OptionError: if the strength is none, or the style carries no hidden numbers.
        StyleFileError: if no meta network is installed.
    """

    def __init__(self, style: StyleEntry, strength: float) -> None:
        if not 0 <= strength <= 1:
            raise OptionError(f"--style-strength must be from 0 to 1, got {strength:g}")
        self.style, self.strength = style, strength
        self._maker = StyleMaker(find_meta_file())
        hidden = read_hidden(style.contract, self._maker)
        if hidden is None:
            raise OptionError(
                f"style {style.name} carries no hidden numbers, which --style-strength moves; give a picture "
                "as --style, or use --strength"
            )
        self._hidden: Hidden = hidden
        self._folder = TemporaryDirectory(prefix="livebrush-", ignore_cleanup_errors=True)
        self._cache = StyleCache(Path(self._folder.name), most=_KEPT_FILES)
        self._last: tuple[Hidden, StyleEntry] | None = None

    def style_for(self, image: NDArray[np.uint8]) -> StyleEntry:
        """Return the style for a picture, (H, W, 3) uint8 BGR; the last one while the scene is the same.

        Raises:
            LivebrushError: if it cannot be made.
        """
        content = self._maker.hidden(image)
        if self._last is not None and _is_near(content, self._last[0]):
            return self._last[1]
        sources = [
            _known(self.style.contract.title, self.strength, self._hidden),
            _known("content", 1 - self.strength, content),
        ]
        made = mix_styles(self._maker, sources, self._cache)
        self._last = content, made
        return made

    def close(self) -> None:
        """Delete the files; after everything that opens them has ended."""
        self._folder.cleanup()


class AnchoredPainter:
    """Paints as a player does, and has it follow the content; see `realtime.painter.Painter`.

    Args:
        player: begins with the anchor's style. Once the viewer asks for another it is left alone.
        anchor: what makes the styles; closed by the caller.
        every_s: seconds of the source between two looks.
    """

    def __init__(self, player: StylePlayer, anchor: ContentAnchor, *, every_s: float = EVERY_S) -> None:
        self._player, self._anchor, self._every_s = player, anchor, every_s
        self._ours = anchor.style
        self._next_look_s: float | None = None
        self._looking: Future[StyleEntry] | None = None
        self._thread = ThreadPoolExecutor(1, "livebrush-anchor", initializer=yield_to_others)

    def paint(self, frame: Frame) -> Painted:
        """Return the painting of one frame, in the style that is ready."""
        if self._looking is not None and self._looking.done():
            self._take_up(self._looking)
            self._looking = None
        now_s = frame.time_s()
        due = self._next_look_s is None or now_s >= self._next_look_s
        if due and self._looking is None and self._player.wanted.path == self._ours.path:
            self._next_look_s = now_s + self._every_s
            self._looking = self._thread.submit(self._anchor.style_for, frame.image)
        return self._player.paint(frame)

    def interrupt(self) -> None:
        """Let a painting that hangs fail now: the run has ended."""
        self._player.interrupt()

    def close(self) -> None:
        """Wait for the look that is being taken."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _take_up(self, looked: Future[StyleEntry]) -> None:
        try:
            found = looked.result()
        except LivebrushError as error:
            self._player.tell(str(error))
            return
        if self._player.wanted.path == self._ours.path:  # else the viewer has asked for another meanwhile
            self._ours = found
            self._player.choose(found)


def _known(name: str, weight: float, hidden: Hidden) -> Source:
    identity = hashlib.sha256(hidden.tobytes()).hexdigest()
    return Source(name, f"hidden {identity}", weight, lambda _: hidden)


def _is_near(one: Hidden, other: Hidden) -> bool:
    return bool(np.linalg.norm(one - other) <= _SAME_SCENE * np.linalg.norm(other))
