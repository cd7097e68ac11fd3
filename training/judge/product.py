"""The product as a process of its own: what it paints is judged as its users get it.

Training imports nothing of the runtime and nothing of export, and need not: here they are called as
commands, from the place where this package lies.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.errors import ProductError
from training.images import read_rgb

# What run_camera.py does; that file itself is not installed with the packages.
_RUN_CAMERA = "import sys; from realtime.camera_command import main; sys.exit(main())"
_POLL_S = 0.1


@dataclass(frozen=True)
class ProductClip:
    """A clip as the product painted it: a folder of PNG files, none of them in memory.

    Attributes:
        files: a picture for each frame, in their order.
        engine: what ran, as the product says: name, precision, provider, threads.
    """

    files: tuple[Path, ...]
    engine: dict[str, Any]

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Read the pictures, (H, W, 3) uint8 RGB."""
        return (read_rgb(file) for file in self.files)


def paint_clip(
    style_file: Path,
    clip: Path,
    folder: Path,
    *,
    count: int,
    tick: Callable[[int], None] = lambda _: None,
) -> ProductClip:
    """Paint a clip with `run_camera.py --style STYLE --source CLIP --output FOLDER --no-window`.

    Whatever the product does beyond the network alone (steadiness, say) is in the result: nothing is
    asked for but the style.

    Args:
        style_file: NAME.onnx.
        clip: a video file.
        folder: for the pictures; made here.
        count: how many frames the clip has.
        tick: called now and then with the number of frames painted so far.
    Raises:
        ProductError: if it fails, or paints another number of frames.
    """
    stats = folder.with_suffix(".json")
    arguments = ["--style", style_file, "--source", clip, "--output", folder, "--stats", stats, "--no-window"]
    command = ["-c", _RUN_CAMERA, *map(str, arguments)]
    _call("run_camera.py", command, lambda: tick(len(list(folder.glob("*.png")))))
    files = tuple(sorted(folder.glob("*.png")))
    if len(files) != count:
        raise ProductError(f"run_camera.py painted {len(files)} of the clip's {count} frames")
    return ProductClip(files, json.loads(stats.read_text(encoding="utf-8"))["engine"])


def export_checkpoint(checkpoint: Path, file: Path) -> Path:
    """Turn a checkpoint into a style file with `python -m export`, and return it.

    Raises:
        ProductError: if it cannot be exported.
    """
    arguments = [str(checkpoint), "--to", "onnx", "--out", str(file), "--no-verify"]
    _call("python -m export", ["-m", "export", *arguments])
    return file


def add_style(meta: Path, picture: Path, folder: Path, name: str) -> Path:
    """Make a picture a style with `python -m realtime styles add`, and return its file, in `folder`.

    Args:
        meta: the meta network that makes it, meta.npz.
    Raises:
        ProductError: if it cannot be made.
    """
    where = {"LIVEBRUSH_MODELS": str(meta.resolve().parent), "LIVEBRUSH_STYLES": str(folder)}
    command = ["-m", "realtime", "styles", "add", str(picture), "--name", name]
    _call("python -m realtime styles add", command, environment=where)
    return folder / f"{name}.onnx"


def _call(
    what: str,
    arguments: Sequence[str],
    tick: Callable[[], None] = lambda: None,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Run Python with these arguments to its end; its last line is the error's text if it fails."""
    with tempfile.TemporaryFile() as said:  # not a pipe: nobody reads while it runs
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env={**_environment(), **environment},
        )
        try:
            while not _has_ended(process):
                tick()
        except BaseException:  # Ctrl-C among them, which reaches the other process only on a terminal
            process.terminate()
            process.wait()
            raise
        tick()
        if process.returncode != 0:
            said.seek(0)
            raise ProductError(f"{what} failed: {_last_line(said.read(), process.returncode)}")


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(_POLL_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def _last_line(said: bytes, exit_code: int) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("error: ") if lines else f"exit code {exit_code}"


def _environment() -> dict[str, str]:
    """This process's, with the place of our packages first: it may be no more than the working folder."""
    here = str(Path(__file__).resolve().parents[2])
    before = os.environ.get("PYTHONPATH")
    return os.environ | {"PYTHONPATH": os.pathsep.join([here, before] if before else [here])}
