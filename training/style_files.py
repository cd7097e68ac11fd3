"""Opens what paints, whatever form it has: a shipped style's name, a style file, or a checkpoint.

Training imports nothing of the runtime: a style file is one graph from picture to picture, and onnxruntime
runs it without more.
"""

import difflib
import importlib.util
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.checkpoint import load_style_net
from training.errors import OptionError

# (1, 3, H, W) RGB in [0, 1] -> the same.
Paint = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Painter:
    """Something that paints a picture in one pass.

    Attributes:
        name: for tables and file names.
        file: what was opened.
        engine: what runs it, for the report.
        style: title, artist and year.
    """

    name: str
    file: Path
    engine: str
    style: dict[str, str]
    paint: Paint


def find_style_file(style: str) -> Path:
    """Return the file that a style's name, or its path, stands for.

    Names are looked up as the runtime does: the user's folder (LIVEBRUSH_STYLES or ~/.livebrush/styles)
    first, then the styles that ship.

    Raises:
        OptionError: if there is none; names those that there are.
    """
    path = Path(style).expanduser()
    if path.suffix in (".onnx", ".pt"):
        if not path.is_file():
            raise OptionError(f"no file {path}: give a style's name, a style file .onnx or a checkpoint .pt")
        return path
    found = {file.stem: file for folder in _style_folders() for file in sorted(folder.glob("*.onnx"))}
    if style in found:
        return found[style]
    near = difflib.get_close_matches(style, found, n=3) or sorted(found)
    hint = f"there are {', '.join(near)}" if near else "there are no styles by name here"
    raise OptionError(f"no style {style!r}: {hint}; a file must end in .onnx or .pt")


def open_painter(style: str, *, device: torch.device, threads: int | None = None) -> Painter:
    """Open a style for judging: checkpoints in torch on `device`, style files in onnxruntime on the CPU.

    Args:
        style: a name, NAME.onnx or NAME.pt.
        device: where a checkpoint runs.
        threads: of onnxruntime; None for all cores.
    Raises:
        OptionError: if there is no such style, or the file is no style.
        CheckpointError: if a checkpoint cannot be read.
    """
    file = find_style_file(style)
    if file.suffix == ".pt":
        network, content = load_style_net(file)
        network.to(device).to(memory_format=torch.channels_last)

        def paint(image: Tensor) -> Tensor:
            with torch.inference_mode():
                placed = image.to(device).contiguous(memory_format=torch.channels_last)
                painted: Tensor = network(placed)
            return painted.float().cpu().clamp(0, 1)

        credits = {key: str(value) for key, value in content["style"].items()}
        return Painter(file.stem, file, f"torch {device.type} fp32", credits, paint)
    return _open_style_file(file, threads)


def _open_style_file(file: Path, threads: int | None) -> Painter:
    try:
        import onnxruntime
    except ImportError as error:
        raise OptionError(f'{file} needs onnxruntime: pip install "livebrush[cpu]"') from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if threads:
        options.intra_op_num_threads = threads
    try:
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        contract = json.loads(session.get_modelmeta().custom_metadata_map["livebrush"])
    except KeyError as error:
        raise OptionError(f"{file} is no style of Livebrush: it carries no contract") from error
    except Exception as error:  # onnxruntime raises its own, by no common base
        raise OptionError(f"{file} cannot be opened as a style: {error}".splitlines()[0]) from error
    if not {"image"} == {given.name for given in session.get_inputs()}:
        raise OptionError(f"{file} takes more than a picture: the judge paints single pictures")
    credits = {key: str(contract.get(key, "unknown")) for key in ("name", "title", "artist", "year")}
    is_bgr = contract.get("colour") == "BGR"
    paint = _paint_in(session, uint8=contract.get("dtype") == "uint8", is_bgr=is_bgr)
    return Painter(file.stem, file, "onnxruntime cpu fp32", credits, paint)


def _paint_in(session: Any, *, uint8: bool, is_bgr: bool) -> Paint:
    def paint(image: Tensor) -> Tensor:
        return run(image.flip(1)).flip(1) if is_bgr else run(image)

    def run(image: Tensor) -> Tensor:
        if not uint8:
            painted = session.run(None, {"image": np.ascontiguousarray(image.numpy())})[0]
            return torch.from_numpy(painted).float().clamp(0, 1)
        levels = (image * 255).round().byte().permute(0, 2, 3, 1).contiguous().numpy()  # (1, H, W, 3)
        painted = session.run(None, {"image": levels})[0]
        return torch.from_numpy(painted).permute(0, 3, 1, 2).float() / 255

    return paint


def _style_folders() -> list[Path]:
    """Return the folders of styles by name, the one that wins last."""
    folders = []
    runtime = importlib.util.find_spec("realtime")  # found, not imported
    for place in (runtime.submodule_search_locations or []) if runtime else []:
        folders.append(Path(place) / "styles")
    named = os.environ.get("LIVEBRUSH_STYLES")
    folders.append(Path(named).expanduser() if named else Path.home() / ".livebrush" / "styles")
    return folders
