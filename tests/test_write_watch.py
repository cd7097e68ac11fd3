import os
import subprocess
import sys
from pathlib import Path

import pytest
from write_watch import WrittenOutsideError, nothing_written_outside


def test_what_is_written_inside_is_no_matter_and_what_is_read_anywhere(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    with nothing_written_outside(tmp_path / "inside"):
        (tmp_path / "inside" / "a").write_text("a")
        (tmp_path / "inside" / "a").rename(tmp_path / "inside" / "b")
        Path(__file__).read_text(encoding="utf-8")


@pytest.mark.parametrize("way", ["write", "open", "rename", "remove", "mkdir", "program", "swallowed"])
def test_whatever_is_done_outside_is_found(way: str, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "there").write_text("")
    with pytest.raises(WrittenOutsideError), nothing_written_outside(inside):
        if way == "write":
            (inside / ".." / "x").write_text("x")
        elif way == "open":
            os.close(os.open(tmp_path / "x", os.O_CREAT | os.O_WRONLY))
        elif way == "rename":
            (tmp_path / "there").rename(inside / "x")
        elif way == "remove":
            (tmp_path / "there").unlink()
        elif way == "mkdir":
            (tmp_path / "inside2").mkdir()
        elif way == "program":
            subprocess.run([sys.executable, "-c", ""], check=True)
        else:
            try:
                (tmp_path / "x").write_text("x")
                raise ValueError
            except ValueError:
                pass
