"""The networks that ship are what they were when they shipped: their SHA-256 is compared at load.

`python -m realtime.shipped_hashes` writes the list anew after a network was changed on purpose.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from realtime.errors import StyleFileError

PACKAGE = Path(__file__).parent
MANIFEST = PACKAGE / "models" / "SHA256.json"
FOLDERS = ("styles", "models")
# Neither can hold code: ONNX is a graph of known operators, and npz is read with allow_pickle=False.
SUFFIXES = (".onnx", ".npz")


def network_files(package: Path = PACKAGE) -> list[Path]:
    """Return the networks of the folders that ship, sorted."""
    return sorted(
        file for folder in FOLDERS for file in (package / folder).glob("*") if file.suffix in SUFFIXES
    )


def hash_file(file: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def make_manifest(package: Path = PACKAGE) -> dict[str, str]:
    """Return the hash of every network that ships, by its place in the package."""
    return {file.relative_to(package).as_posix(): hash_file(file) for file in network_files(package)}


def write_manifest(package: Path = PACKAGE) -> Path:
    """Write the list of hashes, and return its path."""
    path = package / MANIFEST.relative_to(PACKAGE)
    path.write_text(json.dumps(make_manifest(package), indent=2) + "\n", encoding="utf-8")
    return path


def check_shipped(file: Path, manifest: Mapping[str, str] | None = None, package: Path = PACKAGE) -> None:
    """Raise StyleFileError if a network that ships is not what it was; other files are not looked at.

    A file that was found good is read again only once it has changed.

    Args:
        file: that is about to be loaded.
        manifest: hashes by place in the package; None for the list that ships.
        package: where it lies.
    """
    place = _place(file, package)
    if place is None:
        return
    expected = (_manifest() if manifest is None else manifest).get(place)
    if expected is None:
        return  # somebody's own, put there by hand: nothing was promised of it
    state = os.stat(file)
    if _hash_of(file, state.st_mtime_ns, state.st_size) != expected:
        raise StyleFileError(
            f"{file} is not the network that ships with Livebrush: it is damaged or was replaced; install "
            "Livebrush again, or give your own file another place"
        )


def _place(file: Path, package: Path) -> str | None:
    """Return the place in the package of a file in one of its folders; None for all others."""
    try:
        place = file.absolute().relative_to(package)
    except ValueError:
        return None
    return place.as_posix() if file.exists() and len(place.parts) == 2 and place.parts[0] in FOLDERS else None


@cache
def _manifest() -> Mapping[str, str]:
    try:
        return dict(json.loads(MANIFEST.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise StyleFileError(f"{MANIFEST} cannot be read; install Livebrush again") from error


@cache
def _hash_of(file: Path, _changed_ns: int, _size: int) -> str:
    return hash_file(file)


if __name__ == "__main__":
    print(f"wrote {write_manifest()}")
    sys.exit(0)
