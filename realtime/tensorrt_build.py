"""Builds a TensorRT engine of a typed graph: sizes, timing cache, progress. TensorRT is handed in.

https://docs.nvidia.com/deeplearning/tensorrt/latest/_static/python-api/
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime.contract import INPUT_NAME, StyleContract
from realtime.engine_building import Progress
from realtime.errors import EngineError

SizeWh = tuple[int, int]
# A network is tuned for the nearest of these, and takes every size up to the largest side.
BEST_WH = ((640, 360), (1280, 720), (1920, 1080))
LARGEST_SIDE = 1920


@dataclass(frozen=True)
class Profile:
    """The sizes of pictures that an engine takes: width and height of the least, the best, the greatest."""

    least_wh: SizeWh
    best_wh: SizeWh
    greatest_wh: SizeWh

    @classmethod
    def of(cls, contract: StyleContract, size_wh: SizeWh) -> Profile:
        """Return the profile that pictures of this size are painted by; the same one for many sizes."""
        if contract.only_wh is not None:
            return cls(contract.only_wh, contract.only_wh, contract.only_wh)
        if max(size_wh) > LARGEST_SIDE:  # memory is taken for the greatest: one engine for it alone
            return cls(size_wh, size_wh, size_wh)
        area, is_tall = size_wh[0] * size_wh[1], size_wh[1] > size_wh[0]
        width, height = min(BEST_WH, key=lambda wh: abs(wh[0] * wh[1] - area))
        side = (contract.min_size, contract.min_size)
        return cls(side, (height, width) if is_tall else (width, height), (LARGEST_SIDE, LARGEST_SIDE))

    def __str__(self) -> str:
        return "-".join(
            f"{width}x{height}" for width, height in (self.least_wh, self.best_wh, self.greatest_wh)
        )


class CancelledError(EngineError):
    """The build was given up, because nobody waits for it any more."""


def build_plan(
    trt: Any, graph: bytes, profile: Profile, *, timing_cache: Path, strict: bool, progress: Progress
) -> bytes:
    """Return an engine, as the bytes that a file of it has.

    Args:
        trt: the module tensorrt, 10 or 11.
        graph: ONNX, typed; takes (1, H, W, 3).
        profile: of the sizes.
        timing_cache: a file of what earlier builds have measured; written anew.
        strict: fp32 is not to be rounded to TF32.
        progress: see `Progress`.
    Raises:
        EngineError: if TensorRT cannot read the graph or build an engine of it, with its own words.
        CancelledError: if `progress` said so.
    """
    log = _log(trt)
    builder = trt.Builder(log)
    network = builder.create_network(_strongly_typed(trt))
    parser = trt.OnnxParser(network, log)
    if not parser.parse(graph):
        raise EngineError(f"TensorRT cannot read the style's graph: {_first_error(parser)}")
    config = builder.create_builder_config()
    if strict:
        config.clear_flag(trt.BuilderFlag.TF32)
    sizes = builder.create_optimization_profile()
    shapes = (
        (1, height, width, 3) for width, height in (profile.least_wh, profile.best_wh, profile.greatest_wh)
    )
    sizes.set_shape(INPUT_NAME, *shapes)
    config.add_optimization_profile(sizes)
    cache = config.create_timing_cache(timing_cache.read_bytes() if timing_cache.is_file() else b"")
    config.set_timing_cache(cache, False)
    monitor = make_monitor(trt, progress)
    config.progress_monitor = monitor
    plan = builder.build_serialized_network(network, config)
    if monitor.is_cancelled:
        raise CancelledError("TensorRT's build was given up")
    if plan is None:
        raise EngineError(f"TensorRT cannot build an engine: {log.last_error or 'it does not say why'}")
    with contextlib.suppress(OSError):  # of use to the next build, and no more
        write_whole(timing_cache, bytes(config.get_timing_cache().serialize()))
    return bytes(plan)


def write_whole(file: Path, data: bytes) -> None:
    """Write a file whole or not at all; raises OSError."""
    part = file.with_name(f"{file.name}.part")
    try:
        part.write_bytes(data)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def make_monitor(trt: Any, progress: Progress) -> Any:
    """Return what TensorRT tells of its phases, which lie in each other; see `Progress`."""

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self.is_cancelled = False
            self._phases: dict[str, list[Any]] = {}  # name -> [parent, steps, steps done]
            self._told = 0.0

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            self._phases[phase_name] = [parent_phase, max(1, num_steps), 0]

        def step_complete(self, phase_name: str, step: int) -> bool:
            if phase_name in self._phases:
                self._phases[phase_name][2] = step + 1
            self._told = max(self._told, self._done())
            self.is_cancelled = self.is_cancelled or not progress(self._told)
            return not self.is_cancelled

        def phase_finish(self, phase_name: str) -> None:
            self._phases.pop(phase_name, None)

        def _done(self) -> float:
            outer = [name for name, (parent, _, _) in self._phases.items() if parent not in self._phases]
            return min(1.0, max((self._part(name) for name in outer), default=0.0))

        def _part(self, phase: str) -> float:
            _, steps, done = self._phases[phase]
            inner = [self._part(name) for name, (parent, _, _) in self._phases.items() if parent == phase]
            return float((done + min(1.0, sum(inner))) / steps)

    return Monitor()


def _strongly_typed(trt: Any) -> int:
    """Return the flag for a network whose types are its graph's; TensorRT 11 may have no other kind."""
    flag = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    return 0 if flag is None else 1 << int(flag)


def _log(trt: Any) -> Any:
    class Log(trt.ILogger):  # type: ignore[misc]
        """Keeps the last error, for what fails says no more than that it failed; prints nothing."""

        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.last_error = ""

        def log(self, severity: Any, msg: str) -> None:
            if severity in (trt.ILogger.Severity.ERROR, trt.ILogger.Severity.INTERNAL_ERROR):
                self.last_error = " ".join(msg.split())[:200]

    return Log()


def _first_error(parser: Any) -> str:
    return (
        " ".join(str(parser.get_error(0).desc()).split())[:200]
        if parser.num_errors
        else "it does not say why"
    )
