"""Films at addresses: painted from a copy, stored whole; a folder of this disk stands for a bucket."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clip_makers import write_clip

from realtime.cli import main
from realtime.errors import MissingExtraError, SinkError, SourceError
from realtime.film_inputs import find_inputs, name_outputs
from realtime.film_remote import fetch, find_remote

pytest.importorskip("fsspec", reason='needs fsspec: pip install "livebrush[remote]"')

Run = Callable[..., tuple[int, list[dict[str, Any]]]]


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    folder = tmp_path / "bucket"
    folder.mkdir()
    write_clip(folder / "a.mp4", count=20, gop=10, sound="aac")
    write_clip(folder / "b.mkv", count=10)
    (folder / "notes.txt").write_text("x")
    return folder


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tiny_style: Path
) -> Run:
    monkeypatch.setenv("LIVEBRUSH_CACHE", str(tmp_path / "cache"))

    def run_it(*arguments: object) -> tuple[int, list[dict[str, Any]]]:
        exit_code = main(["video", *map(str, arguments), "--style", str(tiny_style), "--json"])
        return exit_code, json.loads(capsys.readouterr().out)["films"]

    return run_it


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_film_goes_from_address_to_address_as_it_does_from_file_to_file(
    run: Run, bucket: Path, tmp_path: Path
) -> None:
    exit_code, (film,) = run(f"file://{bucket}/a.mp4", "-o", f"file://{bucket}/painted/c.mp4")
    assert (exit_code, film["result"], film["frames"]) == (0, "painted", 20)
    assert film["input"] == f"file://{bucket}/a.mp4"
    assert film["output"] == f"file://{bucket}/painted/c.mp4"
    run(bucket / "a.mp4", "-o", tmp_path / "here.mp4")
    assert (bucket / "painted" / "c.mp4").read_bytes() == (tmp_path / "here.mp4").read_bytes()
    assert files_in(bucket) == ["a.mp4", "b.mkv", "notes.txt", "painted/c.mp4"]
    assert files_in(tmp_path / "cache") == []


def test_addresses_and_files_mix_and_nothing_is_left_beside_the_output(
    run: Run, bucket: Path, tmp_path: Path
) -> None:
    assert run(f"file://{bucket}/a.mp4", "-o", tmp_path / "here.mkv")[0] == 0
    assert run(bucket / "b.mkv", "-o", f"file://{bucket}/painted/")[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bucket", "cache", "here.mkv"]
    assert files_in(bucket / "painted") == ["b.mkv"]


def test_a_folder_or_a_pattern_at_an_address_means_its_films(bucket: Path) -> None:
    names = [one.name for one in find_remote(f"file://{bucket}", {".mp4", ".mkv"})]
    assert names == ["a.mp4", "b.mkv"]
    assert [one.name for one in find_remote(f"file://{bucket}/*.mkv", {".mp4", ".mkv"})] == ["b.mkv"]


def test_what_was_stored_is_neither_painted_nor_stored_again(run: Run, bucket: Path) -> None:
    (bucket / "b.mkv").write_bytes(b"this is no film" * 100)
    exit_code, films = run(f"file://{bucket}/", "-o", f"file://{bucket}/painted/")
    assert (exit_code, [film["result"] for film in films]) == (1, ["painted", "failed"])
    assert films[1]["reason"].startswith(f"file://{bucket}/b.mkv cannot be read as a video")
    stored = (bucket / "painted" / "a.mp4").stat()
    write_clip(bucket / "b.mkv", count=10)
    exit_code, films = run(f"file://{bucket}/", "-o", f"file://{bucket}/painted/")
    assert (exit_code, [film["result"] for film in films]) == (0, ["unchanged", "painted"])
    assert (bucket / "painted" / "a.mp4").stat().st_mtime_ns == stored.st_mtime_ns


def test_an_output_that_somebody_else_wrote_meanwhile_is_stored_again(run: Run, bucket: Path) -> None:
    (bucket / "b.mkv").write_bytes(b"this is no film" * 100)
    run(f"file://{bucket}/", "-o", f"file://{bucket}/painted/")
    painted = (bucket / "painted" / "a.mp4").read_bytes()
    (bucket / "painted" / "a.mp4").write_bytes(b"somebody else's")
    run(f"file://{bucket}/", "-o", f"file://{bucket}/painted/")
    assert (bucket / "painted" / "a.mp4").read_bytes() == painted


def test_a_film_that_changes_while_it_is_loaded_is_not_painted(bucket: Path, tmp_path: Path) -> None:
    (found,) = find_remote(f"file://{bucket}/a.mp4", {".mp4"})
    (bucket / "a.mp4").write_bytes(b"another")
    with pytest.raises(SourceError, match="was changed while it was painted; run the same command again"):
        fetch(found, tmp_path / "copy.mp4")
    assert not (tmp_path / "copy.mp4").exists()


def test_an_output_in_the_inputs_place_is_refused(bucket: Path) -> None:
    found = find_inputs([f"file://{bucket}/a.mp4"]).films
    for output in (f"file://{bucket}/a.mp4", str(bucket / "a.mp4")):
        with pytest.raises(SinkError, match="is an input itself; give --output another name"):
            name_outputs(found, output, None)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("file:///nowhere/a.mp4", "there is no film"),
        ("nosuch://there/a.mp4", "Protocol not known: nosuch"),
        ("s3://there/a.mp4", r"pip install \"livebrush\[remote\]\""),
    ],
)
def test_an_address_that_means_nothing_is_one_line(
    word: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(SourceError, match=message) as failed:
        find_inputs([word])
    assert "\n" not in str(failed.value)


def test_without_fsspec_the_line_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(MissingExtraError, match=r'pip install "livebrush\[remote\]"'):
        find_inputs(["s3://there/a.mp4"])
