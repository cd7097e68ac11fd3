import shutil
from pathlib import Path

import pytest

from realtime.camera_again import CameraAgain, open_lasting
from realtime.errors import SourceError
from realtime.source_lasting import LastingSource
from realtime.sources import Source
from realtime.testing import ScriptedSource


def plug_in(system: Path, index: int, name: str) -> Path:
    entry = system / f"video{index}"
    entry.mkdir()
    (entry / "name").write_text(f"{name}\n")
    return entry


class Opened:
    def __init__(self) -> None:
        self.indices: list[int] = []

    def __call__(self, index: int) -> Source:
        self.indices.append(index)
        return ScriptedSource([], live=True)


def test_a_camera_back_under_another_number_is_found_by_its_name(tmp_path: Path) -> None:
    plug_in(tmp_path, 0, "Built-in")
    entry, opened = plug_in(tmp_path, 2, "Stage: left"), Opened()
    again = CameraAgain(2, open_camera=opened, system=tmp_path)
    shutil.rmtree(entry)
    plug_in(tmp_path, 4, "Stage: left")
    again()
    assert opened.indices == [4]


def test_another_camera_is_never_shown_in_its_place(tmp_path: Path) -> None:
    plug_in(tmp_path, 0, "Built-in")
    entry, opened = plug_in(tmp_path, 2, "Stage"), Opened()
    again = CameraAgain(2, open_camera=opened, system=tmp_path)
    shutil.rmtree(entry)
    plug_in(tmp_path, 2, "Somebody else's")
    with pytest.raises(SourceError, match=r"camera 2 \(Stage\) is not plugged in"):
        again()
    assert opened.indices == []


def test_entries_of_one_name_are_tried_in_turn_its_own_number_first(tmp_path: Path) -> None:
    for index in (1, 2, 10):
        plug_in(tmp_path, index, "Stage")
    opened = Opened()
    again = CameraAgain(2, open_camera=opened, system=tmp_path)
    for _ in range(4):
        again()
    assert opened.indices == [2, 1, 10, 2]


def test_where_cameras_have_no_names_the_number_is_kept(tmp_path: Path) -> None:
    opened = Opened()
    again = CameraAgain(1, open_camera=opened, system=tmp_path / "nowhere")
    again()
    again()
    assert opened.indices == [1, 1]


def test_what_is_no_camera_ends_as_it_did(tmp_path: Path) -> None:
    source = open_lasting("demo", paced=False)
    assert not isinstance(source, LastingSource)
    source.close()
