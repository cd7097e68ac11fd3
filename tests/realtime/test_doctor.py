"""The doctor: what is found, what mends what is missing, and an exit code that means something."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from realtime import doctor_devices, doctor_engines, doctor_system
from realtime.camera_list import ListedCamera, camera_modes, describe_modes, list_cameras, parse_modes
from realtime.catalog import StyleEntry
from realtime.cli import main
from realtime.doctor import Check, all_parts, examine, is_well
from realtime.engine import Engine, EngineOptions
from realtime.errors import EngineError, StyleFileError
from realtime.testing import FakeClock, IdentityEngine
from realtime.virtual_devices import VirtualDevice

# As FFmpeg logs them, on Linux (two versions), Windows and macOS.
V4L2_LINES = [
    "Compressed:       mjpeg :          Motion-JPEG : 640x480 1280x720 1920x1080\n",
    "Raw       :     yuyv422 :           YUYV 4:2:2 : 640x480 320x240\n",
]
OLD_V4L2_LINES = ["R : yuyv422 : YUV 4:2:2 (YUYV) : 640x480 160x90\n", "C : mjpeg : MJPEG : 1280x720\n"]
DSHOW_LINES = [
    "  pixel_format=yuyv422  min s=640x480 fps=5 max s=640x480 fps=30\n",
    "  vcodec=mjpeg  min s=1280x720 fps=5 max s=1280x720 fps=30\n",
    "  vcodec=mjpeg  min s=1280x720 fps=5 max s=1280x720 fps=30\n",
]
AVFOUNDATION_LINES = [
    "Supported modes:\n",
    "  640x480@[15.000000 30.000000]fps\n",
    "  1280x720@[1.0 60.0]fps\n",
]


@pytest.mark.parametrize(
    ("lines", "modes"),
    [
        (
            V4L2_LINES,
            ["mjpeg 1920x1080", "mjpeg 1280x720", "mjpeg 640x480", "yuyv422 640x480", "yuyv422 320x240"],
        ),
        (OLD_V4L2_LINES, ["mjpeg 1280x720", "yuyv422 640x480", "yuyv422 160x90"]),
        (DSHOW_LINES, ["mjpeg 1280x720 at 30 fps", "yuyv422 640x480 at 30 fps"]),
        (AVFOUNDATION_LINES, ["1280x720 at 60 fps", "640x480 at 30 fps"]),
        (["Immediate exit requested"], []),
    ],
)
def test_modes_are_read_from_what_ffmpeg_logs_on_every_system(lines: list[str], modes: list[str]) -> None:
    assert parse_modes(lines) == modes


def test_of_many_modes_the_largest_are_said() -> None:
    assert describe_modes(["a", "b"]) == "a, b"
    assert describe_modes([str(n) for n in range(9)]) == "0, 1, 2, 3, 4, 5 and 3 more"


def plug_in(system: Path, number: int, name: str, index: int = 0) -> None:
    entry = system / f"video{number}"
    entry.mkdir(parents=True)
    (entry / "name").write_text(f"{name}\n")
    (entry / "index").write_text(f"{index}\n")


def test_cameras_of_linux_are_listed_by_name_without_their_further_entries(tmp_path: Path) -> None:
    plug_in(tmp_path, 10, "Stage")
    plug_in(tmp_path, 0, "Built-in")
    plug_in(tmp_path, 1, "Built-in", index=1)  # metadata, no pictures
    assert list_cameras("linux", system=tmp_path) == [
        ListedCamera(0, "Built-in", "/dev/video0"),
        ListedCamera(10, "Stage", "/dev/video10"),
    ]


def test_the_device_is_asked_by_the_systems_own_format() -> None:
    asked: list[tuple[str, str]] = []

    def ask(name: str, device: str) -> list[str]:
        asked.append((name, device))
        return V4L2_LINES

    assert camera_modes(ListedCamera(0, "Built-in", "/dev/video0"), "linux", ask=ask)[0] == "mjpeg 1920x1080"
    assert asked == [("v4l2", "/dev/video0")]


def test_a_device_that_is_none_has_no_modes_and_breaks_nothing(tmp_path: Path) -> None:
    file = tmp_path / "video0"
    file.write_bytes(b"no camera")
    assert camera_modes(ListedCamera(0, "x", str(file)), "linux") == []


def test_cameras_say_their_modes_and_who_holds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [ListedCamera(0, "Built-in", "/dev/video0"), ListedCamera(9, "Livebrush", "/dev/video9")]
    monkeypatch.setattr(doctor_devices, "list_cameras", lambda: found)
    monkeypatch.setattr(
        doctor_devices, "virtual_devices", lambda: [VirtualDevice("/dev/video9", "Livebrush", False)]
    )
    monkeypatch.setattr(doctor_devices, "camera_modes", lambda camera: ["mjpeg 1280x720"])
    monkeypatch.setattr(doctor_devices.os, "access", lambda path, mode: True)
    assert doctor_devices.cameras() == [Check("cameras", "0: Built-in", "ok", "mjpeg 1280x720")]
    monkeypatch.setattr(doctor_devices, "camera_holders", lambda number: ["zoom (41)"])
    (held,) = doctor_devices.cameras()
    assert (held.state, held.mend) == ("note", "close zoom (41)")


@pytest.mark.skipif(sys.platform != "linux", reason="v4l2loopback is Linux's")
def test_a_virtual_camera_that_browsers_do_not_list_has_the_line_that_mends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        doctor_devices, "virtual_devices", lambda: [VirtualDevice("/dev/video9", "Livebrush", False)]
    )
    device = doctor_devices.virtual_camera()[-1]
    assert (device.name, device.state) == ("/dev/video9", "note")
    assert device.mend is not None and device.mend.startswith("sudo modprobe -r v4l2loopback && ")


@pytest.mark.skipif(sys.platform != "linux", reason="v4l2loopback is Linux's")
def test_without_a_virtual_camera_the_line_makes_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_devices, "virtual_devices", list)
    monkeypatch.setattr(doctor_devices, "is_installed", lambda package: False)
    package, device = doctor_devices.virtual_camera()
    assert package.mend == 'pip install "livebrush[virtualcam]"'
    assert device.mend is not None and "exclusive_caps=1" in device.mend


def test_no_display_is_no_breakage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_devices, "why_no_window", lambda: "no display (DISPLAY is not set)")
    (check,) = doctor_devices.display()
    assert check.state == "note" and "DISPLAY is not set" in check.says


def test_an_engine_says_what_really_runs_and_how_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    engine = IdentityEngine(before_infer=lambda painted: clock.advance(0.1))
    check = doctor_engines._look_at("openvino", lambda style, options: engine, clock)
    assert check.state == "ok"
    assert check.says.endswith("fp32, test, 1 threads; starry_night at 640x360: 10 fps")
    assert engine.closed
    assert engine.prepared_wh == [(640, 360)]


def test_an_engine_that_does_not_run_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(style: StyleEntry, options: EngineOptions) -> Engine:
        raise EngineError("no such device")

    check = doctor_engines._look_at("onnxruntime", fail)
    assert (check.state, check.mend) == ("note", 'pip install --force-reinstall "livebrush[cpu]"')
    assert "no such device" in check.says


def test_without_any_engine_a_show_cannot_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_engines, "is_installed", lambda package: False)
    checks = doctor_engines.engines()
    assert not is_well(checks)
    assert checks[-1].mend == 'pip install "livebrush[cpu]"'


def test_a_network_that_was_changed_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(file: Path) -> None:
        if file.name == "udnie.onnx":
            raise StyleFileError("udnie.onnx is not the network that ships")

    monkeypatch.setattr(doctor_system, "check_shipped", changed)
    broken = [check for check in doctor_system.networks() if check.state == "broken"]
    assert [check.name for check in broken] == ["udnie.onnx"]


def test_without_h264_nothing_can_be_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_system, "_encodes", lambda encoder: encoder == "gif")
    writes = doctor_system.codecs()[0]
    assert (writes.state, writes.says.partition(" ")[0]) == ("broken", "gif")
    assert writes.mend is not None


def test_an_extra_that_is_not_whole_has_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_system, "is_installed", lambda package: package != "aiortc")
    web, ray = doctor_system.extras()
    assert (web.state, web.mend) == ("note", 'pip install "livebrush[web]"')
    assert web.says.startswith("aiortc not installed")
    assert ray.state == "ok"


def test_the_extras_are_those_of_the_package() -> None:
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    for extra, packages in doctor_system._EXTRAS.items():
        (line,) = [line for line in project.splitlines() if line.startswith(f"{extra} = ")]
        remote = next(line for line in project.splitlines() if line.startswith("remote = "))
        assert all(f'"{package}>=' in line + remote for package in packages)


def test_this_ffmpeg_writes_h264_and_no_codec_of_a_name_that_is_none() -> None:
    assert doctor_system._encodes("libx264")
    assert not doctor_system._encodes("libx1234")


def test_little_room_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usage = SimpleNamespace(total=10**12, used=10**12, free=5 * 10**8)
    monkeypatch.setattr(doctor_system.shutil, "disk_usage", lambda path: usage)
    check = doctor_system._folder("here", tmp_path)
    assert (check.state, check.mend) == ("note", "make room there")
    assert "0.5 GB free" in check.says


def test_a_folder_that_is_not_there_yet_is_judged_by_the_one_it_will_lie_in(tmp_path: Path) -> None:
    check = doctor_system._folder("cache", tmp_path / "a" / "b")
    assert check.state == "ok" and "made when it is needed" in check.says


def test_a_part_that_fails_is_a_check_and_the_rest_is_seen() -> None:
    def fails() -> list[Check]:
        raise OSError("the driver\nis gone")

    seen: list[str] = []
    parts: dict[str, Callable[[], list[Check]]] = {
        "cameras": fails,
        "folders": lambda: [Check("folders", "here", "ok", "x")],
    }
    checks = examine(parts, seen.append)
    assert seen == ["cameras", "folders"]
    assert [check.state for check in checks] == ["broken", "ok"]
    assert checks[0].says == "it could not be looked at (OSError: the driver is gone)"


@pytest.mark.parametrize(("broken", "exit_code"), [(False, 0), (True, 1)])
def test_the_exit_code_tells_whether_a_show_can_run(
    broken: bool, exit_code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = [
        Check("cameras", "none", "note", "none found", "plug one in"),
        Check("engines", "any", "broken" if broken else "ok", "[none]", "pip install x" if broken else None),
    ]
    monkeypatch.setattr("realtime.doctor.all_parts", lambda: {"all": lambda: checks})
    assert main(["doctor"]) == exit_code
    said = capsys.readouterr().out
    assert "plug one in" in said and "[none]" in said
    assert ("pip install x" in said) is broken
    assert main(["doctor", "--json"]) == exit_code
    plain = json.loads(capsys.readouterr().out)
    assert plain["well"] is not broken
    assert plain["checks"][0] == {
        "group": "cameras", "name": "none", "state": "note", "says": "none found", "mend": "plug one in",
    }  # fmt: skip


def test_the_doctor_looks_at_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_engines, "MEASURE_S", 0.0)
    checks = examine(all_parts())
    assert {check.group for check in checks} == set(all_parts())
    assert all("could not be looked at" not in check.says for check in checks)
