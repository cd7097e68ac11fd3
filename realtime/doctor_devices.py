"""What the doctor says of cameras, the display and virtual cameras."""

from __future__ import annotations

import os
import sys

from realtime.camera_holders import camera_holders
from realtime.camera_list import ListedCamera, camera_modes, describe_modes, list_cameras
from realtime.display import why_no_window
from realtime.doctor import Check
from realtime.engine import is_installed
from realtime.virtual_devices import OBS, how_to_get_one, virtual_devices, why_not_listed

_NO_CAMERA = {
    "darwin": "open 'x-apple.systempreferences:com.apple.preference.security?Privacy_Camera'",
    "win32": "start ms-settings:privacy-webcam",
}


def cameras() -> list[Check]:
    """Look for cameras, without holding any."""
    virtual = {device.device for device in virtual_devices()}
    found = [camera for camera in list_cameras() if camera.device not in virtual]
    if not found:
        says = "none found; without one the demo scene is shown"
        return [Check("cameras", "none", "note", says, _NO_CAMERA.get(sys.platform))]
    return [_look_at(camera) for camera in found]


def _look_at(camera: ListedCamera) -> Check:
    if sys.platform == "linux" and not os.access(camera.device, os.R_OK | os.W_OK):
        mend = "sudo usermod -aG video $USER  # then log in again"
        return Check("cameras", camera.name, "note", f"{camera.device} may not be opened by you", mend)
    number = "?" if camera.number is None else str(camera.number)
    name = f"{number}: {camera.name}"
    holders = [] if camera.number is None else camera_holders(camera.number)
    modes = describe_modes(camera_modes(camera)) or "it does not tell its modes"
    if holders:
        mend = f"close {holders[0]}"
        return Check("cameras", name, "note", f"{' and '.join(holders)} may hold it; {modes}", mend)
    return Check("cameras", name, "ok", modes)


def display() -> list[Check]:
    """Look whether a window can be opened."""
    why_not = why_no_window()
    if why_not is None:
        return [Check("display", "window", "ok", "can be opened")]
    mend = "pip install --force-reinstall opencv-python" if "headless" in why_not else None
    return [Check("display", "window", "note", f"none: {why_not}; --no-window and --output work", mend)]


def virtual_camera() -> list[Check]:
    """Look for pyvirtualcam and devices for it."""
    group = "virtual camera"
    if not is_installed("pyvirtualcam"):
        package = Check(group, "pyvirtualcam", "note", "not installed", 'pip install "livebrush[virtualcam]"')
    else:
        package = Check(group, "pyvirtualcam", "ok", "installed")
    if sys.platform in ("win32", "darwin"):
        says = f"{OBS} cannot be seen before it is opened; if it fails:"
        return [package, Check(group, "device", "note", says, how_to_get_one())]
    devices = virtual_devices()
    if not devices:
        return [package, Check(group, "device", "note", "none", how_to_get_one())]
    checks = [package]
    for device in devices:
        why = why_not_listed(device)
        says = device.label if why is None else f"{device.label}; {why.partition('; ')[0]}"
        mend = None if why is None else why.partition("mend it with: ")[2]
        checks.append(Check(group, device.device, "ok" if why is None else "note", says, mend))
    return checks
