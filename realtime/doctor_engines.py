"""What the doctor says of engines: which are installed, what really runs in them, and how fast."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import metadata

import numpy as np

from realtime.catalog import StyleEntry, find_style
from realtime.doctor import Check
from realtime.engine import ENGINES, Engine, EngineOptions, is_installed, open_engine
from realtime.errors import LivebrushError
from realtime.timing import Clock

STYLE = "starry_night"
SIZE_WH = (640, 360)
MEASURE_S = 1.0
_DISTRIBUTIONS = {"onnxruntime": ("onnxruntime", "onnxruntime-gpu")}

Open = Callable[[StyleEntry, EngineOptions], Engine]


def engines() -> list[Check]:
    """Look at every engine; a show needs one that paints."""
    checks = [_look_at(name) for name in ENGINES]
    if not any(check.state == "ok" for check in checks):
        mend = 'pip install "livebrush[cpu]"'
        checks.append(Check("engines", "any", "broken", "none paints, and a show needs one", mend))
    return checks


def _look_at(name: str, open_style: Open = open_engine, clock: Clock = time.perf_counter) -> Check:
    spec = ENGINES[name]
    if not is_installed(spec.package):
        mend = f'pip install "livebrush[{spec.extra}]"'
        return Check("engines", name, "note", "not installed", mend)
    version = _version(name, spec.package)
    if spec.exports:
        return Check("engines", name, "note", f"{version}; makes a file of a style when it is asked for")
    try:
        engine = open_style(find_style(STYLE), EngineOptions(engine=name))
    except (LivebrushError, ImportError, RuntimeError) as error:
        mend = f'pip install --force-reinstall "livebrush[{spec.extra}]"'
        return Check("engines", name, "note", f"{version}; does not run: {_line(error)}", mend)
    try:
        fps = measure_fps(engine, clock)
        info = engine.info
    except LivebrushError as error:
        return Check("engines", name, "note", f"{version}; fails: {_line(error)}")
    finally:
        engine.close()
    runs = f"{info.precision}, {info.provider}, {info.threads} threads"
    speed = f"{STYLE} at {SIZE_WH[0]}x{SIZE_WH[1]}: {fps:.0f} fps"
    return Check("engines", name, "ok", f"{version}; {runs}; {speed}")


def measure_fps(engine: Engine, clock: Clock = time.perf_counter) -> float:
    """Return how many pictures a second an engine paints, measured over `MEASURE_S`, once warm."""
    engine.prepare(SIZE_WH)
    image = np.random.default_rng(0).integers(0, 256, (SIZE_WH[1], SIZE_WH[0], 3), dtype=np.uint8)
    engine.infer(image)
    pictures, began = 0, clock()
    while (took_s := clock() - began) < MEASURE_S or not pictures:
        engine.infer(image)
        pictures += 1
    return pictures / took_s if took_s > 0 else 0.0


def _version(name: str, package: str) -> str:
    for distribution in _DISTRIBUTIONS.get(name, (package,)):
        try:
            return f"{distribution} {metadata.version(distribution)}"
        except metadata.PackageNotFoundError:
            continue
    return package


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
