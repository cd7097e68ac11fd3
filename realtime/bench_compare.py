"""Several networks or engines side by side in one run: how many times as fast as the first each one is.

Two figures from two runs compare two moments of a machine. Here all contenders are open at once and take
turns (`realtime.bench_rounds`): a ratio is taken within a round, and what is printed is the median of
these ratios over the rounds, with the 10th and the 90th percentile beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from realtime import __version__
from realtime.bench_contender import Contender
from realtime.bench_load import demo_scene
from realtime.bench_machine import busy_note, describe_engine, engine_facts, load_average, machine
from realtime.bench_rounds import Spread, Watch, check_counts, take_turns, unwatched
from realtime.bench_subject import NETWORK, Subject
from realtime.engine import Engine, open_engine

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class CompareOptions:
    """What to compare.

    Args:
        contenders: two or more; the first is what the others are measured by.
        sizes_wh: one after the other; of the source and of what the network sees.
        sources: of the loop, some of `realtime.bench_load.ALL_SOURCES`; none compares the networks alone.
        rounds: in which every contender takes one turn, and one for each source.
        frames: in a turn. Short turns and many rounds are better than the reverse.
    Raises:
        OptionError: for fewer than one round or two frames.
    """

    contenders: tuple[Contender, ...]
    sizes_wh: tuple[tuple[int, int], ...] = ((640, 360),)
    sources: tuple[str, ...] = ()
    rounds: int = 12
    frames: int = 20

    def __post_init__(self) -> None:
        check_counts(self.rounds, self.frames)


def run_compare(options: CompareOptions, watch: Watch = unwatched) -> dict[str, Any]:
    """Compare, and return plain JSON values.

    `sizes` holds for each size the `contenders` in their order: `name` as typed, `style`, `preset`,
    `weights_sha256`, `engine` (what really ran), `network` and `loops` (as `run_bench` gives them). Both
    have `speed_ratio`: the first contender's ms by this one's, as median, p10, p90 and every round.

    Raises:
        LivebrushError: as opening and running the styles does.
    """
    for contender in options.contenders:
        for size_wh in options.sizes_wh:
            contender.style.contract.check_size(size_wh)
    load_before = load_average()
    with ExitStack() as stack:
        engines = [
            stack.enter_context(closing(open_engine(contender.style, contender.engine)))
            for contender in options.contenders
        ]
        return {
            "livebrush": __version__,
            "rounds": options.rounds,
            "frames_per_round": options.frames,
            "sizes": [_compare_at(size_wh, options, engines, watch) for size_wh in options.sizes_wh],
            "machine": machine(load_before),
        }


def _compare_at(
    size_wh: tuple[int, int], options: CompareOptions, engines: Sequence[Engine], watch: Watch
) -> dict[str, Any]:
    with demo_scene(size_wh, options.frames if "file" in options.sources else 0) as scene:
        subjects = [
            Subject(engine, scene, sources=options.sources, frames=options.frames) for engine in engines
        ]
        figures = compare_subjects(subjects, options.sources, options.rounds, watch)
    contenders = [
        {**_describe(contender), "engine": engine_facts(engine.info), **figure}
        for contender, engine, figure in zip(options.contenders, engines, figures, strict=True)
    ]
    return {"size": f"{size_wh[0]}x{size_wh[1]}", "contenders": contenders}


def compare_subjects(
    subjects: Sequence[Subject], sources: Sequence[str], rounds: int, watch: Watch = unwatched
) -> list[dict[str, Any]]:
    """Let the subjects take turns and return of each its `network` and `loops`; see `run_compare`."""
    for subject in subjects:
        subject.warm_up()
    turns = {
        (number, what): turn
        for number, subject in enumerate(subjects)
        for what, turn in subject.turns().items()
    }
    ms = take_turns(turns, rounds, watch)

    def speed_ratio(number: int, what: str) -> dict[str, Any]:
        return {"speed_ratio": Spread.of_ratio(ms[0, what], ms[number, what]).to_plain()}

    return [
        {
            NETWORK: subject.network_plain(ms[number, NETWORK]) | speed_ratio(number, NETWORK),
            "loops": {
                source: subject.loop_plain(source, ms[number, source], ms[number, NETWORK])
                | speed_ratio(number, source)
                for source in sources
            },
        }
        for number, subject in enumerate(subjects)
    ]


def _describe(contender: Contender) -> dict[str, Any]:
    contract = contender.style.contract
    return {
        "name": contender.text,
        "style": contender.style.name,
        "preset": contract.preset,
        "weights_sha256": contract.weights_sha256,
    }


def compare_tables(result: dict[str, Any]) -> list[Table]:
    """Return the result of `run_compare` as tables for the terminal, one for each size."""
    return [_table(at_size, result) for at_size in result["sizes"]]


def _table(at_size: dict[str, Any], result: dict[str, Any]) -> Table:
    from rich.table import Table
    from rich.text import Text

    letters = [chr(ord("A") + number) for number in range(len(at_size["contenders"]))]
    names = [
        f"{letter}  {contender['name']}: {describe_engine(contender['engine'])}"
        for letter, contender in zip(letters, at_size["contenders"], strict=True)
    ]
    caption = (
        f"at {at_size['size']}, taking turns; speed: as a multiple of A's, median over {result['rounds']} "
        f"rounds of {result['frames_per_round']} pictures, each ratio within one round; in brackets where 8 "
        f"rounds of 10 lie{busy_note(result['machine'])}"
    )
    table = Table(title=Text("\n".join(names)), title_justify="left", caption=caption)
    table.add_column("")
    table.add_column("measured")
    loops = any(contender["loops"] for contender in at_size["contenders"])
    for heading in ("ms", "fps", "speed", *(["of network"] if loops else [])):
        table.add_column(heading, justify="right", no_wrap=True)
    for letter, contender in zip(letters, at_size["contenders"], strict=True):
        _add_rows(table, letter, contender)
        table.add_section()
    return table


def _add_rows(table: Table, letter: str, contender: dict[str, Any]) -> None:
    measured = {"network alone": contender[NETWORK]}
    measured |= {f"loop, {source}": loop for source, loop in contender["loops"].items()}
    for what, figures in measured.items():
        share = [f"{figures['share']['median']:.1%}"] if "share" in figures else []
        ratio = figures["speed_ratio"]
        speed = f"{ratio['median']:.2f} ({ratio['p10']:.2f} to {ratio['p90']:.2f})"
        ms, fps = f"{figures['ms']['median']:.2f}", f"{figures['fps']:.1f}"
        table.add_row(letter, what, ms, fps, speed, *share)
