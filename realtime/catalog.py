"""Styles by name: the ones that ship, and the user's own in LIVEBRUSH_STYLES or ~/.livebrush/styles."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from realtime.contract import StyleContract, read_contract
from realtime.errors import (
    LivebrushError,
    OptionError,
    StyleFileError,
    StyleNotFoundError,
    StylePictureError,
)
from realtime.onnx_metadata import ONNX_SUFFIX, STEADY_SUFFIX
from realtime.package_metadata import PACKAGE_SUFFIX
from realtime.style_spec import PICTURE_SUFFIXES, Part, UnknownPartError, is_file, parse_mix

SUFFIX = ONNX_SUFFIX
SUFFIXES = (SUFFIX, PACKAGE_SUFFIX)  # where both have a name, it means the first


@dataclass(frozen=True)
class StyleEntry:
    """A style that can be opened.

    `name` is what the user types: the file's stem, whatever name the contract inside has.
    """

    name: str
    path: Path
    contract: StyleContract
    shipped: bool


@dataclass(frozen=True)
class Catalogue:
    """Every style in reach, sorted by name, and one line for each file that cannot be used."""

    styles: tuple[StyleEntry, ...]
    problems: tuple[str, ...]


def shipped_dir() -> Path:
    """Return the folder of the styles that come with Livebrush."""
    return Path(__file__).parent / "styles"


def user_dir() -> Path:
    """Return the folder of the user's own styles; it need not exist."""
    named = os.environ.get("LIVEBRUSH_STYLES")
    return Path(named).expanduser() if named else Path.home() / ".livebrush" / "styles"


def read_catalogue() -> Catalogue:
    """Read both folders. A user's style takes the place of a shipped one of the same name."""
    entries: dict[str, StyleEntry] = {}
    problems: list[str] = []
    for path, shipped in _style_files():
        try:
            entries[path.stem] = StyleEntry(path.stem, path, read_contract(path), shipped)
        except LivebrushError as error:
            problems.append(str(error))
    return Catalogue(tuple(entries[name] for name in sorted(entries)), tuple(problems))


def list_styles() -> list[StyleEntry]:
    """Return every style that can be used, sorted by name; `read_catalogue` also has the problems."""
    return list(read_catalogue().styles)


def find_style(text: str) -> StyleEntry:
    """Return the style that was typed: a name, FILE.onnx, a picture, random:SEED, or a mix of those.

    Of a picture or a mix the style is made, unless it is in the cache: see `realtime.style_spec`.

    Raises:
        StyleNotFoundError: no such name; offers the nearest ones.
        StyleFileError, ContractError: the file is missing or cannot be used.
        StylePictureError: a picture cannot be used.
        OptionError: a mix makes no sense.
    """
    files = {path.stem: (path, shipped) for path, shipped in _style_files()}
    if text in files:
        path, shipped = files[text]
        return StyleEntry(text, path, read_contract(path), shipped)
    if text.lower().endswith(SUFFIXES) and (is_file(text) or "," not in text):
        path = Path(text).expanduser()
        return StyleEntry(path.stem, path, read_contract(path), shipped=False)
    from realtime.made_style import make_style

    return make_style(parse_style(text))


def parse_style(text: str) -> tuple[Part, ...]:
    """Return what a style that was typed is mixed of; often one part.

    Raises:
        LivebrushError: if a part does not exist, or the mix makes no sense.
    """
    names = {path.stem for path, _ in _style_files()}
    try:
        return parse_mix(text, names)
    except UnknownPartError as unknown:
        raise _not_found(unknown.text, sorted(names)) from None


def find_style_files(text: str) -> tuple[Path, ...]:
    """Return the files that a style which was typed is made of; none for names and chance."""
    try:
        parts = parse_style(text)
    except LivebrushError:
        return ()
    return tuple(Path(part.text).expanduser() for part in parts if is_file(part.text))


def is_style(text: str) -> bool:
    """Tell whether this is the name or the file of a style, rather than a picture or a mix."""
    is_name = any(path.stem == text for path, _ in _style_files())
    return is_name or (text.lower().endswith(SUFFIXES) and (is_file(text) or "," not in text))


def _not_found(text: str, names: list[str]) -> LivebrushError:
    if text.lower().endswith(PICTURE_SUFFIXES):
        return StylePictureError(f"style picture {text} does not exist; check the path")
    if text.lower().endswith(SUFFIXES):
        return StyleFileError(f"style file {text} does not exist; check the path")
    if text.startswith("random:"):
        return OptionError(f"a random style is random: and a whole number, such as random:7; got {text!r}")
    lowered = text.lower().replace(" ", "_").replace("-", "_")
    return StyleNotFoundError(text, difflib.get_close_matches(lowered, names, n=3, cutoff=0.5))


def _style_files() -> Iterator[tuple[Path, bool]]:
    for folder, shipped in ((shipped_dir(), True), (user_dir(), False)):
        try:
            paths = sorted(folder.iterdir())
        except OSError:  # no such folder, or not ours to read: then there are no styles in it
            continue
        # The files that any engine runs come last, and take the place of others of the same name.
        for suffix in reversed(SUFFIXES):
            yield from (
                (path, shipped)
                for path in paths
                if path.suffix.lower() == suffix and not path.name.endswith(STEADY_SUFFIX) and path.is_file()
            )
