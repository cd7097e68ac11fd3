"""A style for LiteRT, on Android and small computers: NAME.tflite, from levels to levels.

litert-torch, which converts it, wants a torch that is older than ours. So it is run as a program of its own,
by the Python of whatever environment has it; what it needs of ours goes along as it lies here.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from export.errors import ExportError
from export.frames import calibration_frames, checked_frames, fit
from export.int8 import WANTED_DB
from export.precision_search import describe, too_many
from export.source import Source, contract_of
from export.targets import ExportOptions
from export.to_checkpoint import write_checkpoint
from export.to_onnx import WeightsPrecision, as_stored
from export.whole import written_whole
from realtime.contract import INPUT_NAME, METADATA_KEY, OUTPUT_NAME
from realtime.engine import is_installed

# Names the Python of an environment that has litert-torch.
PYTHON_VARIABLE = "LIVEBRUSH_LITERT_PYTHON"
PACKAGE = "litert-torch>=0.10,<0.11"
_PROGRAM = "export.litert_convert"


def usual_environment() -> Path:
    """Return the folder of the environment that is found without being named."""
    return Path.home() / ".livebrush" / "litert"


def find_python() -> Path:
    """Return the Python that has litert-torch: the one that is named, this one, or the usual environment's.

    Raises:
        ExportError: if there is none; says how to make one.
    """
    if named := os.environ.get(PYTHON_VARIABLE):
        python = Path(named).expanduser()
        if not python.is_file():
            raise ExportError(f"{PYTHON_VARIABLE} names {python}, and there is no such program")
        return python
    if is_installed("litert_torch"):
        return Path(sys.executable)
    usual = _python_of(usual_environment())
    if not usual.is_file():
        folder = usual_environment()
        raise ExportError(
            "litert-torch needs an environment of its own, with an older torch: "
            f'python -m venv {folder} && {usual} -m pip install "{PACKAGE}" (or name a Python that has it '
            f"in {PYTHON_VARIABLE})"
        )
    return usual


def why_not_here() -> str:
    """Return why no file can be written here, in words; "" if one can."""
    try:
        find_python()
    except ExportError as error:
        return str(error)
    return ""


def write(source: Source, file: Path, options: ExportOptions) -> list[str]:
    """Write NAME.tflite, whole or not at all.

    Raises:
        ExportError: if litert-torch is not to be found, cannot convert the network, or 8 bits would ruin it.
        MissingExtraError: if what int8 is measured with is not installed.
    """
    assert options.size_wh is not None  # the table of targets says so
    frames = _frames(options.size_wh) if options.precision == "int8" else []
    made = convert_with(source.content, _job(source, options), file, source.name, frames)
    return [describe(made["in_float"], made["convs"])] if options.precision == "int8" else []


def convert_with(
    content: dict[str, Any], job: dict[str, Any], file: Path, name: str, frames: Sequence[Any] = ()
) -> dict[str, Any]:
    """Have a checkpoint's content converted by another Python, and write NAME.tflite, whole or not at all.

    Args:
        content: of the checkpoint.
        job: see `export.litert_convert`.
        file: where to.
        name: of the network, for errors.
        frames: that 8 bits are measured on.
    Returns:
        What the converter says of it.
    Raises:
        ExportError: as `write`.
    """
    python = find_python()
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        write_checkpoint(folder / "style.pt", content)
        (folder / "job.json").write_text(json.dumps(job))
        if frames:
            np.savez(folder / "frames.npz", *frames)
        made = _run(python, folder, name)
        if reason := too_many(made["in_float"], made["convs"]) if job["precision"] == "int8" else "":
            raise ExportError(reason)
        with written_whole(file) as part:
            part.write_bytes((folder / "style.tflite").read_bytes())
    return made


def _job(source: Source, options: ExportOptions) -> dict[str, Any]:
    assert options.size_wh is not None
    precision: WeightsPrecision = "fp32" if options.precision == "fp32" else "fp16"
    stored = Source(as_stored(source.network, precision), source.content)
    pixels: dict[str, Any] = {"layout": "NHWC", "colour": "RGB", "only_wh": options.size_wh}
    width, height = options.size_wh
    return {
        "width": width,
        "height": height,
        "precision": options.precision,
        "wanted_db": WANTED_DB,
        "input": INPUT_NAME,
        "output": OUTPUT_NAME,
        "note_name": METADATA_KEY,
        "note": contract_of(stored, options.precision, **pixels).to_json(),
    }


def _frames(size_wh: tuple[int, int]) -> list[Any]:
    """Return what tells which layers stay in floats: RGB levels, (1, H, W, 3) uint8 each."""
    frames = [*(frame for _, frame in checked_frames()), *calibration_frames()[:1]]
    return [np.ascontiguousarray(fit(frame, size_wh)[None, ..., ::-1]) for frame in frames]


def _run(python: Path, folder: Path, name: str) -> dict[str, Any]:
    """Let another Python convert what lies in a folder, and return what it says of it."""
    ours = str(Path(__file__).resolve().parent.parent)
    # Its environment is its own: what this one has on its path would come before it.
    environment = {**os.environ, "PYTHONPATH": ours, "CUDA_VISIBLE_DEVICES": ""}
    try:
        done = subprocess.run(
            [str(python), "-m", _PROGRAM, str(folder)],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise ExportError(f"cannot run {python}: {error.strerror or error}") from error
    made = folder / "made.json"
    if done.returncode or not made.is_file():
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        why = lines[-1][:300] if lines else f"it ended with exit code {done.returncode}"
        if "No module named" in why:
            why += f'; get what lacks with: {python} -m pip install "{PACKAGE}"'
        raise ExportError(f"litert-torch cannot convert {name}: {why}")
    return cast("dict[str, Any]", json.loads(made.read_text()))


def _python_of(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
