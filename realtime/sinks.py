"""Where painted frames go: one protocol, and the choice of a sink by the path the user gave.

| path                                     | sink                        |
| ---------------------------------------- | --------------------------- |
| none                                     | `NullSink`                  |
| ends in .mp4, .mkv or .mov               | `sink_video.VideoSink`      |
| a folder, or a name without a suffix     | `sink_pictures.PictureSink` |
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import TracebackType
from typing import Protocol

from realtime.errors import SinkError
from realtime.frame import Frame
from realtime.sources import SourceInfo

VIDEO_SUFFIXES = (".mp4", ".mkv", ".mov")
_PICTURE = re.compile(r"([0-9]{6}|[1-9][0-9]{6,})\.png")  # as a `PictureSink` names them


class Sink(Protocol):
    """Takes frames, from one thread; a context manager that closes at the end, whatever happened."""

    def write(self, frame: Frame) -> None:
        """Take one frame.

        Raises:
            SinkError: it cannot be written.
        """
        ...

    def close(self) -> None:
        """Finish: what was written so far is complete and can be opened. Closing again does nothing.

        Raises:
            SinkError: the end could not be written.
        """
        ...

    def __enter__(self) -> Sink: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class ClosingSink:
    """What sinks share: `with` closes them, and an error on the way out does not hide an earlier one."""

    def write(self, frame: Frame) -> None:
        """Take one frame."""
        raise NotImplementedError

    def close(self) -> None:
        """Finish."""
        raise NotImplementedError

    def __enter__(self) -> ClosingSink:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except SinkError:
            if error is None:
                raise


class NullSink(ClosingSink):
    """Takes frames and keeps nothing, for measuring and for runs that only show a window."""

    def write(self, frame: Frame) -> None:
        """Forget the frame."""

    def close(self) -> None:
        """Nothing to finish."""


def open_sink(output: str | Path | None, *, source: SourceInfo | None = None) -> Sink:
    """Return the sink for a path; see the table at the top of this module. Nothing is overwritten yet.

    Args:
        output: where to, None for nowhere.
        source: where the frames come from: its sound is copied, its rate and pixel shape kept, and an
            output that would overwrite it is refused.
    Raises:
        SinkError: the folder it lies in is missing, it cannot be written, its kind is not known, or it
            is the source itself.
    """
    if output is None:
        return NullSink()
    path = Path(output).expanduser()
    suffix = path.suffix.lower()
    folder = os.path.isdir(path) or not suffix or str(output).endswith(("/", os.sep))
    if not folder and suffix not in VIDEO_SUFFIXES:
        raise SinkError(
            f"{path} cannot be written: {suffix} is not supported; end it in {', '.join(VIDEO_SUFFIXES)} "
            "for a video, or name a folder for pictures"
        )
    refuse_overwriting(path, source)
    if folder:
        from realtime.sink_pictures import PictureSink

        return PictureSink(path)
    from realtime.sink_video import VideoSink

    return VideoSink(path, source=source)


def refuse_overwriting(output: Path, source: SourceInfo | None) -> None:
    """Raise SinkError if writing to `output` would change the source; see `takes_place_of`."""
    if source is None or source.path is None or not takes_place_of(output, source.path):
        return
    what = "the input itself" if os.path.samefile(output, source.path) else f"where {source.path} lies"
    raise SinkError(f"{output} is {what}; give --output another name")


def takes_place_of(output: Path, kept: Path) -> bool:
    """Tell whether writing to `output` would change what is kept: the same file or folder, or a link to it.

    A folder's pictures are numbered: one that is kept in it under such a name would be written over.
    """
    try:
        if output.samefile(kept):
            return True
        in_it = output.is_dir() and output.samefile(kept.parent)
    except (OSError, ValueError):  # one of them does not exist yet
        return output.absolute() == kept.absolute()
    return in_it and picture_number(kept) is not None


def picture_number(file: Path) -> int | None:
    """Return the number of a picture that is named as ours are, 000000.png and on; None for others."""
    found = _PICTURE.fullmatch(file.name)
    return int(found[1]) if found else None


def require_folder(path: Path) -> None:
    """Raise SinkError unless the folder that `path` will lie in exists."""
    parent = path.absolute().parent
    if not parent.exists():
        raise SinkError(f"{path} cannot be written: the folder {parent} does not exist; create it first")
    if not parent.is_dir():
        raise SinkError(f"{path} cannot be written: {parent} is no folder")
