"""What a worker of a Ray cluster does: the same as a worker of this machine, on files of its own node.

Nothing here imports Ray. A worker finds the film and the folder of the pieces where the driver does, if
they are shared; a film at an address it loads to its own disk, once for each node; and pieces whose folder
it does not see it gives back as bytes. Styles come as bytes, and their engines stay open for the next piece.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from realtime.catalog import StyleEntry
from realtime.engine import Engine, EngineInfo, EngineOptions
from realtime.errors import EngineError, LivebrushError, SourceError
from realtime.film_plan import FilmPlan, versions
from realtime.film_remote import Remote, fetch
from realtime.film_scan import FilmScan, Segment, stamp
from realtime.film_store import Pieces, try_lock
from realtime.film_task import DONE, FAILED, PieceTask, do_task, open_engines

_open: dict[str, dict[str, Engine]] = {}  # of the styles used last, by what they are
_TOKEN = "shared"
_UNUSED_S = 86_400


@dataclass(frozen=True)
class Kit:
    """All that paints, as it travels to the nodes.

    Args:
        styles: by name; their files may not be there.
        files: bytes of each style's files, by style and file name.
        options: for the engines.
        versions: of Livebrush and FFmpeg where the film is read.
    """

    styles: Mapping[str, StyleEntry]
    files: Mapping[str, Mapping[str, bytes]]
    options: EngineOptions
    versions: list[Any]

    @property
    def digest(self) -> str:
        """Hash of all of it."""
        return hashlib.sha256(repr((sorted(self.styles), self.files, self.options)).encode()).hexdigest()


@dataclass(frozen=True)
class Job:
    """A film that is painted, as it travels to the nodes.

    Args:
        plan: of the film.
        pieces: where the driver keeps them.
        token: that lies beside them: who reads it sees the same folder.
        infos: what runs each style where it was first opened.
    """

    plan: FilmPlan
    pieces: Pieces
    token: str
    infos: Mapping[str, EngineInfo]


def pack(styles: Mapping[str, StyleEntry], options: EngineOptions) -> Kit:
    """Return what paints, read from the disk.

    Raises:
        EngineError: a file cannot be read.
    """
    try:
        files = {name: _files_of(entry.path) for name, entry in styles.items()}
    except OSError as error:
        raise EngineError(f"{error.filename} cannot be read: {error.strerror}") from error
    return Kit(dict(styles), files, options, versions())


def _files_of(path: Path) -> dict[str, bytes]:
    """Return the style file, and those of its name that an engine may want beside it."""
    return {file.name: file.read_bytes() for file in sorted(path.parent.glob(f"{path.stem}.*"))}


def leave_token(pieces: Pieces, token: str) -> None:
    """Leave what tells a worker that it sees this folder."""
    (pieces.folder / _TOKEN).write_text(token, encoding="utf-8")


def infos_here(kit: Kit) -> tuple[str, Any]:
    """Return `DONE` and what really runs each style on this node, or `FAILED` and why."""
    try:
        return DONE, {name: engine.info for name, engine in _engines(kit).items()}
    except LivebrushError as error:
        return FAILED, str(error)


def paint_here(kit: Kit, job: Job, segment: Segment, key: str) -> tuple[str, Any]:
    """Paint a piece on this node.

    Returns:
        `DONE`, and the piece's bytes where its folder is not shared, else None; or `FAILED` and why.
    """
    try:
        engines = _engines(kit)
        _check_same(job.infos, {name: engine.info for name, engine in engines.items()})
        plan = replace(job.plan, scan=_scan_here(job.plan, segment))
    except LivebrushError as error:
        return FAILED, str(error)
    if _sees(job):
        return _paint(plan, segment, job.pieces, key, engines)
    with tempfile.TemporaryDirectory(prefix="livebrush-") as folder:
        pieces = Pieces(Path(folder))
        kind, why = _paint(plan, segment, pieces, key, engines)
        return (kind, pieces.piece(segment.number).read_bytes()) if kind == DONE else (kind, why)


def _paint(
    plan: FilmPlan, segment: Segment, pieces: Pieces, key: str, engines: Mapping[str, Engine]
) -> tuple[str, Any]:
    task = PieceTask(plan, segment, pieces, key)
    kind, value = do_task(task, engines, threading.Event(), lambda: None)
    return (kind, None) if kind == DONE else (kind, value)


def _engines(kit: Kit) -> dict[str, Engine]:
    if versions() != kit.versions:
        raise EngineError(
            f"{socket.gethostname()} has {_named(versions())}, the film is read with "
            f"{_named(kit.versions)}; install the same on all nodes"
        )
    digest = kit.digest
    if digest not in _open:
        while _open:
            for engine in _open.popitem()[1].values():
                engine.close()
        _open[digest] = open_engines(_unpack(kit), kit.options)
    return _open[digest]


def _named(found: list[Any]) -> str:
    return f"Livebrush {found[0]} and PyAV {found[1]}"


def _unpack(kit: Kit) -> dict[str, StyleEntry]:
    """Write the style files to this node's disk; return them as entries of a catalogue."""
    folder = _scratch() / "styles"
    entries = {}
    for name, entry in kit.styles.items():
        digest = hashlib.sha256(repr(sorted(kit.files[name].items())).encode()).hexdigest()[:32]
        place = folder / digest
        place.mkdir(parents=True, exist_ok=True)
        for file, data in kit.files[name].items():
            write_whole(place / file, data)
        entries[name] = replace(entry, path=place / entry.path.name)
    return entries


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all, whoever else writes the same."""
    part = path.with_name(f"{path.name}.{socket.gethostname()}-{os.getpid()}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def _scratch() -> Path:
    user = str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    return Path(tempfile.gettempdir()) / f"livebrush-{user}"


def _check_same(expected: Mapping[str, EngineInfo], here: Mapping[str, EngineInfo]) -> None:
    """Raise EngineError if this node would paint with other engines: the film would change at the seams."""
    for name, info in expected.items():
        if here[name] != info:
            raise EngineError(
                f"{socket.gethostname()} paints {name} with {_said(here[name])}, other nodes with "
                f"{_said(info)}; choose what all have by --engine, --precision and --device"
            )


def _said(info: EngineInfo) -> str:
    return f"{info.name} {info.precision} on {info.device}, {info.threads} threads"


def _scan_here(plan: FilmPlan, segment: Segment) -> FilmScan:
    """Return the scan with the film's place on this node.

    Raises:
        SourceError: the film is not to be seen from here.
    """
    scan = plan.scan
    wanted = scan.files[segment.first_index : segment.end_index] if scan.files else (scan.path,)
    missing = [path for path in wanted if not path.is_file()]
    if not missing and (scan.files or _stamp(scan.path) == scan.stamp):
        return scan
    if plan.remote is not None:
        return replace(scan, path=_copy_here(plan.remote))
    raise SourceError(
        f"{socket.gethostname()} does not see {(missing or wanted)[0]} as it is where the command was "
        "given; put it into a folder that all nodes share, or at an address such as s3://"
    )


def _copy_here(remote: Remote) -> Path:
    """Load a film to this node, once for all its workers; copies that nobody used for a day are removed."""
    films = _scratch() / "films"
    path = films / hashlib.sha256(remote.address.encode()).hexdigest()[:32] / remote.mark / remote.name
    path.parent.mkdir(parents=True, exist_ok=True)
    while not path.is_file():
        with (path.parent / "lock").open("ab") as lock:
            if try_lock(lock):
                fetch(remote, path)
                continue
        time.sleep(0.2)
    os.utime(path.parent)
    for folder in films.glob("*/*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _UNUSED_S:
                shutil.rmtree(folder)
    return path


def _stamp(path: Path) -> tuple[int, int]:
    with suppress(OSError):
        return stamp(path)
    return 0, 0


def _sees(job: Job) -> bool:
    with suppress(OSError):
        return (job.pieces.folder / _TOKEN).read_text(encoding="utf-8") == job.token
    return False
