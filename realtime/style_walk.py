"""The line between two styles: sheets draw it, and keys walk it while a camera runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from realtime.catalog import StyleEntry, parse_style
from realtime.errors import OptionError
from realtime.made_style import Source, mix_styles, sources_of
from realtime.meta_file import find_meta_file
from realtime.style_maker import Hidden, StyleMaker

MOST_STEPS = 33
LIVE_STEPS = 9


class StyleWalk:
    """Where a viewer stands between two styles.

    Args:
        styles: on the line, from one end to the other.
    """

    def __init__(self, styles: Sequence[StyleEntry]) -> None:
        self._styles = tuple(styles)
        self._place = 0

    def move(self, steps: int) -> StyleEntry:
        """Go towards the last style, or back to the first, and return the style there."""
        self._place = min(max(self._place + steps, 0), len(self._styles) - 1)
        return self._styles[self._place]


def walk_styles(first: str, last: str, steps: int) -> list[StyleEntry]:
    """Return styles at equal distances on the line between two, both ends included.

    Args:
        first, last: pictures, names or mixes.
        steps: how many styles, from 2.
    Raises:
        LivebrushError: if one cannot be used.
    """
    if not 2 <= steps <= MOST_STEPS:
        raise OptionError(f"--steps must be from 2 to {MOST_STEPS}, got {steps}")
    maker = StyleMaker(find_meta_file())
    ends = [
        [_worked_out(source, maker) for source in sources_of(parse_style(text))] for text in (first, last)
    ]
    return [
        mix_styles(maker, [*_scaled(ends[0], 1 - share), *_scaled(ends[1], share)])
        for share in np.linspace(0, 1, steps).tolist()
    ]


def _worked_out(source: Source, maker: StyleMaker) -> Source:
    """Return a source whose hidden numbers are there, however often it is mixed."""
    found: Hidden = source.hidden(maker)
    return replace(source, hidden=lambda _: found)


def _scaled(sources: Sequence[Source], share: float) -> list[Source]:
    return [replace(source, weight=source.weight * share) for source in sources]
