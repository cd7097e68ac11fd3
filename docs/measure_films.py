"""What a film costs, whole: `python docs/measure_films.py {network,cost,long} --help`.

    network   the whole command on a file beside the network alone, in turns: the ratio of their speeds
    cost      films of several lengths by several numbers of workers, in turns: seconds each
    long      one long film through the real command, its memory read from the system while it runs

All films are made here: the demo scene, and for `long` one piece of it, repeated without encoding it anew.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np

from realtime.bench_rounds import Spread, take_turns
from realtime.camera_config import parse_size
from realtime.catalog import StyleEntry, find_style
from realtime.demo import draw_demo_frame
from realtime.encoder import PictureEncoder, VideoFormat
from realtime.engine import Engine, EngineInfo, EngineOptions, open_engine
from realtime.film import Brushes, Film, OwnBrushes, paint_film
from realtime.film_plan import FilmOptions
from realtime.film_ray import RayBrushes, RayOptions
from realtime.film_workers import WorkerBrushes
from realtime.recurrent import steadied
from realtime.steady import SteadyLevel
from realtime.style_timeline import StyleTimeline

GOP = 24
FPS = 24


class Silent:
    """Progress that nobody watches."""

    def begin(self, frames: int, done: int) -> None:
        """Show nothing."""

    def advance(self, frames: int = 1) -> None:
        """Show nothing."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = parser.add_subparsers(required=True, metavar="{network,cost,long}")
    network = kinds.add_parser("network", help="beside the network alone")
    network.set_defaults(run=measure_network)
    network.add_argument("--size", default="854x480")
    network.add_argument("--frames", type=int, default=96)
    network.add_argument(
        "--clock",
        choices=["wall", "cpu"],
        default="wall",
        help="cpu counts the processor's seconds of this process: what is left of the speed on a machine "
        "whose cores are all busy with it, and the one to take where others are, too",
    )
    network.add_argument("--steady", choices=["off", "light", "full"], default="full")
    cost = kinds.add_parser("cost", help="by length and workers")
    cost.set_defaults(run=measure_cost)
    cost.add_argument("--size", default="320x180")
    cost.add_argument("--seconds", type=int, nargs="+", default=[10, 20, 40])
    cost.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    cost.add_argument("--ray", metavar="auto|ADDRESS", help="the workers of a cluster, too")
    for kind in (network, cost):
        kind.add_argument("--style", nargs="+", default=["starry_night"])
        kind.add_argument("--engine", default="auto")
        kind.add_argument("--precision", default="auto")
        kind.add_argument("--threads", type=int)
        kind.add_argument("--rounds", type=int, default=6)
    long = kinds.add_parser("long", help="memory of a long film")
    long.set_defaults(run=measure_long)
    long.add_argument("--size", default="1920x1080")
    long.add_argument("--hours", type=float, default=2)
    long.add_argument("--fps", type=int, default=2, help="frames a second of the film")
    long.add_argument("--minutes", type=float, default=15, help="after which the run is stopped")
    long.add_argument("--film", type=Path, help="made there, or used if it was made there before")
    long.add_argument("--csv", type=Path, help="seconds, frames' pieces and megabytes, every few seconds")
    long.add_argument("more", nargs="*", help="options of the command, after --")
    asked = parser.parse_args()
    asked.run(asked)


def measure_network(asked: argparse.Namespace) -> None:
    """Print for each style how fast the whole is, as a share of the network alone."""
    size_wh = size_of(asked)
    for name in asked.style:
        style = find_style(name)
        engine = open_engine(style, engine_options(asked))
        # As the command does: steadily by the style's recurrent network, where it has one.
        film_style = style if asked.steady == "off" else steadied(style, engine_options(asked))
        film_engine = engine if film_style == style else open_engine(film_style, engine_options(asked))
        with tempfile.TemporaryDirectory() as folder:
            source = draw_film(Path(folder) / "in.mp4", asked.frames, size_wh)
            images = [draw_demo_frame(number, size_wh) for number in range(8)]
            brushes = OwnBrushes({style.name: film_engine}, threading.Event())
            clock = time.process_time if asked.clock == "cpu" else time.perf_counter
            told = source, film_style, engine_options(asked), brushes, clock, asked.steady
            whole = partial(seconds_of, *told)
            alone = partial(seconds_alone, engine, images, asked.frames, clock)
            alone()
            values = take_turns({"whole": whole, "alone": alone}, asked.rounds)
        ratio = Spread.of([b / a for a, b in zip(values["whole"], values["alone"], strict=True)])
        ms = {key: 1000 * float(np.median(seconds)) / asked.frames for key, seconds in values.items()}
        print(
            f"{name}, {said(engine.info)}, {asked.size}, steady {asked.steady}: {ms['whole']:.1f} ms "
            f"({asked.clock}) a frame the whole, {ms['alone']:.1f} ms the network; speed of the whole "
            f"{percent(ratio)} of the network's"
        )


def seconds_alone(engine: Engine, images: list[np.ndarray], frames: int, clock: Callable[[], float]) -> float:
    began = clock()
    for number in range(frames):
        engine.infer(images[number % len(images)])
    return clock() - began


def measure_cost(asked: argparse.Namespace) -> None:
    """Print seconds for each length and number of workers, and both as multiples of the first."""
    style = find_style(asked.style[0])
    with tempfile.TemporaryDirectory() as folder:
        films = {s: draw_film(Path(folder) / f"{s}.mp4", s * FPS, size_of(asked)) for s in asked.seconds}
        turns: dict[tuple[str, int], Callable[[], float]] = {}
        with every_brushes(asked, style) as every:
            for who, brushes in every.items():
                for seconds, film in films.items():
                    turns[who, seconds] = partial(seconds_of, film, style, engine_options(asked), brushes)
            values = take_turns(turns, asked.rounds)
    first = values[next(iter(turns))]
    for (who, seconds), took in values.items():
        ratio = Spread.of([a / b for a, b in zip(took, first, strict=True)])
        print(
            f"{seconds} s of film, {who}: {np.median(took):.1f} s, "
            f"{ratio.median:.2f} times the first ({ratio.p10:.2f} to {ratio.p90:.2f})"
        )


@contextmanager
def every_brushes(asked: argparse.Namespace, style: StyleEntry) -> Iterator[dict[str, Brushes]]:
    """Open all that paint, each with one thread a worker, and wait until they can."""
    stop, options = threading.Event(), EngineOptions(asked.engine, asked.precision, threads=1)
    every: dict[str, Brushes] = {}
    opened: list[WorkerBrushes | RayBrushes] = []
    try:
        for count in asked.workers:
            opened.append(WorkerBrushes({style.name: style}, options, count, stop))
            every[f"{count} worker{'s' if count > 1 else ''}"] = opened[-1]
        if asked.ray is not None:
            opened.append(RayBrushes({style.name: style}, options, RayOptions(asked.ray), stop))
            every["Ray"] = opened[-1]
        for brushes in every.values():
            brushes.infos()
        yield every
    finally:
        for brushes in opened:
            brushes.__exit__()


def seconds_of(
    source: Path,
    style: StyleEntry,
    engine: EngineOptions,
    brushes: Brushes,
    clock: Callable[[], float] = time.perf_counter,
    steady: SteadyLevel = "full",
) -> float:
    """Paint a film from nothing to the finished file; return how long that took."""
    options = FilmOptions(
        StyleTimeline(style.name), {style.name: style}, engine, steady=steady, segment_frames=2 * GOP
    )
    with tempfile.TemporaryDirectory() as folder:
        began = clock()
        result = paint_film(Film(source, Path(folder) / "out.mp4"), options, brushes, Silent())
        took = clock() - began
    assert result.result == "painted", result
    return took


def measure_long(asked: argparse.Namespace) -> None:
    """Run the command on a long film; print the most memory that it had, early and late."""
    with tempfile.TemporaryDirectory() as folder:
        source = asked.film or Path(folder) / "long.mp4"
        if not source.exists():
            repeat_film(source, size_of(asked), asked.fps, round(asked.hours * 3600))
        output = Path(folder) / "painted.mp4"
        command = [sys.executable, "-m", "realtime", "video", str(source), "-o", str(output), "--json"]
        rows, stopped = [], False
        with subprocess.Popen([*command, *asked.more], stdout=subprocess.PIPE, text=True) as process:
            began = time.monotonic()
            while process.poll() is None:
                took = time.monotonic() - began
                rows.append(
                    (took, len(list(output.parent.glob(".livebrush/*/*.segment"))), *memory_of(process))
                )
                if took > 60 * asked.minutes and not stopped:
                    stopped = True
                    process.send_signal(signal.SIGTERM)
                time.sleep(2)
            result = json.loads(process.stdout.read() if process.stdout else "{}")
    if asked.csv is not None:
        lines = [f"{s:.0f},{pieces},{now:.0f},{peak:.0f}" for s, pieces, now, peak in rows]
        asked.csv.write_text("\n".join(["seconds,pieces,mb,peak_mb", *lines]) + "\n")
    third = len(rows) // 3 or 1
    early, late = (max(row[2] for row in part) for part in (rows[:third], rows[-third:]))
    film = result["films"][0]
    print(
        f"{asked.hours:g} h at {asked.fps} fps, {asked.size}: {film['result']}, at the most "
        f"{max(row[1] for row in rows)} pieces, {film['painted']} frames in {rows[-1][0]:.0f} s; "
        f"at most {max(row[3] for row in rows):.0f} MB ({early:.0f} MB in the first third of the time, "
        f"{late:.0f} MB in the last)"
    )


def memory_of(process: "subprocess.Popen[str]") -> tuple[float, float]:
    """Return megabytes (of 10^6 bytes) that a process holds now, and the most that it held."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except OSError:
        return 0.0, 0.0
    found = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith(("VmRSS", "VmHWM"))}
    return tuple(int(found.get(name, 0)) * 1024 / 1e6 for name in ("VmRSS", "VmHWM"))  # type: ignore[return-value]


def draw_film(path: Path, frames: int, size_wh: tuple[int, int]) -> Path:
    """Write the demo scene as H.264."""
    return write_film(path, packets_of(frames, size_wh, FPS), size_wh, FPS, 1)


def repeat_film(path: Path, size_wh: tuple[int, int], fps: int, seconds: int) -> Path:
    """Write a piece of the demo scene again and again."""
    frames = 2 * GOP
    return write_film(path, packets_of(frames, size_wh, fps), size_wh, fps, -(-seconds * fps // frames))


def packets_of(frames: int, size_wh: tuple[int, int], fps: int) -> list[tuple[int, bool, bytes]]:
    """Encode frames without any that are shown out of order: time, whether it is a key frame, data."""
    encoder = PictureEncoder(video_format(size_wh, fps))
    packets = []
    for number in range(frames):
        packets += encoder.encode(draw_demo_frame(number, size_wh), number)
    return [(packet.pts, packet.is_keyframe, bytes(packet)) for packet in [*packets, *encoder.flush()]]


def video_format(size_wh: tuple[int, int], fps: int) -> VideoFormat:
    return VideoFormat("h264", size_wh, Fraction(1, fps), Fraction(GOP, 2), preset="ultrafast")


def write_film(
    path: Path, packets: list[tuple[int, bool, bytes]], size_wh: tuple[int, int], fps: int, times: int
) -> Path:
    """Write packets, over and over, at the times that follow."""
    from realtime.encoder import configure

    video = video_format(size_wh, fps)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=fps, options=video.options)
        configure(stream.codec_context, video)
        stream.time_base = video.time_base
        output.start_encoding()
        for turn in range(times):
            for pts, is_key, data in packets:
                packet = av.Packet(data)
                packet.pts = packet.dts = pts + turn * len(packets)
                packet.duration, packet.is_keyframe = 1, is_key
                packet.time_base, packet.stream = video.time_base, stream
                output.mux(packet)
    return path


def size_of(asked: argparse.Namespace) -> tuple[int, int]:
    size_wh = parse_size("--size", asked.size)
    assert size_wh is not None
    return size_wh


def engine_options(asked: argparse.Namespace) -> EngineOptions:
    return EngineOptions(asked.engine, asked.precision, threads=asked.threads)


def said(info: EngineInfo) -> str:
    return f"{info.name} {info.precision}, {info.threads} threads"


def percent(ratio: Spread) -> str:
    return f"{ratio.median:.0%} ({ratio.p10:.0%} to {ratio.p90:.0%})"


if __name__ == "__main__":
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    main()
