"""Styles that have no file yet, as users type them.

picture.jpg    random:7    a.jpg:0.6,b.jpg:0.4,starry_night:0.2

A part is a picture, a style's name or file, or random:SEED, and may be followed by a weight. Paths may hold
commas and colons: what exists as it stands is taken as it stands, and a weight is read from the right.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from realtime.errors import OptionError

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
EXAMPLE = "a.jpg:0.6,b.jpg:0.4"
_RANDOM = re.compile(r"random:(\d{1,18})")
_WEIGHT = re.compile(r"\d{1,9}(\.\d{0,9})?|\.\d{1,9}")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """One style of a mix.

    Args:
        text: a path, a name, or random:SEED.
        weight: its share; those of a whole mix add up to 1.
    """

    text: str
    weight: float = 1.0

    @property
    def seed(self) -> int | None:
        """SEED, if it is a random style."""
        found = _RANDOM.fullmatch(self.text)
        return None if found is None else int(found[1])


class UnknownPartError(Exception):
    """A part is nothing that exists. Args: text: of the part."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def parse_mix(text: str, names: Collection[str]) -> tuple[Part, ...]:
    """Return the parts of what was typed, their weights adding up to 1.

    Weights that do not add up are scaled, which is said through `logging`; without any, all are equal.

    Args:
        text: see the module's docstring.
        names: of the styles that have one.
    Raises:
        UnknownPartError: for the first part that is neither a name, nor a file, nor random:SEED.
        OptionError: if the weights make no sense.
    """
    parts = list(_parts(text, names))
    given = [weight for _, weight in parts if weight is not None]
    if given and len(given) < len(parts):
        missing = next(part for part, weight in parts if weight is None)
        raise OptionError(f"{missing} has no weight and others have; give all, such as {EXAMPLE}, or none")
    total = sum(given) if given else len(parts)
    if total == 0:
        raise OptionError(f"the weights of {text!r} are all 0; give one that is more")
    shares = [Part(part, (1 if weight is None else weight) / total) for part, weight in parts]
    if given and abs(total - 1) > 1e-6:
        says = ", ".join(f"{Path(share.text).name} {share.weight:.2f}" for share in shares)
        _log.warning("the weights of the mix add up to %g, not to 1: taken as %s", total, says)
    return tuple(shares)


def is_file(text: str) -> bool:
    """Tell whether this is the path of a file, whatever was typed."""
    try:
        return Path(text).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):  # too long, or no path at all
        return False


def _parts(text: str, names: Collection[str]) -> Iterator[tuple[str, float | None]]:
    """Yield parts and their weights. A comma ends a part only where what stands before it exists."""
    waiting: list[str] = []
    for piece in text.split(","):
        waiting.append(piece)
        part = _part(",".join(waiting).strip(), names)
        if part is not None:
            yield part
            waiting = []
    if waiting:
        name, weight = _split(waiting[0].strip())
        raise UnknownPartError(name if _WEIGHT.fullmatch(weight) else waiting[0].strip())


def _part(text: str, names: Collection[str]) -> tuple[str, float | None] | None:
    if _exists(text, names):
        return text, None
    name, weight = _split(text)
    if not _exists(name, names):
        return None
    if not _WEIGHT.fullmatch(weight):
        raise OptionError(f"the weight of {name} must be a number such as 0.6, got {weight!r}")
    return name, float(weight)


def _split(text: str) -> tuple[str, str]:
    name, _, weight = text.rpartition(":")
    return name.strip(), weight.strip()


def _exists(text: str, names: Collection[str]) -> bool:
    return text in names or _RANDOM.fullmatch(text) is not None or is_file(text)
