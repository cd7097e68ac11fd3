"""The page's own files, read once from its own folder: whatever is asked for, nothing else can be given."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
INDEX = "index.html"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True)
class PageFile:
    """A file of the page.

    Args:
        data: its bytes.
        media_type: what it is.
        etag: changes with its bytes.
    """

    data: bytes
    media_type: str
    etag: str


def read_files(folder: Path = FOLDER) -> dict[str, PageFile]:
    """Return the page's files by name."""
    files = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in TYPES and path.is_file():
            data = path.read_bytes()
            files[path.name] = PageFile(
                data, TYPES[path.suffix], f'"{hashlib.sha256(data).hexdigest()[:16]}"'
            )
    return files
