"""Films at addresses such as s3://bucket/film.mp4, by fsspec: read from a copy here, stored when whole.

A film is loaded to this disk before it is painted, since its packets are read more than once. The output
is put together here, too, and stored when it is whole: under its final name where that shows nothing
before the last byte (object stores), else under another name that is changed then. What is kept here to go
on with, is removed when all is done.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path, PurePosixPath
from typing import Any

from realtime.errors import LivebrushError, MissingExtraError, SinkError, SourceError
from realtime.media import reason
from realtime.source_folder import natural_key
from realtime.sources import redact

# Where nothing is to be seen under a name before all of it is there.
_WHOLE_OR_NOT = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oci", "oss"})


@dataclass(frozen=True)
class Remote:
    """A film at an address.

    Args:
        address: of the film.
        mark: changes when the film does.
        size: in bytes.
    """

    address: str
    mark: str
    size: int

    @property
    def name(self) -> str:
        """What the film is called, with its suffix."""
        return PurePosixPath(self.address).name


def is_address(word: str) -> bool:
    """Tell whether this is no path."""
    return "://" in word


def find_remote(word: str, suffixes: Collection[str]) -> list[Remote]:
    """Return the films that an address means: a file, a folder's films, or what matches *, ? and [].

    Args:
        word: the address.
        suffixes: that films have.
    Raises:
        SourceError: it means nothing, or cannot be reached.
    """
    with _told(word, "cannot be read", SourceError):
        files, path = _open(word)
        if files.isfile(path):
            found = [path]
        elif has_magic(word):
            found = [one for one in files.glob(path) if files.isfile(one)]
        else:
            found = list(files.ls(path, detail=False)) if files.isdir(path) else []
        if found != [path]:
            found = [one for one in found if PurePosixPath(one).suffix.lower() in suffixes]
        if not found:
            raise SourceError(f"{redact(word)}: there is no film")
        found.sort(key=lambda one: natural_key(Path(one)))
        return [
            Remote(files.unstrip_protocol(one), mark_of(files, one), int(files.size(one))) for one in found
        ]


def full_address(word: str) -> str:
    """Return an address as `find_remote` would say it.

    Raises:
        SinkError: of a kind that is not known.
    """
    with _told(word, "cannot be written", SinkError):
        files, path = _open(word)
        return str(files.unstrip_protocol(path))


def mark_of(files: Any, path: str) -> str:
    """Return what changes when a file does: its size, and its checksum or time of change."""
    facts = files.info(path)
    names = (
        "size",
        "ETag",
        "etag",
        "md5Hash",
        "mtime",
        "LastModified",
        "last_modified",
        "updated",
        "created",
    )
    told = sorted((name, str(facts[name])) for name in names if facts.get(name) is not None)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:32]


def fetch(remote: Remote, path: Path) -> None:
    """Load a film to this disk, unless it is there.

    Raises:
        SourceError: it cannot be loaded, or is another by now.
    """
    if path.is_file() and path.stat().st_size == remote.size:
        return
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with _told(remote.address, f"cannot be loaded to {path.parent}", SourceError):
        path.parent.mkdir(parents=True, exist_ok=True)
        files, place = _open(remote.address)
        check_same(remote)
        try:
            files.get_file(place, str(part))
            check_same(remote)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)


def check_same(remote: Remote) -> None:
    """Raise SourceError if what lies at the address is not what was found there."""
    with _told(remote.address, "cannot be read any more", SourceError):
        files, place = _open(remote.address)
        files.invalidate_cache()
        if mark_of(files, place) != remote.mark:
            raise SourceError(
                f"{redact(remote.address)} was changed while it was painted; run the same command again"
            )


def store(path: Path, address: str, note: Path) -> None:
    """Store a finished film at an address, unless it lies there already.

    Args:
        path: of the film here.
        address: where it goes.
        note: a file in which is noted what was stored.
    Raises:
        SinkError: it cannot be stored; nothing of it has the final name.
    """
    with _told(address, "cannot be written; what is painted is kept, run the same command again", SinkError):
        files, place = _open(address)
        files.invalidate_cache()
        mine = f"{path.stat().st_size} {path.stat().st_mtime_ns} "
        if note.is_file() and files.exists(place) and note.read_text() == mine + mark_of(files, place):
            return
        files.makedirs(files._parent(place), exist_ok=True)
        if _protocols(files) & _WHOLE_OR_NOT:
            files.put_file(str(path), place)
        else:
            part = f"{files._parent(place)}/.{PurePosixPath(place).name}.part"
            files.put_file(str(path), part)
            files.mv(part, place)
        files.invalidate_cache()
        note.write_text(mine + mark_of(files, place))


def scratch_folder(address: str) -> Path:
    """Return the folder of this disk where the output for an address is put together."""
    named = os.environ.get("LIVEBRUSH_CACHE")
    cache = Path(named).expanduser() if named else Path.home() / ".cache" / "livebrush"
    return cache / "films" / hashlib.sha256(address.encode()).hexdigest()[:32]


def forget(address: str) -> None:
    """Remove what was kept here for an output at an address."""
    shutil.rmtree(scratch_folder(address), ignore_errors=True)


def _open(address: str) -> tuple[Any, str]:
    try:
        open_address: Callable[[str], tuple[Any, str]] = importlib.import_module("fsspec.core").url_to_fs
    except ImportError as error:
        raise MissingExtraError("fsspec", "remote") from error
    return open_address(address)


def _protocols(files: Any) -> set[str]:
    protocol = files.protocol
    return {protocol} if isinstance(protocol, str) else set(protocol)


@contextmanager
def _told(address: str, what: str, kind: type[SourceError] | type[SinkError]) -> Iterator[None]:
    """Say in one line what went wrong; every kind of address raises errors of its own library."""
    try:
        yield
    except LivebrushError:
        raise
    except ImportError as error:  # fsspec names the package
        raise kind(f'{redact(address)}: {error}; for s3://: pip install "livebrush[remote]"') from error
    except FileNotFoundError as error:
        raise kind(f"{redact(address)} {what}: no such file or folder") from error
    except Exception as error:
        raise kind(f"{redact(address)} {what}: {reason(error)}") from error
