"""What the camera command was asked to do, checked before anything is opened."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime.backdrop import Backdrop
from realtime.catalog import StyleEntry
from realtime.composite import check_strength
from realtime.engine import EngineOptions
from realtime.errors import OptionError, SinkError
from realtime.guided import DEFAULT_DETAIL, check_detail
from realtime.mask import parse_mask
from realtime.painter import SizeWh
from realtime.sinks import takes_place_of
from realtime.steady import SteadyLevel

LARGEST_SIDE = 16384
HIGHEST_FPS = 240
_SIZE = re.compile(r"(\d{1,6})[xX\u00d7](\d{1,6})")


@dataclass(frozen=True)
class CameraConfig:
    """The options of `run_camera.py`.

    Args:
        style: what paints.
        source: camera number, demo, file, folder or address; None for camera 0, or without one the demo.
        outputs: video files, or folders for pictures.
        virtual_camera: name of a virtual camera that shows the painting, "" for the first; None for none.
        window: False for no window.
        max_frames: end after this many.
        network_wh: what the network sees; None for a size that fits the source.
        output_wh: the picture that comes out; None for the source's size.
        engine: engine, precision, device and threads.
        strength: 0 for the original, 1 for the painting.
        original_colors: the painting's light and dark with the frame's colours.
        detail: of the frame, that a painting of a smaller size is joined with, from 0 to 1.
        steady: how steady the painting is kept; None for what fits the source.
        towards: styles on the way from `style` to a second one, both included; empty for no second one.
        style_strength: 1 for the style as it is, down to 0 for the content's own; of styles made of pictures.
        mask: which part of a frame `style` paints, see `realtime.mask`; None for all of it.
        background: what stands in the rest: a style or a backdrop; None for the frame as it is. Only with a
            mask.
        labels: other labels of the same mask, each with the style that paints it.
        target_fps: frames a second that the network's size is chosen for, at most `network_wh`; None for
            a size that stays.
        stats: file for the statistics; None for none.
    Raises:
        LivebrushError: naming the first option that cannot be.
    """

    style: StyleEntry
    source: str | None = None
    outputs: tuple[Path, ...] = ()
    virtual_camera: str | None = None
    window: bool = True
    max_frames: int | None = None
    network_wh: SizeWh | None = None
    output_wh: SizeWh | None = None
    engine: EngineOptions = EngineOptions()  # noqa: RUF009
    strength: float = 1.0
    original_colors: bool = False
    detail: float = DEFAULT_DETAIL
    steady: SteadyLevel | None = None
    towards: tuple[StyleEntry, ...] = ()
    style_strength: float = 1.0
    mask: str | None = None
    background: StyleEntry | Backdrop | None = None
    labels: tuple[tuple[str, StyleEntry], ...] = ()
    target_fps: int | None = None
    stats: Path | None = None

    def __post_init__(self) -> None:
        check_strength(self.strength)
        check_detail(self.detail)
        if not 0 <= self.style_strength <= 1:
            raise OptionError(f"--style-strength must be from 0 to 1, got {self.style_strength:g}")
        if self.towards and self.style_strength < 1:
            raise OptionError("--towards and --style-strength both move the style; give one of them")
        if self.mask is None and self.background is not None:
            raise OptionError("--background is what stands around a mask; give --mask too")
        if self.labels and self.mask is None:
            raise OptionError("--label paints labels of a --mask; leave it out, or give --mask")
        if self.max_frames is not None and self.max_frames < 1:
            raise OptionError(f"--max-frames must be 1 or more, got {self.max_frames}")
        if self.target_fps is not None and not 1 <= self.target_fps <= HIGHEST_FPS:
            raise OptionError(f"--target-fps must be from 1 to {HIGHEST_FPS}, got {self.target_fps}")
        if self.network_wh is not None:
            self.style.contract.check_size(self.network_wh)
        self._check_places()

    def _check_places(self) -> None:
        for place, output in enumerate(self.outputs):
            check_place("--output", output, may_be_folder=True)
            self._check_keeps("--output", output)
            if any(takes_place_of(output, other) for other in self.outputs[:place]):
                raise OptionError(f"--output {output} is there twice; give two names")
        if self.stats is not None:
            check_place("--stats", self.stats)
            self._check_keeps("--stats", self.stats)
            if any(takes_place_of(self.stats, output) for output in self.outputs):
                raise OptionError(f"--output and --stats are both {self.stats}; give two files")

    def _check_keeps(self, option: str, path: Path) -> None:
        """Raise SinkError if what is written there would take the place of the source or of the masks."""
        source = None if self.source is None else Path(self.source).expanduser()
        masks = None if self.mask is None else parse_mask(self.mask).path
        for what, kept in (("source", source), ("mask", masks)):
            if kept is not None and takes_place_of(path, kept):
                raise SinkError(f"{option} {path} would overwrite the {what}; give another name")


def parse_size(option: str, text: str | None) -> SizeWh | None:
    """Return (width, height) of "WIDTHxHEIGHT"; None for None.

    Raises:
        OptionError: naming the option.
    """
    if text is None:
        return None
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise OptionError(f"{option} must be WIDTHxHEIGHT such as 640x360, got {text!r}")
    width, height = int(found[1]), int(found[2])
    if not (1 <= width <= LARGEST_SIDE and 1 <= height <= LARGEST_SIDE):
        raise OptionError(f"{option} must be from 1x1 to {LARGEST_SIDE}x{LARGEST_SIDE}, got {text}")
    return width, height


def check_place(option: str, path: Path, *, may_be_folder: bool = False) -> None:
    """Raise SinkError unless a file could be written at this path."""
    folder = path.parent
    if not folder.is_dir():
        raise SinkError(f"{option} {path}: there is no folder {folder}; make it first")
    if path.is_dir() and not may_be_folder:
        raise SinkError(f"{option} {path} is a folder; give a file")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise SinkError(f"{option} {path} cannot be written to; choose another place")


def write_json(option: str, path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON file, or raise SinkError naming the option that asked for it."""
    try:
        path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise SinkError(f"{option} {path} cannot be written: {error.strerror or error}") from error
