"""The folder beside an output where its pieces are kept until they are joined; and who may use it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from realtime.errors import SinkError
from realtime.film_scan import stamp
from realtime.media import reason
from realtime.segment_file import Record, flush_to_disk, read_record
from realtime.sinks import picture_number

WORK_FOLDER = ".livebrush"


@dataclass(frozen=True)
class Done:
    """What a finished output was made from, kept until the whole batch is done.

    Args:
        key: hash of all that made it.
        size: of the output, in bytes.
        changed_ns: when it was written.
        frames: in it.
        gaps: what of the film is not in it, one line each.
    """

    key: str
    size: int
    changed_ns: int
    frames: int
    gaps: Sequence[str]


@dataclass(frozen=True)
class Pieces:
    """Where the finished pieces of one output lie.

    Args:
        folder: that holds them.
    """

    folder: Path

    def piece(self, number: int) -> Path:
        """Return where a finished piece lies."""
        return self.folder / f"{number:06d}.segment"

    def record(self, number: int, key: str) -> Record | None:
        """Return the record of a piece that is whole and made from what this key says; else None."""
        record = read_record(self.piece(number))
        return record if record is not None and record.key == key else None


class FilmStore:
    """Pieces of one output, in `.livebrush/NAME/` beside it; one process at a time.

    Args:
        output: the file or folder that will come out.
    Raises:
        SinkError: it cannot be made, or another process is painting the same output.
    """

    def __init__(self, output: Path) -> None:
        self.output = output
        self.folder = work_folder(output)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = (self.folder / "lock").open("ab")
        except OSError as error:
            raise SinkError(f"{output} cannot be written: {reason(error)}") from error
        if not try_lock(self._lock):
            self._lock.close()
            raise SinkError(f"{output} is being painted by another process; wait for it, or stop it")
        for part in self.folder.glob("*.part"):  # of a process that was killed
            part.unlink(missing_ok=True)
        self.pieces = Pieces(self.folder)

    def join_path(self) -> Path:
        """Return where the output is put together: on the same disk, under another name."""
        return self.folder / f"joined{self.output.suffix.lower()}"

    def done(self, key: str) -> Done | None:
        """Return what is noted of the output; None if it was made otherwise, or is not as it was then."""
        try:
            done = Done(**json.loads((self.folder / "done.json").read_text(encoding="utf-8")))
            same = done.key == key and (done.size, done.changed_ns) == stamp(self.output)
        except (OSError, ValueError, TypeError):
            return None
        return done if same else None

    def finish(self, key: str, frames: int, gaps: Sequence[str]) -> None:
        """Give what was joined its final name, note that it is done, and let the pieces go.

        Args:
            key: hash of all that made it.
            frames: in it.
            gaps: what of the film is not in it, one line each.
        Raises:
            SinkError: it cannot be written.
        """
        joined = self.join_path()
        try:
            if joined.is_file():
                with joined.open("r+b") as file:
                    flush_to_disk(file)
                os.replace(joined, self.output)
            else:
                _move_pictures(joined, self.output)
        except OSError as error:
            raise SinkError(f"{self.output} cannot be written: {reason(error)}") from error
        noted = self._note_done(key, frames, gaps)
        for piece in self.folder.glob("*.segment"):
            piece.unlink(missing_ok=True)
        if not noted:  # the pieces have left room for it
            self._note_done(key, frames, gaps)

    def _note_done(self, key: str, frames: int, gaps: Sequence[str]) -> bool:
        """Note that the output is done; False on a disk that is full, where it would only be done again."""
        try:
            size, changed_ns = stamp(self.output)
            done = asdict(Done(key, size, changed_ns, frames, list(gaps)))
            (self.folder / "done.json").write_text(json.dumps(done), encoding="utf-8")
            return True
        except OSError:
            return False

    def close(self) -> None:
        """Let another process use it."""
        self._lock.close()

    def remove(self) -> None:
        """Forget everything, when nothing is left to go on with."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):  # others are still in it
            self.folder.parent.rmdir()


def work_folder(output: Path) -> Path:
    """Return where the pieces of an output lie."""
    return output.absolute().parent / WORK_FOLDER / output.name


def _move_pictures(joined: Path, output: Path) -> None:
    """Move the pictures to their place; what a longer film left there behind them is no part of this one."""
    output.mkdir(exist_ok=True)
    pictures = sorted(joined.iterdir())
    for picture in pictures:
        os.replace(picture, output / picture.name)
    joined.rmdir()
    for left in output.iterdir():
        number = picture_number(left)
        if number is not None and number >= len(pictures):
            left.unlink()


def try_lock(file: BinaryIO) -> bool:
    """Take a lock that the system gives back when the process ends, however it ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
