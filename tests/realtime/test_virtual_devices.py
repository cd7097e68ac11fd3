import sys
from pathlib import Path

import pytest

from realtime.virtual_devices import (
    VirtualDevice,
    find_device,
    how_to_get_one,
    virtual_devices,
    why_not_listed,
)


def make_device(system: Path, number: int, label: str, format_says: str | None = None) -> None:
    entry = system / "devices/virtual/video4linux" / f"video{number}"
    entry.mkdir(parents=True)
    (entry / "name").write_text(f"{label}\n")
    if format_says is not None:
        (entry / "format").write_text(format_says)


def load_module(system: Path, exclusive_caps: str) -> None:
    parameters = system / "module/v4l2loopback/parameters"
    parameters.mkdir(parents=True)
    (parameters / "exclusive_caps").write_text(exclusive_caps)


def test_devices_are_found_with_their_labels_by_their_numbers(tmp_path: Path) -> None:
    make_device(tmp_path, 10, "Stage", "YU12:640x480@30")
    make_device(tmp_path, 9, "Livebrush", "")
    load_module(tmp_path, "Y,N,N,N\n")
    assert virtual_devices(tmp_path) == [
        VirtualDevice("/dev/video9", "Livebrush", True, None),
        VirtualDevice("/dev/video10", "Stage", False, (640, 480)),
    ]


def test_elsewhere_than_on_linux_there_are_none(tmp_path: Path) -> None:
    assert virtual_devices(tmp_path) == []


def test_a_device_is_found_by_its_label_and_what_is_not_known_is_left_to_the_package() -> None:
    devices = [VirtualDevice("/dev/video9", "Livebrush")]
    assert find_device("Livebrush", devices) == "/dev/video9"
    assert find_device("Unity Video Capture", devices) == "Unity Video Capture"
    assert find_device(None, devices) is None


@pytest.mark.skipif(sys.platform != "linux", reason="numbers are Linux's")
def test_a_number_is_a_device_of_linux() -> None:
    assert find_device("7", []) == "/dev/video7"


@pytest.mark.parametrize(
    ("platform", "says"),
    [
        ("linux", "apt-get install v4l2loopback-dkms && sudo modprobe v4l2loopback exclusive_caps=1"),
        ("darwin", "brew install --cask obs"),
        ("win32", "winget install OBSProject.OBSStudio"),
        ("freebsd", "https://"),
    ],
)
def test_each_system_has_the_line_that_makes_a_device(tmp_path: Path, platform: str, says: str) -> None:
    assert says in how_to_get_one(platform, system=tmp_path)


def test_a_loaded_module_without_devices_is_loaded_anew(tmp_path: Path) -> None:
    load_module(tmp_path, "")
    assert how_to_get_one("linux", system=tmp_path).startswith("sudo modprobe -r v4l2loopback && sudo")


def test_a_device_that_browsers_do_not_list_says_why() -> None:
    line = why_not_listed(VirtualDevice("/dev/video9", "Livebrush", exclusive_caps=False))
    assert line is not None and "exclusive_caps=1" in line
    assert why_not_listed(VirtualDevice("/dev/video9", "Livebrush", exclusive_caps=True)) is None
    assert why_not_listed(VirtualDevice("/dev/video9", "Livebrush", exclusive_caps=None)) is None
