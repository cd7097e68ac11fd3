"""A sequence of pictures as a film: one frame each, at an even rate."""

from __future__ import annotations

import hashlib
import re
from array import array
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from realtime.errors import SourceError
from realtime.film_scan import SEGMENT_FRAMES, FilmScan, Segment
from realtime.frame import Frame
from realtime.preprocess import resize
from realtime.source_folder import FPS, natural_key, read_picture
from realtime.sources import Clock, SourceInfo

_NUMBERED = re.compile(r"%0?(\d*)d")


def scan_pictures(
    name: Path, files: Sequence[Path], *, fps: Fraction | None = None, segment_frames: int = SEGMENT_FRAMES
) -> FilmScan:
    """Read every picture's bytes once.

    Args:
        name: the folder, or what else stands for all of them.
        files: in the order of the film.
        fps: pictures a second; None for 25, what ffmpeg, too, takes pictures for.
        segment_frames: in each piece.
    Raises:
        SourceError: one of them cannot be read.
    """
    digests = [_digest(file) for file in files]
    pieces: list[Segment] = []
    for first in range(0, len(files), segment_frames):
        end = first + segment_frames
        last = end >= len(files)
        digest = hashlib.sha256("".join(digests[first:end]).encode()).hexdigest()
        pieces.append(
            Segment(
                number=len(pieces),
                begin=None,
                first_pts=first or None,
                end_pts=None if last else end,
                first_index=first,
                end_index=None if last else end,
                digest=digest,
            )
        )
    return FilmScan(
        path=name,
        stamp=(0, 0),
        segments=tuple(pieces),
        seekable=True,
        pts=array("q", range(len(files))),
        time_base=1 / (fps or Fraction(FPS)),
        offset=0,
        last_duration=1,
        frames=len(files),
        digest=hashlib.sha256("".join(digests).encode()).hexdigest(),
        trouble="",
        files=tuple(files),
    )


def describe_pictures(scan: FilmScan) -> SourceInfo:
    """Return what the sequence promises; its first readable picture gives the size.

    Raises:
        SourceError: if none can be read.
    """
    for file in scan.files:
        image = read_picture(file)
        if image is not None:
            height, width = image.shape[:2]
            fps = float(1 / scan.time_base)
            return SourceInfo(scan.path.name, "folder", (width, height), fps, scan.frames, path=scan.path)
    raise SourceError(f"{scan.path}: none of its {scan.frames} picture files can be read")


def picture_frames(
    scan: FilmScan, segment: Segment, size_wh: tuple[int, int], lost: list[int], clock: Clock
) -> Iterator[Frame]:
    """Yield the pictures of one piece as frames, all of one size.

    Args:
        lost: takes the numbers of those that cannot be read.
    """
    for number in range(segment.first_index, segment.end_index or len(scan.files)):
        image = read_picture(scan.files[number])
        if image is None:
            lost.append(number)
        else:
            yield Frame(resize(image, size_wh), number, number, scan.time_base, clock())


def numbered_files(pattern: Path) -> list[Path]:
    """Return the files that a pattern such as shots/%04d.png means, by their numbers."""
    before, after = (re.escape(part) for part in _NUMBERED.split(pattern.name, maxsplit=1)[::2])
    wanted = re.compile(rf"{before}\d+{after}")
    if not pattern.parent.is_dir():
        return []
    return sorted((file for file in pattern.parent.iterdir() if wanted.fullmatch(file.name)), key=natural_key)


def is_numbered(path: Path) -> bool:
    """Tell whether a name stands for numbered pictures."""
    return _NUMBERED.search(path.name) is not None


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {error.strerror}") from error
