"""Where a run's pictures go, decided once the source is known. Pure, but for looking which names are free."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from realtime.camera_config import CameraConfig
from realtime.captures import free_path
from realtime.errors import OptionError
from realtime.painter import LIVE_SHORT_SIDE, NetworkSize, SizeRule
from realtime.resolution import Resolution
from realtime.sources import SourceInfo
from realtime.steady import SteadyLevel

CLIP_S = 5.0
CLIP_FPS = 30.0  # of a source that does not say


@dataclass(frozen=True)
class Plan:
    """Where the pictures go.

    Args:
        window: they are shown.
        outputs: they are written there.
        unasked: nobody named that output.
        max_frames: end after this many; None for the source's end.
        network: size that the network sees; one on demand where a rate is wanted.
        watched: somebody watches them now, so that films are shown at their own pace.
        slide_show: pictures are shown one after another, the last until the viewer quits.
        steady: how steady the painting is kept.
    """

    window: bool
    outputs: tuple[Path, ...]
    unasked: bool
    max_frames: int | None
    network: SizeRule
    watched: bool
    slide_show: bool
    steady: SteadyLevel


def make_plan(config: CameraConfig, source: SourceInfo, *, window: bool, folder: Path) -> Plan:
    """Decide where the pictures go.

    With a window or a virtual camera and no output, what counts is that it runs in real time: then, as for
    everything live, the network sees no more than `LIVE_SHORT_SIDE` pixels on the shorter side. Where nothing
    would be seen at all, a short clip is written, unless only the statistics are wanted.

    Args:
        window: one is wanted and can be opened.
        folder: for a clip that nobody named.
    Raises:
        OptionError: if a rate is wanted of what has none.
    """
    outputs, max_frames = config.outputs, config.max_frames
    shown = window or config.virtual_camera is not None
    only_measured = not config.window and config.stats is not None
    unasked = not outputs and not shown and not only_measured
    if unasked and source.kind == "folder":
        outputs = (free_path(folder, f"livebrush_{config.style.name}", ""),)
    elif unasked:
        outputs = (free_path(folder, f"livebrush_{config.style.name}", ".mp4"),)
        max_frames = max_frames or round(CLIP_S * (source.fps or CLIP_FPS))
    seen_small = source.live or (shown and not outputs)
    if config.target_fps is not None:
        _check_has_rate(source, is_written=bool(outputs))
    return Plan(
        window=window,
        outputs=outputs,
        unasked=unasked,
        max_frames=max_frames,
        network=_size_rule(config, source, LIVE_SHORT_SIDE if seen_small else None),
        watched=shown,
        slide_show=source.kind == "folder" and window and not outputs,
        steady=config.steady or _steady_for(source),
    )


def _steady_for(source: SourceInfo) -> SteadyLevel:
    """Return what a source is steadied by: of a live one frames must not wait, and pictures are no film."""
    if source.kind == "folder":
        return "off"
    return "light" if source.live else "full"


def _size_rule(config: CameraConfig, source: SourceInfo, short_side: int | None) -> SizeRule:
    if config.target_fps is not None:
        # More than the source gives is never shown, and would cost size for nothing.
        reachable_fps = min(config.target_fps, source.fps or config.target_fps)
        return Resolution(reachable_fps, largest_wh=config.network_wh)
    return NetworkSize(config.network_wh, short_side)


def _check_has_rate(source: SourceInfo, *, is_written: bool) -> None:
    """Raise OptionError where no frame rate has to be kept: every frame is painted, however long it takes."""
    if source.kind == "folder":
        raise OptionError("--target-fps is for what moves, not for pictures; leave it out, or set --size")
    if is_written and not source.live:
        raise OptionError(
            f"--target-fps is for what is watched live; of {source.name} every frame is written, however "
            "long it takes: leave it out, or set --size"
        )
