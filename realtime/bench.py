"""Measure a style on this machine: the network alone and the whole loop, side by side.

A machine is rarely quiet. So the network alone, the loop, and numpy's matrix product take turns in
short rounds, in an order that alternates, and each comparison is the median over rounds of what was
measured within one: another program's work then slows both sides of it.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from realtime import pipeline
from realtime.bench_load import SyntheticCamera, encode_jpeg, matmul_gflops
from realtime.catalog import StyleEntry, find_style
from realtime.engine import Engine, EngineOptions, open_engine
from realtime.errors import OptionError
from realtime.frame import Frame
from realtime.painter import EnginePainter, NetworkSize
from realtime.preprocess import resize
from realtime.sinks import NullSink
from realtime.sources import open_source
from realtime.timing import Samples, StageTimes

if TYPE_CHECKING:
    from rich.table import Table

Image = NDArray[np.uint8]
SCENE_FRAMES = 24
# The camera is this much faster than the network, so that the network is never kept waiting.
CAMERA_HEADROOM = 1.1


@dataclass(frozen=True)
class BenchOptions:
    """What to measure.

    Args:
        style: name or file.
        size_wh: of the camera and of what the network sees.
        engine: which engine, precision, device, threads.
        rounds: of network, loop and matrix product.
        frames: per round, of the network and of the loop.
    Raises:
        OptionError: for fewer than one round or two frames.
    """

    style: str
    size_wh: tuple[int, int] = (640, 360)
    engine: EngineOptions = field(default_factory=EngineOptions)
    rounds: int = 6
    frames: int = 40

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise OptionError(f"rounds must be at least 1, got {self.rounds}")
        if self.frames < 2:
            raise OptionError(f"frames must be at least 2, got {self.frames}")


def run_bench(options: BenchOptions) -> dict[str, Any]:
    """Measure, and return plain JSON values: what `--stats` writes of the loop, and the comparison.

    Beside the statistics of `StageTimes.to_stats`: `network` (fps and latency_ms of the network
    alone), `loop_share` (the loop's rate as a share of the network's), `matmul_gflops`,
    `network_gflops`, `matmul_share` (None where the network runs on another device than numpy),
    `machine`, `rounds`, `frames_per_round`.

    Raises:
        LivebrushError: as opening and running the style does.
    """
    style = find_style(options.style)
    style.contract.check_size(options.size_wh)
    engine = open_engine(style, options.engine)
    try:
        return _Bench(options, style, engine).run()
    finally:
        engine.close()


class _Ticks(NullSink):
    """Writes nothing, and notes when each frame reached it."""

    def __init__(self) -> None:
        super().__init__()
        self.at_s: list[float] = []

    def write(self, frame: Frame) -> None:
        super().write(frame)
        self.at_s.append(time.perf_counter())

    def fps(self) -> float:
        return (len(self.at_s) - 1) / (self.at_s[-1] - self.at_s[0])


class _Bench:
    """One benchmark's engine, pictures and rounds."""

    def __init__(self, options: BenchOptions, style: StyleEntry, engine: Engine) -> None:
        self._options = options
        self._style = style
        self._engine = engine
        self._network_ms = Samples()
        self._pictures: list[Image] = []
        self._jpegs: list[bytes] = []
        self._show([_noise(options.size_wh)])

    def run(self) -> dict[str, Any]:
        first_frame_ms = self._first_picture()
        self._show(_scene(self._options.size_wh))
        self._network_round()  # the warm-up
        self._network_ms = Samples()
        times = StageTimes()
        network_fps, loop_fps, matmul = [], [], []
        for number in range(self._options.rounds):
            if number % 2:
                loop_fps.append(self._loop_round(times))
                network_fps.append(self._network_round())
            else:
                network_fps.append(self._network_round())
                loop_fps.append(self._loop_round(times))
            if self._engine.info.device == "cpu":
                matmul.append(matmul_gflops(self._engine.info.threads))
        return self._result(times, network_fps, loop_fps, matmul) | {"first_frame_ms": first_frame_ms}

    def _show(self, images_bgr: list[Image]) -> None:
        self._pictures = [resize(image, self._options.size_wh) for image in images_bgr]
        self._jpegs = [encode_jpeg(image) for image in images_bgr]

    def _first_picture(self) -> float | None:
        """Return milliseconds from the process's start to the first picture out of the loop."""
        self._engine.prepare(self._options.size_wh)
        times = StageTimes()
        self._camera_loop(times, _Ticks(), fps=30, frames=1)
        first_frame_ms = times.first_frame_ms()
        return None if first_frame_ms is None else round(first_frame_ms, 3)

    def _network_round(self) -> float:
        began = time.perf_counter()
        for number in range(self._options.frames):
            started = time.perf_counter()
            self._engine.infer(self._pictures[number % len(self._pictures)])
            self._network_ms.add((time.perf_counter() - started) * 1000)
        return self._options.frames / (time.perf_counter() - began)

    def _loop_round(self, times: StageTimes) -> float:
        summary = self._network_ms.summary()
        network_ms = summary["p50"] if summary else 1000 / 30
        ticks = _Ticks()
        times.interrupt()
        self._camera_loop(times, ticks, CAMERA_HEADROOM * 1000 / network_ms, self._options.frames)
        return ticks.fps()

    def _camera_loop(self, times: StageTimes, ticks: _Ticks, fps: float, frames: int) -> None:
        camera = SyntheticCamera(self._jpegs, self._options.size_wh, fps)
        painter = EnginePainter(self._engine, times, NetworkSize(self._options.size_wh))
        pipeline.run(camera, painter, pipeline.SinkOutput([ticks], times), times=times, max_frames=frames)

    def _result(
        self, times: StageTimes, network_fps: list[float], loop_fps: list[float], matmul: list[float]
    ) -> dict[str, Any]:
        width, height = self._options.size_wh
        flop = self._style.contract.flop_per_pixel * width * height
        speed = statistics.median(network_fps)
        gflops = flop * speed / 1e9
        matmul_speed = statistics.median(matmul) if matmul else None
        shares = [flop * fps / 1e9 / own for fps, own in zip(network_fps, matmul, strict=False)]
        ratios = [loop / network for loop, network in zip(loop_fps, network_fps, strict=True)]
        return {
            **times.to_stats(
                self._engine.info, style=self._style.name, source="synthetic", size=f"{width}x{height}"
            ),
            "fps": round(statistics.median(loop_fps), 3),
            "network": {"fps": round(speed, 3), "latency_ms": self._network_ms.summary()},
            "loop_share": round(statistics.median(ratios), 4),
            "network_gflops": round(gflops, 2),
            "matmul_gflops": None if matmul_speed is None else round(matmul_speed, 2),
            "matmul_share": round(statistics.median(shares), 4) if shares else None,
            "rounds": self._options.rounds,
            "frames_per_round": self._options.frames,
            "machine": machine(),
        }


def machine() -> dict[str, Any]:
    """Return what a figure is worth nothing without: processor, cores, system, Python."""
    return {
        "processor": _processor_name(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def bench_table(result: dict[str, Any]) -> Table:
    """Return the result of `run_bench` as a table for the terminal."""
    from rich.table import Table

    engine = result["engine"]
    title = (
        f"{result['style']} at {result['size']}: {engine['name']} {engine['precision']}, "
        f"{engine['provider']}, {engine['threads']} threads"
    )
    table = Table("", "p50 ms", "p95 ms", "p99 ms", "max ms", "fps", title=title, caption=_caption(result))
    for column in table.columns[1:]:
        column.justify = "right"
    _add_row(table, "network alone", result["network"]["latency_ms"], result["network"]["fps"])
    for stage, summary in result["latency_ms"].items():
        name, fps = (
            (f"loop: {stage}", None) if stage != "total" else ("loop: camera to screen", result["fps"])
        )
        _add_row(table, name, summary, fps)
    return table


def _add_row(table: Table, name: str, summary: dict[str, float] | None, fps: float | None) -> None:
    values = [f"{summary[key]:.2f}" for key in ("p50", "p95", "p99", "max")] if summary else ["-"] * 4
    table.add_row(name, *values, "" if fps is None else f"{fps:.1f}")


def _caption(result: dict[str, Any]) -> str:
    text = f"the loop runs at {result['loop_share']:.1%} of the network alone"
    if result["matmul_share"] is not None:
        text += (
            f"; the network reaches {result['network_gflops']:.0f} GFLOP/s, {result['matmul_share']:.0%} of "
            f"numpy's float32 matrix product here ({result['matmul_gflops']:.0f})"
        )
    return f"{text}; first picture after {result['first_frame_ms'] / 1000:.2f} s"


def _scene(size_wh: tuple[int, int]) -> list[Image]:
    source = open_source("demo", size_wh=size_wh, paced=False)
    try:
        frames = [source.read() for _ in range(SCENE_FRAMES)]
    finally:
        source.close()
    return [frame.image for frame in frames if frame is not None]


def _noise(size_wh: tuple[int, int]) -> Image:
    return np.random.default_rng(0).integers(0, 256, (size_wh[1], size_wh[0], 3), dtype=np.uint8)


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
