"""Styles and strengths that change and cross-fade at given times: what --timeline reads.

    [{"at": 0, "style": "starry_night"},
     {"at": "1:05.5", "style": "udnie", "fade": 2},
     {"at": 80, "strength": 0.4, "fade": 1}]

Times are of the film that goes in, in seconds or as H:MM:SS. A change begins at its time and takes `fade`
seconds, none without it. What a change does not name stays as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path
from typing import Any

from realtime.composite import check_strength
from realtime.errors import OptionError

_TIME = re.compile(r"(?:(?:(\d+):)?(\d{1,2}):)?(\d+(?:\.\d+)?)")
LONGEST_S = 10**9  # thirty years
_LONGEST_TEXT = 40
_FIELDS = ("at", "style", "strength", "fade")


@dataclass(frozen=True)
class Change:
    """One entry of a timeline.

    Args:
        at_s: when it begins, in seconds of the film.
        style: that paints from then on; None for no change.
        strength: from then on, 0 for the original, 1 for the painting; None for no change.
        fade_s: seconds that the change takes.
    """

    at_s: Fraction
    style: str | None = None
    strength: float | None = None
    fade_s: Fraction = Fraction(0)


@dataclass(frozen=True)
class Mix:
    """What paints at one moment: the share of each style, which add up to 1, and the strength."""

    shares: Mapping[str, float]
    strength: float


@dataclass(frozen=True)
class StyleTimeline:
    """What paints, from beginning to end.

    Args:
        style: at the beginning.
        strength: at the beginning.
        changes: by time.
    """

    style: str
    strength: float = 1.0
    changes: tuple[Change, ...] = ()

    @property
    def styles(self) -> tuple[str, ...]:
        """Every style that paints at some time, the first one first, none twice."""
        named = (change.style for change in self.changes if change.style is not None)
        return tuple(dict.fromkeys((self.style, *named)))

    def at(self, moment_s: Fraction) -> Mix:
        """Return what paints at a moment.

        A fade that begins within another of its kind starts from what is seen then; a style goes on fading
        while the strength changes, and the other way round.
        """
        shares, strength = {self.style: 1.0}, self.strength
        for change, done in _begun([one for one in self.changes if one.style is not None], moment_s):
            assert change.style is not None
            shares = {style: part * (1 - done) for style, part in shares.items()}
            shares[change.style] = shares.get(change.style, 0.0) + done
            shares = {style: part for style, part in shares.items() if part > 0}
        for change, done in _begun([one for one in self.changes if one.strength is not None], moment_s):
            assert change.strength is not None
            strength += (change.strength - strength) * done
        return Mix(shares, strength)


def _begun(changes: Sequence[Change], moment_s: Fraction) -> Iterator[tuple[Change, float]]:
    """Yield the changes that have begun, and how much of each is done, from 0 to 1, when the next begins."""
    for change, following in zip_longest(changes, changes[1:]):
        if change.at_s > moment_s:
            return
        until_s = moment_s if following is None else min(moment_s, following.at_s)
        since_s = until_s - change.at_s
        yield change, 1.0 if since_s >= change.fade_s else float(since_s / change.fade_s)


def read_timeline(path: Path, style: str, strength: float = 1.0) -> StyleTimeline:
    """Read a timeline.

    Args:
        path: a JSON file.
        style: until the first change of style.
        strength: until the first change of strength.
    Raises:
        OptionError: it cannot be read, or an entry of it cannot be; names the entry.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    # RecursionError: deeply nested JSON. All of it comes from a file that anyone may have written.
    except (OSError, ValueError, RecursionError) as error:
        raise OptionError(f"--timeline {path} cannot be read: {_short(error)}") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries) or not entries:
        raise OptionError(f'--timeline {path} must be a list such as [{{"at": 0, "style": "udnie"}}]')
    changes = [_change(entry, f"--timeline {path}, entry {n}") for n, entry in enumerate(entries, 1)]
    changes.sort(key=lambda change: change.at_s)
    timeline = StyleTimeline(style, strength, tuple(changes))
    first = timeline.at(Fraction(0))
    if changes[0].at_s == 0 and not changes[0].fade_s and changes[0].style is not None:
        timeline = replace(timeline, style=changes[0].style, strength=first.strength)  # one network less
    return timeline


def _change(entry: dict[str, Any], where: str) -> Change:
    unknown = sorted(set(entry) - set(_FIELDS))
    if unknown:
        raise OptionError(f"{where}: {_short(repr(unknown[0]))} is not one of {', '.join(_FIELDS)}")
    if "at" not in entry:
        raise OptionError(f'{where}: "at" is missing: when the change begins, in seconds')
    style, strength = entry.get("style"), entry.get("strength")
    if style is None and strength is None:
        raise OptionError(f"{where}: neither a style nor a strength changes")
    if style is not None and not isinstance(style, str):
        raise OptionError(f"{where}: style must be a name, got {_short(repr(style))}")
    if strength is not None:
        if isinstance(strength, bool) or not isinstance(strength, (int, float)):
            raise OptionError(f"{where}: strength must be a number from 0 to 1, got {_short(repr(strength))}")
        check_strength(strength)
    return Change(
        parse_time(entry["at"], f"{where}: at"),
        style,
        strength,
        parse_time(entry.get("fade", 0), f"{where}: fade"),
    )


def parse_time(value: object, what: str) -> Fraction:
    """Return seconds of a number, or of a text such as 83.5, 1:23.5 or 0:01:23.5.

    Raises:
        OptionError: naming what was to be a time.
    """
    # Not isfinite: that fails on a whole number too large for a float. NaN is within no bounds.
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= LONGEST_S:
        return Fraction(str(value))
    found = _TIME.fullmatch(value.strip()) if isinstance(value, str) and len(value) <= _LONGEST_TEXT else None
    if found is None:
        raise OptionError(f"{what} must be seconds or H:MM:SS, got {_short(repr(value))}")
    hours, minutes, seconds = found[1] or 0, found[2] or 0, found[3]
    return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)


def _short(said: object) -> str:
    text = " ".join(str(said).split())
    return text if len(text) <= 80 else text[:77] + "..."
