"""Fixtures that every test may use."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from meta_makers import make_meta_file
from numpy.typing import NDArray
from onnx_makers import make_style_onnx
from student_makers import make_student

REPOSITORY = Path(__file__).resolve().parents[1]


if "PYTEST_XDIST_WORKER" in os.environ:
    # Several test processes (pytest -n): torch, which is not imported yet, would use all cores in each.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="module", autouse=True)
def old_objects_left_alone() -> None:
    """What is imported by now is not looked through again for garbage.

    A process that has seen torch's compiler and thousands of tests holds a million objects: each of the
    collections that reading a film asks for took half a second, and a film's tests three times as long.
    """
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """At the end it goes away as ever: some libraries count what is left."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of pictures, videos and weights beside the repository, which is not part of it."""
    named = os.environ.get("LIVEBRUSH_SHARED")
    path = Path(named) if named else REPOSITORY.parent / "shared"
    if not path.is_dir():
        pytest.skip(f"needs the shared data: no folder {path}; set LIVEBRUSH_SHARED")
    return path


@pytest.fixture(scope="session")
def tiny_style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A style file that inverts the picture: small, real, and easy to check. Treat it as read-only."""
    return make_style_onnx(tmp_path_factory.mktemp("styles") / "tiny.onnx", kind="invert")


@pytest.fixture(scope="session")
def network_style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A style file with convolutions and instance norms, random weights. Treat it as read-only."""
    return make_style_onnx(tmp_path_factory.mktemp("styles") / "network.onnx", kind="network")


@pytest.fixture
def user_styles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the catalogue takes for the user's own styles."""
    folder = tmp_path / "user_styles"
    folder.mkdir()
    monkeypatch.setenv("LIVEBRUSH_STYLES", str(folder))
    return folder


@pytest.fixture(scope="session")
def meta_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A meta network's file whose styles have a picture's mean colour. Treat it as read-only."""
    return make_meta_file(tmp_path_factory.mktemp("models") / "meta.npz")


@pytest.fixture
def meta_network(meta_file: Path, tmp_path: Path, user_styles: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That file, installed, with an empty cache of styles, whose folder is returned."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("LIVEBRUSH_MODELS", str(meta_file.parent))
    monkeypatch.setenv("LIVEBRUSH_CACHE", str(cache))
    return cache


@pytest.fixture
def student(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A student that paints a region in the mean colour of its style's, in the shipped one's place."""
    monkeypatch.setenv("LIVEBRUSH_MODELS", str(tmp_path / "models"))
    return make_student(tmp_path / "models" / "student.onnx")


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    """A picture of gradients and noise, (72, 96, 3) uint8, in which no two rows are alike."""
    rows, columns = np.mgrid[0:72, 0:96]
    noise = np.random.default_rng(7).integers(0, 40, (72, 96))
    return np.stack([rows * 3, columns * 2, noise + 100], axis=2).astype(np.uint8)


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that torch has compiled for this processor, for pictures of any size. Treat as read-only."""
    from aoti_makers import make_package
    from filelock import FileLock

    if "PYTEST_XDIST_WORKER" not in os.environ:
        return make_package(tmp_path_factory.mktemp("packages") / "tiny.pt2")
    # Compiled by the first test process that wants it, for all.
    file = tmp_path_factory.getbasetemp().parent / "tiny.pt2"
    with FileLock(file.with_suffix(".lock")):
        return file if file.exists() else make_package(file)


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run the camera's command in an empty folder without a display; return exit code and what is printed."""
    from realtime.camera_command import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)

    def run_it(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run_it
