"""Styles by name: the ones that ship, and the user's own in LIVEBRUSH_STYLES or ~/.livebrush/styles."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from realtime.contract import StyleContract, read_contract
from realtime.errors import LivebrushError, StyleNotFoundError

SUFFIX = ".onnx"


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


def find_style(name_or_path: str) -> StyleEntry:
    """Return the style of that name, or in that ONNX file.

    Raises:
        StyleNotFoundError: no such name; offers the nearest ones.
        StyleFileError, ContractError: the file is missing or cannot be used.
    """
    if name_or_path.lower().endswith(SUFFIX):
        path = Path(name_or_path).expanduser()
        return StyleEntry(path.stem, path, read_contract(path), shipped=False)
    files = {path.stem: (path, shipped) for path, shipped in _style_files()}
    if name_or_path not in files:
        lowered = name_or_path.lower().replace(" ", "_").replace("-", "_")
        nearest = difflib.get_close_matches(lowered, sorted(files), n=3, cutoff=0.5)
        raise StyleNotFoundError(name_or_path, nearest)
    path, shipped = files[name_or_path]
    return StyleEntry(name_or_path, path, read_contract(path), shipped)


def _style_files() -> Iterator[tuple[Path, bool]]:
    for folder, shipped in ((shipped_dir(), True), (user_dir(), False)):
        try:
            paths = sorted(folder.iterdir())
        except OSError:  # no such folder, or not ours to read: then there are no styles in it
            continue
        yield from ((path, shipped) for path in paths if path.suffix.lower() == SUFFIX and path.is_file())
