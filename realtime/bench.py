"""Measure a style on this machine: the network alone and the whole loop, side by side.

The network alone, the loop on a camera and on a file, and numpy's matrix product take turns: see
`realtime.bench_rounds`. Several styles or engines side by side: `realtime.bench_compare`.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from realtime.backdrop import Backdrop
from realtime.bench_contender import Contender
from realtime.bench_load import MEMORY, SOURCES, Scene, demo_scene
from realtime.bench_machine import (
    busy_note,
    describe_engine,
    engine_facts,
    load_average,
    machine,
    matmul_gflops,
)
from realtime.bench_rounds import Spread, Watch, check_counts, take_turns, unwatched
from realtime.bench_subject import MASK, NETWORK, Parts, Subject, Ticks, run_loop
from realtime.catalog import StyleEntry
from realtime.engine import Engine, open_engine
from realtime.mask import open_mask
from realtime.timing import StageTimes

if TYPE_CHECKING:
    from rich.table import Table

MATMUL = "matmul"


@dataclass(frozen=True)
class BenchOptions:
    """What to measure.

    Args:
        contender: style and engine.
        size_wh: of the source and of what the network sees.
        sources: of the loop, some of `realtime.bench_load.ALL_SOURCES`.
        rounds: in which everything takes one turn.
        frames: in a turn of the network or of the loop.
        mask: which part of the picture the loop paints, see `realtime.mask`; None for all of it.
        background: what stands in the rest; None for the picture as it is.
    Raises:
        OptionError: for fewer than one round or two frames.
    """

    contender: Contender
    size_wh: tuple[int, int] = (640, 360)
    sources: tuple[str, ...] = SOURCES
    rounds: int = 6
    frames: int = 40
    mask: str | None = None
    background: StyleEntry | Backdrop | None = None

    def __post_init__(self) -> None:
        check_counts(self.rounds, self.frames)


def run_bench(options: BenchOptions, watch: Watch = unwatched) -> dict[str, Any]:
    """Measure, and return plain JSON values: what `--stats` writes of the loop, and the comparison.

    Beside the statistics of `StageTimes.to_stats`, which are of the first source's loop: `network`
    (ms, fps and latency_ms of the network alone), `loops` (by source the same, and `share`, the loop's
    rate as a share of the network's), `loop_share` (the first one's median), `matmul_gflops`,
    `network_gflops`, `matmul_share` (None where the network runs on another device than numpy),
    `machine`, `rounds`, `frames_per_round`. With a mask, `mask` (`text`, and `ms` of finding it alone).

    Raises:
        LivebrushError: as opening and running the style does.
    """
    style = options.contender.style
    style.contract.check_size(options.size_wh)
    load_before = load_average()
    with closing(open_engine(style, options.contender.engine)) as engine:
        first_frame_ms = _first_frame_ms(engine, options.size_wh)
        with demo_scene(options.size_wh, options.frames if "file" in options.sources else 0) as scene:
            with _parts(options) as parts:
                subject = Subject(engine, scene, sources=options.sources, frames=options.frames, parts=parts)
                subject.warm_up()
                turns = subject.turns()
                if engine.info.device == "cpu":
                    turns[MATMUL] = lambda: matmul_gflops(engine.info.threads)
                measured = take_turns(turns, options.rounds, watch)
            result = _result(options, subject, measured)
            if options.mask is not None:
                result["mask"] = {"text": options.mask, "ms": Spread.of(measured[MASK]).to_plain()}
            return result | {"first_frame_ms": first_frame_ms, "machine": machine(load_before)}


@contextmanager
def _parts(options: BenchOptions) -> Iterator[Parts | None]:
    """Open the mask and the style behind it; None without a mask."""
    if options.mask is None:
        yield None
        return
    behind = options.background or Backdrop("original")
    with ExitStack() as stack:
        mask = stack.enter_context(closing(open_mask(options.mask)))
        if isinstance(behind, Backdrop):
            yield Parts(mask, backdrop=behind)
            return
        behind.contract.check_size(options.size_wh)
        yield Parts(mask, stack.enter_context(closing(open_engine(behind, options.contender.engine))))


def _first_frame_ms(engine: Engine, size_wh: tuple[int, int]) -> float | None:
    """Return milliseconds from the process's start to the first picture out of the loop."""
    engine.prepare(size_wh)
    times = StageTimes()
    run_loop(engine, Scene.of_noise(size_wh), "camera", Ticks(), times, frames=1, network_fps=30)
    first_frame_ms = times.first_frame_ms()
    return None if first_frame_ms is None else round(first_frame_ms, 3)


def _result(options: BenchOptions, subject: Subject, measured: dict[str, list[float]]) -> dict[str, Any]:
    info, style = subject.engine.info, options.contender.style
    network_ms = measured[NETWORK]
    loops = {source: subject.loop_plain(source, measured[source], network_ms) for source in options.sources}
    first = options.sources[0]
    stats = subject.times(first).to_stats(info, style=style.name, source=first, size=_size_text(options))
    return {
        **stats,
        "fps": loops[first]["fps"],
        "engine": engine_facts(info),
        "network": subject.network_plain(network_ms),
        "loops": loops,
        "loop_share": loops[first]["share"]["median"],
        **_rates(options, network_ms, measured.get(MATMUL, ())),
        "rounds": options.rounds,
        "frames_per_round": options.frames,
    }


def _rates(options: BenchOptions, network_ms: Sequence[float], matmul: Sequence[float]) -> dict[str, Any]:
    width, height = options.size_wh
    gflop = options.contender.style.contract.flop_per_pixel * width * height / 1e9
    shares = [gflop * 1000 / ms / numpys for ms, numpys in zip(network_ms, matmul, strict=False)]
    return {
        "network_gflops": round(gflop * 1000 / statistics.median(network_ms), 2),
        "matmul_gflops": round(statistics.median(matmul), 2) if matmul else None,
        "matmul_share": round(statistics.median(shares), 4) if shares else None,
    }


def _size_text(options: BenchOptions) -> str:
    return f"{options.size_wh[0]}x{options.size_wh[1]}"


def bench_table(result: dict[str, Any]) -> Table:
    """Return the result of `run_bench` as a table for the terminal."""
    from rich.table import Table

    title = f"{result['style']} at {result['size']}: {describe_engine(result['engine'])}"
    table = Table("", "p50 ms", "p95 ms", "p99 ms", "max ms", "fps", title=title, caption=_caption(result))
    for column in table.columns[1:]:
        column.justify = "right"
    _add_row(table, "network alone", result["network"]["latency_ms"], result["network"]["fps"])
    if "mask" in result:
        table.add_row(f"mask alone: {result['mask']['text']}", f"{result['mask']['ms']['median']:.2f}")
    for source, loop in result["loops"].items():
        table.add_section()
        for stage, summary in loop["latency_ms"].items():
            last = stage == "total"
            name = f"loop, {source}: {'in to out' if last else stage}"
            _add_row(table, name, summary, loop["fps"] if last else None)
    return table


def _add_row(table: Table, name: str, summary: dict[str, float] | None, fps: float | None) -> None:
    values = [f"{summary[key]:.2f}" for key in ("p50", "p95", "p99", "max")] if summary else ["-"] * 4
    table.add_row(name, *values, "" if fps is None else f"{fps:.1f}")


def _caption(result: dict[str, Any]) -> str:
    shares = [_share_text(source, loop["share"]) for source, loop in result["loops"].items()]
    text = f"of the network's own rate the loop reaches {' and '.join(shares)}"
    if result["matmul_share"] is not None:
        text += (
            f"; the network reaches {result['network_gflops']:.0f} GFLOP/s, {result['matmul_share']:.0%} of "
            f"numpy's float32 matrix product here ({result['matmul_gflops']:.0f})"
        )
    if result["first_frame_ms"] is not None:
        text += f"; first picture after {result['first_frame_ms'] / 1000:.2f} s"
    return text + busy_note(result["machine"])


def _share_text(source: str, share: dict[str, float]) -> str:
    place = "from memory" if source == MEMORY else f"on a {source}"
    return f"{share['median']:.1%} {place} ({share['p10']:.0%} to {share['p90']:.0%})"
