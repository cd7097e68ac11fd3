"""A style against the limits of what it runs on: share of the memory's rate, of the matrix rate, of the bus.

At each size take turns, as in `realtime.bench_rounds`: the network alone, on pictures that are where it is;
one picture at a time, in and out; the whole loop on pictures in memory, which no decoder holds up, with
copies and painting overlapping where the engine can; and the device's own rates.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from realtime import __version__
from realtime.bench_contender import Contender
from realtime.bench_load import MEMORY, Scene, demo_scene
from realtime.bench_machine import busy_note, describe_engine, engine_facts, load_average, machine
from realtime.bench_rates import COPY, FROM_CARD, MATMUL, TO_CARD, Device, measure_device
from realtime.bench_rounds import Spread, Watch, check_counts, take_turns, unwatched
from realtime.bench_subject import Subject
from realtime.contract import StyleContract
from realtime.engine import Engine, TimesNetwork, open_engine
from realtime.timing import Samples

if TYPE_CHECKING:
    from rich.table import Table

SizeWh = tuple[int, int]

DEFAULT_SIZES = ((640, 360), (1280, 720), (1920, 1080), (3840, 2160))
NETWORK, PICTURE, LOOP = "network", "picture", "loop"
WHAT = {NETWORK: "network alone", PICTURE: "in and out", LOOP: "whole loop"}
ACTIVATIONS = "estimate: each convolution and norm reads and writes its picture, neighbours fused, no cache"
LOWER_BOUND = "lower bound: the picture in and out, nothing in between"


@dataclass(frozen=True)
class DeviceOptions:
    """What to measure.

    Args:
        contender: style and engine.
        sizes_wh: one after the other; none for the one that the style was compiled for, or else 360p, 720p,
            1080p and 2160p.
        rounds: in which everything takes one turn.
        frames: in a turn of the network or of the loop.
    Raises:
        OptionError: for fewer than one round or two frames.
    """

    contender: Contender
    sizes_wh: tuple[SizeWh, ...] = ()
    rounds: int = 5
    frames: int = 100

    def __post_init__(self) -> None:
        check_counts(self.rounds, self.frames)


def run_device_bench(options: DeviceOptions, watch: Watch = unwatched) -> dict[str, Any]:
    """Measure, and return plain JSON values.

    `sizes` holds for each size `network`, `picture` and `loop` (ms a picture as median, p10, p90 and every
    round; fps; p50, p95, p99 and max of single pictures), and what the network reaches: `tflops`, `gbps`,
    their shares of the device's own rates, measured in the same rounds (`rates`; None where they cannot be
    measured); and `loop_copy_share`, the time that the slower copy of a frame takes over the bus, as a share
    of the loop's. `traffic` tells what bytes are counted.

    Raises:
        LivebrushError: as opening and running the style does.
    """
    style = options.contender.style
    sizes_wh = options.sizes_wh or default_sizes(style.contract)
    for size_wh in sizes_wh:
        style.contract.check_size(size_wh)
    facts = machine(load_average())
    with closing(open_engine(style, options.contender.engine)) as engine:
        engine.prepare(sizes_wh[0])
        device = measure_device(engine.info, facts["processor"])
        sizes = [_measure_at(engine, size_wh, options, device, watch) for size_wh in sizes_wh]
        return {
            "livebrush": __version__,
            "style": style.name,
            "preset": style.contract.preset,
            "weights_sha256": style.contract.weights_sha256,
            "engine": engine_facts(engine.info),
            "device": {"name": device.name, "matmul_type": device.matmul_type, "note": device.note},
            "traffic": {
                "bytes_per_pixel": traffic_per_pixel(style.contract)[0],
                "counts": traffic_per_pixel(style.contract)[1],
            },
            "rounds": options.rounds,
            "frames_per_round": options.frames,
            "sizes": sizes,
            "machine": facts,
        }


def default_sizes(contract: StyleContract) -> tuple[SizeWh, ...]:
    """Return the sizes to measure at when none is asked for."""
    return DEFAULT_SIZES if contract.only_wh is None else (contract.only_wh,)


def traffic_per_pixel(contract: StyleContract) -> tuple[float, str]:
    """Return what the network moves through memory, bytes a pixel, and what is counted in it."""
    estimate = contract.training.get("activation_bytes_per_pixel")
    if isinstance(estimate, int | float) and estimate > 0:
        return float(estimate), ACTIVATIONS
    return 6.0, LOWER_BOUND


class _Turns:
    """The network, a picture and the loop at one size; each turn returns milliseconds a picture."""

    def __init__(self, engine: Engine, scene: Scene, frames: int) -> None:
        self.subject = Subject(engine, scene, sources=(MEMORY,), frames=frames)
        self.network = Samples()
        self._engine = engine
        self._scene = scene
        self._frames = frames

    def turns(self) -> dict[str, Callable[[], float]]:
        return {
            NETWORK: self._network_ms,
            PICTURE: self.subject.network_ms,
            LOOP: lambda: self.subject.loop_ms(MEMORY),
        }

    def warm_up(self) -> None:
        self.subject.warm_up()
        self.subject.loop_ms(MEMORY)
        self._network_ms()
        self.network = Samples()

    def _network_ms(self) -> float:
        if isinstance(self._engine, TimesNetwork):
            times = self._engine.time_network(self._scene.size_wh, self._frames)
        else:  # then pictures are where the network is anyway
            times = [self._infer_ms(number) for number in range(self._frames)]
        for ms in times:
            self.network.add(ms)
        return sum(times) / len(times)

    def _infer_ms(self, number: int) -> float:
        began = time.perf_counter()
        self._engine.infer(self._scene.images[number % len(self._scene.images)])
        return (time.perf_counter() - began) * 1000


def _measure_at(
    engine: Engine, size_wh: SizeWh, options: DeviceOptions, device: Device, watch: Watch
) -> dict[str, Any]:
    with demo_scene(size_wh) as scene:
        turns = _Turns(engine, scene, options.frames)
        turns.warm_up()
        ms = take_turns({**turns.turns(), **device.turns}, options.rounds, watch)
    rates = {name: Spread.of(ms[name]) for name in device.turns}
    pixels = size_wh[0] * size_wh[1]
    return {
        "size": f"{size_wh[0]}x{size_wh[1]}",
        "provider": engine.info.provider,
        NETWORK: _plain(ms[NETWORK], turns.network.summary()),
        PICTURE: _plain(ms[PICTURE], turns.subject.network_plain(ms[PICTURE])["latency_ms"]),
        LOOP: _plain(ms[LOOP], turns.subject.times(MEMORY).latency_ms()["total"]),
        **reached(options.contender.style.contract, pixels, ms, rates),
        "rates": {
            name: rates[name].to_plain() if name in rates else None
            for name in (COPY, MATMUL, TO_CARD, FROM_CARD)
        },
    }


def reached(
    contract: StyleContract, pixels: int, ms: dict[str, list[float]], rates: dict[str, Spread]
) -> dict[str, Any]:
    """Return what a network reaches, in TFLOP/s and GB/s and as shares of the device's own rates.

    Args:
        contract: of the style.
        pixels: of a picture.
        ms: a picture, once a round, under `NETWORK` and `LOOP`.
        rates: those that could be measured.
    """
    seconds = Spread.of(ms[NETWORK]).median / 1000
    tflops = contract.flop_per_pixel * pixels / seconds / 1e12
    gbps = traffic_per_pixel(contract)[0] * pixels / seconds / 1e9
    buses = [rates[name].median for name in (TO_CARD, FROM_CARD) if name in rates]
    # Both directions at once: the slower one is the limit.
    copy_ms = pixels * 3 / (min(buses) * 1e9) * 1000 if buses else None
    return {
        "tflops": _digits(tflops),
        "matmul_share": _digits(tflops / rates[MATMUL].median) if MATMUL in rates else None,
        "gbps": _digits(gbps),
        "copy_share": _digits(gbps / rates[COPY].median) if COPY in rates else None,
        "frame_copy_ms": None if copy_ms is None else _digits(copy_ms),
        "loop_copy_share": None if copy_ms is None else _digits(copy_ms / Spread.of(ms[LOOP]).median),
        "loop_share": _digits(Spread.of_ratio(ms[NETWORK], ms[LOOP]).median),
    }


def _plain(ms: Sequence[float], latency_ms: dict[str, float] | None) -> dict[str, Any]:
    spread = Spread.of(ms)
    return {"ms": spread.to_plain(), "fps": round(1000 / spread.median, 3), "latency_ms": latency_ms}


def _digits(value: float) -> float:
    return float(f"{value:.4g}")


def device_table(result: dict[str, Any]) -> Table:
    """Return the result of `run_device_bench` as a table for the terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    where = result["device"]["name"]
    title = f"{result['style']} ({result['preset']}): {describe_engine(result['engine'])}" + (
        f", on {where}" if where else ""
    )
    table = Table(title=title, caption=_caption(result), box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("size", ""):
        table.add_column(heading, no_wrap=True)
    for heading in ("p50 ms", "p95 ms", "p99 ms", "fps", "TFLOP/s", "GB/s"):
        table.add_column(heading, justify="right", no_wrap=True)
    for at_size in result["sizes"]:
        for what, name in WHAT.items():
            latency = at_size[what]["latency_ms"] or {}
            values = [f"{latency[key]:.3f}" if key in latency else "-" for key in ("p50", "p95", "p99")]
            limits = _limit_texts(at_size) if what == NETWORK else ("", "")
            first = at_size["size"] if what == NETWORK else ""
            table.add_row(first, name, *values, f"{at_size[what]['fps']:.1f}", *limits)
        table.add_section()
    return table


def _limit_texts(at_size: dict[str, Any]) -> tuple[str, str]:
    def text(value: float, share: float | None) -> str:
        return f"{value:.3g}" if share is None else f"{value:.3g}\n({share:.0%})"

    return text(at_size["tflops"], at_size["matmul_share"]), text(at_size["gbps"], at_size["copy_share"])


def _caption(result: dict[str, Any]) -> str:
    rates = result["sizes"][-1]["rates"]
    parts = [f"in and out: one picture at a time, copies included; GB/s: {result['traffic']['counts']}"]
    if rates[COPY] and rates[MATMUL]:
        parts.append(
            f"in brackets: of what the device does at best in the same run, {rates[COPY]['median']:.0f} GB/s "
            f"copying, {rates[MATMUL]['median']:.3g} TFLOP/s multiplying {result['device']['matmul_type']}"
        )
    if rates[TO_CARD] and rates[FROM_CARD]:
        shares = ", ".join(f"{each['size']} {each['loop_copy_share']:.0%}" for each in result["sizes"])
        parts.append(
            f"over the bus {rates[TO_CARD]['median']:.0f} GB/s in, {rates[FROM_CARD]['median']:.0f} out; "
            f"these copies alone would take of the loop's time: {shares}"
        )
    if result["device"]["note"]:
        parts.append(result["device"]["note"])
    return "; ".join(parts) + busy_note(result["machine"])
