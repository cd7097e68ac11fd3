"""Masks of films: what each part of every frame is painted by, decided before anything is painted.

Pieces of a film are painted from anywhere on, by anybody; so masks go by the frame's number or time, and a
mask that remembers (a network's is steadied) begins anew with each piece, a few frames early.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from realtime.backdrop import Backdrop, find_backdrop
from realtime.errors import MaskError, OptionError, SourceError
from realtime.film_painter import piece_of
from realtime.film_scan import FilmScan, stamp
from realtime.mask import MaskSource, MaskSpec, open_mask, parse_mask
from realtime.mask_files import ClipMask, MaskClip, read_mask_clip
from realtime.masked_painter import MaskedPainter
from realtime.painter import Painter
from realtime.timing import StageTimes


@dataclass(frozen=True)
class FilmMask:
    """What is masked, and what stands in the rest.

    Args:
        specs: of --mask, then of each --label.
        styles: that paint the labels, by name.
        background: a backdrop's text, or the name of a style.
        clip: the masks beside the film; None where each frame has the same, or its own.
        digest: hash of all that makes a mask: files, networks, the picture behind.
        stamps: of those files, that tell whether they were written to.
    """

    specs: tuple[MaskSpec, ...]
    styles: tuple[str, ...]
    background: str
    clip: MaskClip | None
    digest: str
    stamps: Mapping[Path, tuple[int, int]] = field(default_factory=dict)

    @property
    def style_names(self) -> tuple[str, ...]:
        """Every style that paints beside the film's own."""
        behind = () if find_backdrop_kind(self.background) else (self.background,)
        return (*self.styles, *behind)

    @property
    def remembers(self) -> bool:
        """Whether masks are other ones after other frames."""
        return any(spec.kind == "network" for spec in self.specs)

    def note(self, scan: FilmScan) -> str | None:
        """Return what is to be said of the masks beside a film, in one line; None for nothing."""
        if self.clip is None or self.clip.masks >= scan.frames:
            return None
        masks, frames = self.clip.masks, scan.frames
        video = self.clip.video
        if video is None or masks == frames or not (scan.pts and video[0].pts):
            return f"{self.clip.path} has {masks} masks for {frames} frames; the last one stays"
        lasts_s, film_s = (_length_s(one) for one in (video[0], scan))
        if lasts_s >= film_s - 1.5 * scan.last_duration * scan.time_base:
            return None  # of another rate
        return f"{self.clip.path} ends at {float(lasts_s):.2f} s, before the film; the last mask stays"

    def check_unchanged(self) -> None:
        """Raise SourceError if a mask is not what it was when the film was begun."""
        for path, before in self.stamps.items():
            if _stamp(path) != before:
                raise SourceError(f"{path} was changed while it was used; run the same command again")


def find_backdrop_kind(text: str) -> bool:
    """Tell whether a background is a backdrop, and not a style."""
    return text in ("original", "blur") or text.startswith("picture:")


def read_film_mask(mask: str, background: str, labels: Mapping[str, str]) -> FilmMask:
    """Read what is masked; opened once, so that what is wrong with it is known at once.

    Args:
        mask: as it was typed.
        background: a backdrop's text, or the name of a style.
        labels: names of styles, by label.
    Raises:
        LivebrushError: naming what cannot be.
    """
    first = parse_mask(mask)
    if first.kind == "motion":
        raise OptionError(
            "--mask motion learns its background from frame to frame, and films are painted in pieces from "
            "anywhere on; use: python run_camera.py --mask motion --source FILM --output FILE"
        )
    specs = (first, *(first.with_label(label) for label in labels))
    clip = read_mask_clip(first.path) if first.kind == "clip" and first.path is not None else None
    for spec in specs:
        _open(spec, clip).close()
    files = [first.path] if first.path is not None and clip is None else []
    if clip is not None:
        files = list(clip.files) or [clip.path]
    if background.startswith("picture:"):
        find_backdrop(background)
        files.append(Path(background.removeprefix("picture:")).expanduser())
    digest = hashlib.sha256(repr([spec.labels for spec in specs]).encode())
    digest.update(repr([first.kind, first.text if first.kind == "key" else "", background]).encode())
    digest.update(_runtime().encode() if first.kind == "network" else b"")
    for file in files:
        digest.update(_hash(file))
    stamps = {file: _stamp(file) for file in files}
    return FilmMask(specs, tuple(labels.values()), background, clip, digest.hexdigest(), stamps)


def mask_painters(
    mask: FilmMask,
    front: Painter,
    style: Callable[[str], Painter],
    scan: FilmScan,
    times: StageTimes,
) -> MaskedPainter:
    """Return what paints every part of the frames; closed by the caller, who closes all of it with it.

    Args:
        mask: what is masked.
        front: paints what --mask means.
        style: returns what paints in a style, by its name.
        scan: of the film.
        times: takes the masks' times.
    """
    backdrop = find_backdrop(mask.background)
    rear: Painter | Backdrop = backdrop or style(mask.background)
    begin_s = (scan.pts[0] - scan.offset) * scan.time_base if scan.pts else None
    painters = [front, *(style(name) for name in mask.styles)]
    for painter, spec in reversed(list(zip(painters, mask.specs, strict=True))):
        source = _open(spec, mask.clip, scan.frames, begin_s)
        rear = MaskedPainter(painter, source, rear, times, None, scene=piece_of)
    assert isinstance(rear, MaskedPainter)
    return rear


def _open(
    spec: MaskSpec, clip: MaskClip | None, frames: int | None = None, begin_s: Fraction | None = None
) -> MaskSource:
    if clip is None:
        return open_mask(spec)
    return ClipMask(clip, spec.numbers, frames=frames, begin_s=begin_s)


def _length_s(scan: FilmScan) -> Fraction:
    return (scan.pts[-1] - scan.pts[0] + max(1, scan.last_duration)) * scan.time_base


def _runtime() -> str:
    """Return what runs mask networks here: another version may differ in the last bit."""
    for package in ("onnxruntime", "onnxruntime-gpu", "openvino"):
        try:
            return f"{package} {importlib.metadata.version(package)}"
        except importlib.metadata.PackageNotFoundError:
            continue
    return ""


def _hash(file: Path) -> bytes:
    try:
        return hashlib.sha256(file.read_bytes()).digest()
    except OSError as error:
        raise MaskError(f"{file} cannot be read: {error.strerror or error}") from error


def _stamp(path: Path) -> tuple[int, int]:
    try:
        return stamp(path)
    except OSError:
        return 0, 0
