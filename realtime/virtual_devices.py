"""Which virtual cameras there are, and the exact line that makes one where there is none.

Linux has them as devices of the v4l2loopback module; macOS and Windows as OBS's virtual camera, which
cannot be seen before it is opened.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

SYSTEM = Path("/sys")
OBS = "OBS Virtual Camera"
# Without exclusive_caps Chrome, and with it every meeting in a browser, does not list the device.
_LOAD = 'sudo modprobe v4l2loopback exclusive_caps=1 card_label="Livebrush"'
_START_OBS = "then start OBS once, press Start Virtual Camera, and quit it"
_HOW = {
    "linux": f"sudo apt-get install v4l2loopback-dkms && {_LOAD}",
    "darwin": f"brew install --cask obs, {_START_OBS}",
    "win32": f"winget install OBSProject.OBSStudio, {_START_OBS}",
}


@dataclass(frozen=True)
class VirtualDevice:
    """A virtual camera of Linux.

    Args:
        device: such as "/dev/video9".
        label: what other programs call it.
        exclusive_caps: False if browsers will not list it; None if that cannot be known.
        format_wh: the size that it is held to while another program has it open; None for any.
    """

    device: str
    label: str
    exclusive_caps: bool | None = None
    format_wh: tuple[int, int] | None = None


def virtual_devices(system: Path = SYSTEM) -> list[VirtualDevice]:
    """Return Linux's virtual cameras, by their numbers; empty elsewhere."""
    entries = [
        entry
        for entry in (system / "devices/virtual/video4linux").glob("video*")
        if entry.name[5:].isdecimal()
    ]
    entries.sort(key=lambda entry: int(entry.name[5:]))
    exclusive = _read(system / "module/v4l2loopback/parameters/exclusive_caps").split(",")
    return [
        VirtualDevice(
            f"/dev/{entry.name}",
            _read(entry / "name") or entry.name,
            {"Y": True, "N": False}.get(exclusive[place]) if place < len(exclusive) else None,
            _size_of(_read(entry / "format")),
        )
        for place, entry in enumerate(entries)
    ]


def find_device(name: str | None, devices: list[VirtualDevice]) -> str | None:
    """Return what pyvirtualcam calls a device; None for the first that there is.

    Args:
        name: a device such as "/dev/video9", its number, or what other programs call it.
        devices: that there are.
    """
    if name is None:
        return None
    if name.isdecimal() and os.name == "posix" and sys.platform != "darwin":
        return f"/dev/video{name}"
    return next((found.device for found in devices if found.label == name), name)


def how_to_get_one(platform: str = sys.platform, *, system: Path = SYSTEM) -> str:
    """Return the line that makes a virtual camera on this system."""
    if platform == "linux" and (system / "module/v4l2loopback").is_dir() and not virtual_devices(system):
        return f"sudo modprobe -r v4l2loopback && {_LOAD}"
    return _HOW.get(platform, "see https://github.com/letmaik/pyvirtualcam#supported-virtual-cameras")


def why_not_listed(device: VirtualDevice) -> str | None:
    """Return why browsers will not list a device, with the line that mends it; None if they will."""
    if device.exclusive_caps is not False:
        return None
    return f"browsers do not list {device.device}; mend it with: sudo modprobe -r v4l2loopback && {_LOAD}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _size_of(text: str) -> tuple[int, int] | None:
    """Return the size in what v4l2loopback says of its format, such as "YU12:640x480@30"."""
    found = re.search(r"(\d+)x(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None
