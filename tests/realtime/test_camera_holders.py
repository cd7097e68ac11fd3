from pathlib import Path

import pytest

from realtime import source_camera
from realtime.camera_holders import camera_holders
from realtime.errors import SourceError
from realtime.source_camera import CameraSource
from realtime.testing import ScriptedCapture


def start(processes: Path, number: int, name: str, *open_files: str) -> None:
    handles = processes / str(number) / "fd"
    handles.mkdir(parents=True)
    (processes / str(number) / "comm").write_text(f"{name}\n")
    for place, target in enumerate(open_files):
        (handles / str(place)).symlink_to(target)


def test_the_programs_that_have_a_camera_open_are_named(tmp_path: Path) -> None:
    start(tmp_path, 40, "editor", "/dev/null", "/home/me/notes")
    start(tmp_path, 41, "zoom", "/dev/null", "/dev/video2")
    start(tmp_path, 42, "other camera", "/dev/video20")
    start(tmp_path, 43, "python", "/dev/video2")
    (tmp_path / "44").mkdir()  # another user's: its files cannot be listed
    assert camera_holders(2, tmp_path, own_id=43) == ["zoom (41)"]


def test_where_nothing_is_listed_nobody_is_named(tmp_path: Path) -> None:
    assert camera_holders(0, tmp_path / "nowhere") == []


def test_a_camera_that_two_programs_want_says_who_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_camera, "camera_holders", lambda index: ["zoom (41)"])
    capture = ScriptedCapture([])
    with pytest.raises(SourceError, match=r"camera 0 opened but gives no picture; zoom \(41\) may hold it"):
        CameraSource(0, capture_factory=lambda index: capture, sleep=lambda seconds: None)
