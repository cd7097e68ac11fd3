"""The cameras of this machine by name, with the modes that they offer, as FFmpeg tells them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime.camera_again import SYSTEM, camera_name

MOST_MODES = 6
_FORMATS = {"linux": "v4l2", "win32": "dshow", "darwin": "avfoundation"}
_V4L2 = re.compile(r"(?:Raw|Compressed|R|C)\s*:\s*(\S+)\s*:.*:\s*((?:\d+x\d+\s*)+)")
_DSHOW = re.compile(r"(?:pixel_format|vcodec)=(\S+).*max s=(\d+x\d+) fps=([\d.]+)")
_AVFOUNDATION = re.compile(r"(\d+x\d+)@\[\S+ ([\d.]+)\]fps")


@dataclass(frozen=True)
class ListedCamera:
    """A camera.

    Args:
        number: for `--source`; None where it cannot be known.
        name: for people.
        device: what FFmpeg opens.
    """

    number: int | None
    name: str
    device: str


def list_cameras(platform: str = sys.platform, *, system: Path = SYSTEM) -> list[ListedCamera]:
    """Return the cameras that are plugged in, without opening any."""
    if platform == "linux":
        return _of_linux(system)
    found = _enumerate(_FORMATS.get(platform, ""))
    return [ListedCamera(number, name, device) for number, (device, name) in enumerate(found)]


def camera_modes(
    camera: ListedCamera, platform: str = sys.platform, *, ask: Callable[[str, str], list[str]] | None = None
) -> list[str]:
    """Return what a camera offers, such as "mjpeg 1280x720", largest first; empty if it does not tell.

    Args:
        camera: that is opened for it, unless another program holds it.
        platform: decides which of FFmpeg's devices is asked.
        ask: returns FFmpeg's lines for a device of a format; for tests.
    """
    return parse_modes((ask or _ask_ffmpeg)(_FORMATS.get(platform, ""), camera.device))


def parse_modes(lines: Sequence[str]) -> list[str]:
    """Return modes of FFmpeg's lines about a camera of any system, largest first, each once."""
    modes: list[str] = []
    for line in lines:
        if found := _V4L2.search(line):
            modes += [f"{found[1]} {size}" for size in found[2].split()]
        elif found := _DSHOW.search(line):
            modes.append(f"{found[1]} {found[2]} at {float(found[3]):g} fps")
        elif found := _AVFOUNDATION.search(line):
            modes.append(f"{found[1]} at {float(found[2]):g} fps")
    return sorted(dict.fromkeys(modes), key=_pixels, reverse=True)


def describe_modes(modes: Sequence[str]) -> str:
    """Return modes in one line, the largest ones."""
    shown = ", ".join(modes[:MOST_MODES])
    return shown + (f" and {len(modes) - MOST_MODES} more" if len(modes) > MOST_MODES else "")


def _of_linux(system: Path) -> list[ListedCamera]:
    """Return cameras; each has further entries, without pictures, whose index is not 0."""
    numbers = sorted(
        int(entry.name[5:])
        for entry in system.glob("video*")
        if entry.name[5:].isdecimal() and _index(entry) == 0
    )
    return [
        ListedCamera(number, camera_name(number, system) or f"camera {number}", f"/dev/video{number}")
        for number in numbers
    ]


def _index(entry: Path) -> int:
    try:
        return int((entry / "index").read_text())
    except (OSError, ValueError):
        return 0


def _enumerate(name: str) -> list[tuple[str, str]]:
    """Return device and name of each camera that FFmpeg knows of."""
    import av

    enumerate_devices: Any = getattr(av, "enumerate_input_devices", None)  # PyAV 17 has none
    if enumerate_devices is None:
        return []
    try:
        found = enumerate_devices(name)
    except (ValueError, av.FFmpegError):
        return []
    cameras = [device for device in found if "video" in getattr(device, "media_types", ["video"])]
    return [(str(device.name), str(device.description or device.name)) for device in cameras]


def _ask_ffmpeg(name: str, device: str) -> list[str]:
    """Return what FFmpeg logs when it is asked for a device's modes; it opens nothing then."""
    import av
    import av.logging

    options = {"v4l2": {"list_formats": "all"}, "dshow": {"list_options": "true"}}.get(name, {})
    file = f"video={device}" if name == "dshow" else device
    before = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        with av.logging.Capture(False) as logs:
            try:
                # Of a size that no camera has: avfoundation then says which it has.
                sized = {"video_size": "1x1"} if name == "avfoundation" else {}
                av.open(file, format=name, options={**options, **sized}).close()
            except (av.FFmpegError, ValueError):
                pass  # as it should: it was asked to list, not to open
        return [str(message) for _, _, message in logs]
    finally:
        av.logging.set_level(before)


def _pixels(mode: str) -> int:
    found = re.search(r"(\d+)x(\d+)", mode)
    return int(found[1]) * int(found[2]) if found else 0
