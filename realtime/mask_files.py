"""Masks that somebody has drawn: one picture for all frames, or a video or folder with one for each.

A mask beside a clip belongs to a frame, not to when it is asked for: films are painted in pieces, from
anywhere on. Masks of a folder, and of a video with as many frames as the clip, are counted; those of any
other video go by time, each clip's from its own first frame on, the nearest one. Where the masks end before
the clip, the last one stays, and that is said.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import cv2

from realtime.errors import MaskError, SourceError
from realtime.film_cut import FilmCut, window_of
from realtime.film_scan import FilmScan, scan_film
from realtime.film_source import FilmFrame, FilmSource
from realtime.frame import Frame
from realtime.mask import Alpha, FrameMask
from realtime.mask_labels import NEAR, labelled, listed, pick, read_labels
from realtime.source_folder import list_pictures, read_picture
from realtime.source_video import VideoSource
from realtime.sources import PICTURE_SUFFIXES, SourceInfo

_PIECE_FRAMES = 48  # of a mask video: where one can begin to read


class PictureMask(FrameMask):
    """One picture; see `realtime.mask.MaskSource`. It is stretched to the frame.

    Args:
        file: bright where it is meant.
        labels: that are meant instead, if any; see `realtime.mask_labels`.
    Raises:
        MaskError: if it cannot be read, or does not have a label.
    """

    def __init__(self, file: Path, labels: Sequence[int] = ()) -> None:
        self._alpha = _picture_alpha(file, labels)
        if labels:
            for label in labels:
                if not labelled(file, (label,)).any():
                    there = listed(read_labels(file))
                    raise MaskError(f"--mask {file} has no label {label}; it has {there}")

    def alpha(self, frame: Frame) -> Alpha:
        """Return the picture, whatever the frame."""
        return self._alpha


@dataclass(frozen=True)
class MaskClip:
    """A mask for each frame: what is known of it before one is read.

    Args:
        path: of the video or folder.
        files: of a folder, in natural order; empty for a video.
        video: of a video: its packets, what it promises, and the size of its frames as they are decoded.
    """

    path: Path
    files: tuple[Path, ...] = ()
    video: tuple[FilmScan, SourceInfo, tuple[int, int]] | None = None

    @property
    def masks(self) -> int:
        """How many there are."""
        return len(self.files) if self.video is None else self.video[0].frames


def read_mask_clip(path: Path) -> MaskClip:
    """Return what is known of a video of masks, or of a folder of pictures in natural order.

    Raises:
        MaskError: if there are no masks in it.
    """
    try:
        if path.is_dir():
            files = tuple(list_pictures(path))
            if not files:
                kinds = " ".join(sorted(PICTURE_SUFFIXES))
                raise MaskError(f"--mask {path} holds no pictures; looked for {kinds}")
            return MaskClip(path, files)
        scan, first = scan_film(path, segment_frames=_PIECE_FRAMES), VideoSource(path)
        first.close()
        return MaskClip(path, video=(scan, first.info, first.decoded_wh))
    except SourceError as error:
        raise MaskError(f"--mask {path}: {error}") from error


class ClipMask:
    """A mask for each frame of a clip; see this module, and `realtime.mask.MaskSource`.

    Args:
        clip: the masks.
        labels: that are meant; without them what is bright.
        frames: of the clip that is masked; None where nobody knows.
        begin_s: when its first frame is shown; None for the first frame that comes.
    """

    rough = False
    warm_up = 0

    def __init__(
        self,
        clip: MaskClip,
        labels: Sequence[int] = (),
        *,
        frames: int | None = None,
        begin_s: Fraction | None = None,
    ) -> None:
        self.notice: str | None = None
        self._clip, self._labels, self._begin_s = clip, tuple(labels), begin_s
        self._counted = clip.video is None or frames == clip.masks or not clip.video[0].pts
        self._source: FilmSource | None = None
        self._segment = -1  # of the masks, that is read
        self._at = -1  # number of the mask that was read last
        self._alpha: Alpha | None = None
        self.alpha_at(0)  # it can be read at all

    def alpha(self, frame: Frame) -> Alpha:
        """Return the mask of a frame.

        Raises:
            MaskError: if it cannot be read.
        """
        wanted = self._number_of(frame)
        if wanted >= self._clip.masks:
            wanted = self._clip.masks - 1
            self.notice = f"{self._clip.path} ends after {self._clip.masks} masks; the last one stays"
        return self.alpha_at(wanted)

    def alpha_at(self, number: int) -> Alpha:
        """Return a mask by its number, from 0; the next one if the video has lost it.

        Raises:
            MaskError: if it cannot be read.
        """
        if number != self._at or self._alpha is None:
            if self._clip.video is None:
                self._alpha = _picture_alpha(self._clip.files[number], self._labels)
                self._at = number
            else:
                self._read_to(number, self._clip.video)
        assert self._alpha is not None
        return self._alpha

    def forget(self) -> None:
        """There is nothing to forget: a mask belongs to its frame."""

    def close(self) -> None:
        """Close the file."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def _number_of(self, frame: Frame) -> int:
        """Return which mask a frame has; one behind the last where they have ended."""
        number, shown_s = place_of(frame)
        if self._counted or self._clip.video is None:
            return number
        if self._begin_s is None:
            self._begin_s = shown_s
        scan = self._clip.video[0]
        wanted = round((shown_s - self._begin_s) / scan.time_base) + scan.pts[0]
        if wanted >= scan.pts[-1] + max(1, scan.last_duration):
            return len(scan.pts)
        after = bisect_left(scan.pts, wanted)
        if after == 0 or after == len(scan.pts):
            return min(after, len(scan.pts) - 1)
        return after if scan.pts[after] - wanted <= wanted - scan.pts[after - 1] else after - 1

    def _read_to(self, number: int, video: tuple[FilmScan, SourceInfo, tuple[int, int]]) -> None:
        scan, info, decoded_wh = video
        held = [piece.number for piece in scan.segments if piece.first_index <= number]
        segment = held[-1] if held else 0
        if self._source is None or number <= self._at or segment > self._segment:
            self.close()
            cut = FilmCut()
            window = window_of(cut, scan)
            self._source = FilmSource(scan, scan.segments[segment:], cut, window, info, decoded_wh=decoded_wh)
            self._at = -1
        mask: Frame | None = None
        while self._at < number:
            mask = self._source.read()
            if not isinstance(mask, FilmFrame):
                raise MaskError(f"--mask {self._clip.path}: its masks from {number} on cannot be decoded")
            self._segment, self._at = mask.segment, mask.number
        assert mask is not None
        grey = cast(Alpha, cv2.cvtColor(mask.image, cv2.COLOR_BGR2GRAY))
        self._alpha = pick(grey, self._labels, near=NEAR) if self._labels else grey


def place_of(frame: Frame) -> tuple[int, Fraction]:
    """Return the number of a frame in the clip that it comes from, and when it is shown there, in seconds."""
    if isinstance(frame, FilmFrame):
        return frame.number, frame.taken_s
    return frame.index, frame.pts * frame.time_base


def _picture_alpha(file: Path, labels: Sequence[int]) -> Alpha:
    if labels:
        return labelled(file, labels)
    image = read_picture(file)
    if image is None:
        raise MaskError(f"--mask {file} cannot be read as a picture")
    return cast(Alpha, cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
