"""What ships is what shipped, and no file that is loaded can hold code."""

import ast
import json
import shutil
from pathlib import Path

import pytest

from realtime import engine, shipped_hashes
from realtime.catalog import find_style
from realtime.engine import EngineOptions, open_engine
from realtime.errors import StyleFileError
from realtime.shipped_hashes import (
    FOLDERS,
    MANIFEST,
    PACKAGE,
    check_shipped,
    make_manifest,
    network_files,
    write_manifest,
)

REPOSITORY = Path(__file__).parents[2]


def test_the_list_that_ships_is_up_to_date() -> None:
    listed = json.loads(MANIFEST.read_text(encoding="utf-8"))
    assert listed == make_manifest(), "write it anew with: python -m realtime.shipped_hashes"
    assert len(network_files()) > 10


def test_every_network_that_ships_is_found_good() -> None:
    for file in network_files():
        check_shipped(file)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with one network, and the list of it."""
    for folder in FOLDERS:
        (tmp_path / folder).mkdir()
    shutil.copy(find_style("udnie").path, tmp_path / "styles" / "udnie.onnx")
    write_manifest(tmp_path)
    return tmp_path


def manifest_of(package: Path) -> dict[str, str]:
    return dict(json.loads((package / "models" / MANIFEST.name).read_text(encoding="utf-8")))


def test_one_bit_that_is_another_is_found_also_after_the_file_was_good(package: Path) -> None:
    file, manifest = package / "styles" / "udnie.onnx", manifest_of(package)
    check_shipped(file, manifest, package)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data + b"\0")
    with pytest.raises(StyleFileError, match="is not the network that ships with Livebrush"):
        check_shipped(file, manifest, package)


def test_files_of_others_are_not_looked_at(package: Path, tmp_path: Path) -> None:
    manifest = manifest_of(package)
    own = package / "styles" / "mine.onnx"
    own.write_bytes(b"mine")
    check_shipped(own, manifest, package)
    elsewhere = tmp_path.parent / "udnie.onnx"
    elsewhere.write_bytes(b"elsewhere")
    check_shipped(elsewhere, manifest, package)


def test_a_style_that_was_replaced_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    path = find_style("udnie").path
    other = {path.relative_to(PACKAGE).as_posix(): "0" * 64}
    monkeypatch.setattr(shipped_hashes, "_manifest", lambda: other)
    with pytest.raises(StyleFileError, match="damaged or was replaced"):
        open_engine(path, EngineOptions(device="cpu"))
    assert engine.check_shipped is check_shipped


def test_the_mask_and_the_meta_network_are_looked_at_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from realtime.mask import open_mask
    from realtime.meta_file import find_meta_file

    monkeypatch.delenv("LIVEBRUSH_MODELS", raising=False)
    others = {f"models/{name}": "0" * 64 for name in ("person.onnx", "meta.npz")}
    monkeypatch.setattr(shipped_hashes, "_manifest", lambda: others)
    for load in (lambda: open_mask("person"), find_meta_file):
        with pytest.raises(StyleFileError, match="damaged or was replaced"):
            load()


def test_what_ships_with_the_runtime_is_onnx_or_npz() -> None:
    kinds = {file.suffix for folder in FOLDERS for file in (PACKAGE / folder).iterdir() if not file.is_dir()}
    assert kinds <= {".onnx", ".npz", ".json", ".LICENSE"}


def loads_of(tree: ast.AST) -> list[ast.Call]:
    """Return the calls of `anything.load(...)` with np or torch in front."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "load"
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("np", "numpy", "torch")
    ]


def test_nothing_is_unpickled_anywhere() -> None:
    """numpy and torch are told not to; pickle and its like are not imported."""
    loads = 0
    for package in ("realtime", "training", "export"):
        for file in (REPOSITORY / package).rglob("*.py"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            for call in loads_of(tree):
                given = {keyword.arg: getattr(keyword.value, "value", None) for keyword in call.keywords}
                assert isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)
                is_torch = call.func.value.id == "torch"
                # numpy refuses what is pickled unless told otherwise; torch is told here.
                safe = given.get("weights_only") is True if is_torch else not given.get("allow_pickle")
                assert safe, (file, call.lineno)
                loads += 1
            for node in ast.walk(tree):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
                roots = {name.split(".")[0] for name in names}
                assert not roots & {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}, file
    assert loads >= 4
