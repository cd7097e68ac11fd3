import os
from pathlib import Path

import pytest

from realtime.errors import StyleFileError
from realtime.style_cache import StyleCache, style_cache


def test_what_was_put_is_found(tmp_path: Path) -> None:
    cache = StyleCache(tmp_path / "deep" / "cache")
    assert cache.find("a") is None
    path = cache.put("a", b"style")
    assert cache.find("a") == path and path.read_bytes() == b"style"
    assert [file.name for file in path.parent.iterdir()] == ["a.onnx"]  # nothing half-written stays


def test_those_used_longest_ago_are_forgotten(tmp_path: Path) -> None:
    cache = StyleCache(tmp_path, most=3)
    for age, key in enumerate("cba"):
        os.utime(cache.put(key, b"style"), (1000 - age, 1000 - age))
    assert cache.find("a") is not None  # the oldest, but used just now
    cache.put("d", b"style")
    assert {key for key in "abcd" if cache.find(key) is not None} == {"a", "c", "d"}


def test_a_style_just_made_is_kept_whatever_the_limit(tmp_path: Path) -> None:
    cache = StyleCache(tmp_path, most=1)
    cache.put("a", b"style")
    path = cache.put("b", b"style")
    assert cache.find("b") == path and cache.find("a") is None


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StyleFileError, match="cannot be written.*set LIVEBRUSH_CACHE"):
        StyleCache(tmp_path / "file").put("a", b"style")


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEBRUSH_CACHE", str(tmp_path))
    assert style_cache().folder == tmp_path
    monkeypatch.delenv("LIVEBRUSH_CACHE")
    assert style_cache().folder == Path.home() / ".cache" / "livebrush" / "styles"
