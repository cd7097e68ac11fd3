"""What a page is made of, and what becomes of it when something lacks: no browser needed."""

from __future__ import annotations

import base64
import hashlib
import json
import stat
import sys
import tarfile
from pathlib import Path

import pytest

from export import browser, to_web, web_runtime
from export.arguments import parse_sources
from export.cli import app
from export.errors import ExportError
from export.source import Source, load_source
from export.targets import ExportOptions
from export.to_web import page_files, write_page
from export.verify import check_page, total_size
from export.web_runtime import BUILDS, find_package
from realtime.console import run_command
from realtime.mask import PERSON
from realtime.mask_network import MaskContract

FP16 = ExportOptions("fp16")


def run(*arguments: object) -> int:
    return run_command(app, [str(argument) for argument in arguments], program="python -m export")


@pytest.fixture(scope="module")
def source() -> Source:
    return load_source("starry_night")


@pytest.fixture
def small_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with a package of the right form, a few bytes large, and its hash as the one that is wanted."""
    cache = tmp_path / "cache"
    (cache / "npm").mkdir(parents=True)
    packed = cache / "npm" / f"{web_runtime.PACKAGE}-{web_runtime.VERSION}.tgz"
    write_package(packed)
    monkeypatch.setenv("LIVEBRUSH_CACHE", str(cache))
    monkeypatch.setattr(web_runtime, "INTEGRITY", integrity(packed))
    return packed


def write_package(to: Path) -> None:
    with tarfile.open(to, "w:gz") as package:
        for build in BUILDS.values():
            for name in (build.module, build.binary):
                part = to.with_name("part")
                part.write_text(f"this is {name}")
                package.add(part, f"package/dist/{name}")
                part.unlink()


def integrity(file: Path) -> str:
    return f"sha512-{base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode()}"


def fake_npm(folder: Path, script: str) -> None:
    """Put a program called npm into a folder."""
    folder.mkdir()
    npm = folder / "npm"
    npm.write_text(f"#!{sys.executable}\n{script}\n")
    npm.chmod(npm.stat().st_mode | stat.S_IXUSR)


def test_a_page_lists_what_it_has_and_can_be_installed(
    source: Source, small_runtime: Path, tmp_path: Path
) -> None:
    file = tmp_path / "page" / "index.html"
    file.parent.mkdir()
    assert write_page([source], file, FP16) == []
    files = page_files(file)
    assert all(path.is_file() for path in files) and len(set(files)) == len(files)
    assert set(files) == {path for path in file.parent.rglob("*") if path.is_file()}
    assert total_size(file) == sum(path.stat().st_size for path in files)
    manifest = json.loads((file.parent / "manifest.webmanifest").read_text())
    assert all((file.parent / icon["src"]).is_file() for icon in manifest["icons"])
    listed = json.loads((file.parent / "page.json").read_text())
    assert all(
        (file.parent / path).is_file() for build in listed["runtimes"].values() for path in build.values()
    )
    assert listed["styles"][0]["title"] == "The Starry Night"
    assert listed["person"] == {"file": "person.onnx", "area": 25600, "multiple": 16}
    assert (file.parent / "person.onnx").read_bytes() == PERSON.read_bytes()


def test_a_network_of_ones_own_finds_people_in_the_page(
    small_runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "find_chromium", lambda: None)
    assert run("person", "--to", "checkpoint", "-o", tmp_path) == 0
    out = tmp_path / "page"
    assert run(f"starry_night,{tmp_path / 'person.pt'}", "--to", "web", "-o", out) == 0
    assert MaskContract.read(out / "person.onnx").labels == ("person",)
    assert [style["name"] for style in json.loads((out / "page.json").read_text())["styles"]] == [
        "starry_night"
    ]


def test_another_page_is_another_version_and_leaves_what_is_not_its_own(
    source: Source, small_runtime: Path, tmp_path: Path
) -> None:
    file = tmp_path / "index.html"
    write_page([source], file, FP16)
    first = (tmp_path / "sw.js").read_text()
    (tmp_path / "CNAME").write_text("example.org")
    other = Source(source.network, {**source.content, "style": {**source.content["style"], "title": "Other"}})
    write_page([other], file, FP16)
    assert (tmp_path / "sw.js").read_text() != first
    assert (tmp_path / "CNAME").read_text() == "example.org"


def test_a_foreign_page_is_not_overwritten(source: Source, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(ExportError, match="holds another page, index.html; name another folder"):
        write_page([source], tmp_path / "index.html", FP16)
    assert (tmp_path / "index.html").read_text() == "mine"


def test_a_style_comes_once(source: Source, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="starry_night comes twice"):
        write_page([source, source], tmp_path / "index.html", FP16)


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows has no such limit")
def test_a_disk_that_is_full_leaves_nothing_half_written(
    source: Source, small_runtime: Path, tmp_path: Path
) -> None:
    import resource

    out = tmp_path / "page"
    out.mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(ExportError, match="cannot write .*index.html: File too large"):
            write_page([source], out / "index.html", FP16)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(out.iterdir()) == []


def test_without_npm_the_way_to_get_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIVEBRUSH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(web_runtime.shutil, "which", lambda name: None)
    out = tmp_path / "page"
    assert run("starry_night", "--to", "web", "-o", out) == 2
    error = capsys.readouterr().err
    assert "npm is missing" in error and "apt-get install npm" in error and error.count("\n") == 1
    assert list(out.iterdir()) == []


@pytest.mark.skipif("sys.platform == 'win32'", reason="the stand-in for npm is a script")
@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("open('onnxruntime-web-1.30.0.tgz', 'w').write('other bytes')", "has the hash sha512-.* is wanted"),
        ("import sys; sys.exit('npm error code ENOTFOUND')", "cannot fetch .*: npm error code ENOTFOUND"),
        ("pass", "cannot fetch onnxruntime-web@.*: exit code 0"),
    ],
)
def test_what_npm_fetched_is_kept_only_if_it_is_what_was_published(
    script: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_npm(tmp_path / "bin", script)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("LIVEBRUSH_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ExportError, match=message):
        find_package()
    assert list((tmp_path / "cache" / "npm").iterdir()) == []


def test_what_is_kept_is_not_fetched_again_and_not_trusted_blindly(
    small_runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_runtime.shutil, "which", lambda name: None)
    assert find_package() == small_runtime
    small_runtime.write_bytes(small_runtime.read_bytes()[:-1])
    with pytest.raises(ExportError, match="npm is missing"):
        find_package()


def test_a_page_without_a_browser_is_written_and_said_not_to_have_run(
    source: Source, small_runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "find_chromium", lambda: None)
    file = tmp_path / "index.html"
    write_page([source], file, FP16)
    check = check_page([source], "web", file, FP16)
    assert not check.faults and not check.inspected
    assert check.not_run.startswith("not run here: ")
    assert "apt-get install chromium" in check.not_run or "pip install" in check.not_run


def test_several_sources_are_a_list_with_commas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert parse_sources("udnie, wave.jpg,udnie") == ["udnie", "wave.jpg"]
    assert parse_sources("udnie") == ["udnie"]
    (tmp_path / "a,b.pt").touch()
    monkeypatch.chdir(tmp_path)
    assert parse_sources("a,b.pt") == ["a,b.pt"]
    shipped = parse_sources("all")
    assert "starry_night" in shipped and "udnie" in shipped and "starry_night_fast" not in shipped


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["udnie,stary_night"], "did you mean starry_night"),
        (["udnie", "-o", "page.html"], "--out must be a folder for web"),
        (["udnie,the_kiss", "--picture", "x.jpg"], "--picture is of one style"),
        (["udnie", "--size", "64x64"], "web is written for any size"),
        (["udnie,meta.npz"], "meta.npz is no style"),
    ],
)
def test_what_cannot_be_a_page_is_one_line(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*arguments, "--to", "web") == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_every_part_of_a_page_is_in_the_package() -> None:
    here = {path.name for path in to_web._STATIC.iterdir()}
    assert {"index.html", "sw.js", "app.js", "page.css", "painter_worker.js", "LICENSES.txt"} <= here
