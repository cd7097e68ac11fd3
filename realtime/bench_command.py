"""`python -m realtime bench`: the command line of the benchmarks. Nothing heavy is imported to read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from realtime import command_options as given
from realtime.console import plain_console, say
from realtime.errors import OptionError

if TYPE_CHECKING:
    from rich.table import Table

    from realtime.engine import EngineOptions
    from realtime.painter import SizeWh

DEFAULT_STYLE, DEFAULT_SIZE = "starry_night", "640x360"
DEFAULT_FOLDER = Path("bench_profile")

_COUNTS = (
    "Of the network and of the loop: a bench takes 6 rounds of 40, --compare 12 of 20, --profile 20 once."
)


def bench(
    names: Annotated[
        Optional[list[str]],  # noqa: UP045 - Typer reads the types when it runs
        typer.Argument(
            metavar="A B ...|FOLDER",
            help="With --compare what to compare: NAME or FILE.onnx, optionally with @ENGINE or "
            "@ENGINE:PRECISION behind it. With --profile the folder for its files.",
        ),
    ] = None,
    compare: Annotated[
        bool,
        typer.Option("--compare", help="Let A, B ... take turns, and print how many times as fast as A."),
    ] = False,
    loop: Annotated[
        bool, typer.Option("--loop", help="Compare the whole loop too, beside the network alone.")
    ] = False,
    profile: Annotated[
        bool,
        typer.Option(
            "--profile",
            help=f"Write a table of the network's operators and a trace into FOLDER ({DEFAULT_FOLDER}).",
        ),
    ] = False,
    rates: Annotated[
        bool,
        typer.Option(
            "--rates",
            help="Measure the device's own copy and matrix rates too, and the network's share of them, at "
            "360p to 2160p; what --device cuda does anyway.",
        ),
    ] = False,
    sort: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="time|graph", help="Operators: the longest first, or as they run."),
    ] = None,
    style: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="NAME|FILE", help=f"What paints, without --compare ({DEFAULT_STYLE})."),
    ] = None,
    size: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            metavar="WIDTHxHEIGHT", help=f"Of the source and the network ({DEFAULT_SIZE}); may be repeated."
        ),
    ] = None,
    source: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            metavar="camera|file|both|memory|all",
            help="What the loop reads: JPEGs of a camera, an H.264 file, or both; memory: the loop itself.",
        ),
    ] = None,
    mask: given.Mask = None,
    background: given.Background = None,
    engine: given.EngineName = "auto",
    precision: given.Precision = "auto",
    device: given.Device = "auto",
    threads: given.Threads = None,
    frames: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(metavar="N", help=f"Pictures a round. {_COUNTS}"),
    ] = None,
    rounds: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(metavar="N", help="Rounds, in each of which everything takes one turn."),
    ] = None,
    json_file: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--json", metavar="FILE", help="Write everything that was measured as JSON too."),
    ] = None,
    debug: given.Debug = False,
) -> int:
    """Measure a style on this machine: the network alone and the whole loop, after a warm-up.

    Examples:

        python -m realtime bench --style starry_night --size 640x360

        python -m realtime bench --compare udnie@onnxruntime:fp32 udnie@openvino

        python -m realtime bench --compare udnie mine.onnx --loop --json it.json

        python -m realtime bench --profile profiles --style udnie@openvino:bf16

        python -m realtime bench --style udnie --mask person --background the_scream

        python -m realtime bench --device cuda --style udnie.pt2 --json it.json
    """
    from realtime.camera_config import check_place, write_json
    from realtime.engine import EngineOptions

    names = names or []
    _check_together(compare, profile, {"--loop": loop, "--sort": sort, "--style": style, "--rounds": rounds})
    against_rates = (rates or device == "cuda") and not (compare or profile)
    _check_rates(rates and not against_rates, source if against_rates else None)
    masked = _parse_mask(mask, background, plain=not (compare or profile or against_rates))
    request = _Request(
        sizes_wh=_parse_sizes(size or ([] if against_rates else [DEFAULT_SIZE])),
        engine=EngineOptions(engine, precision, device, threads),
        sources=_parse_source(source, read=loop or not (compare or profile)),
        counts={name: n for name, n in (("frames", frames), ("rounds", rounds)) if n is not None},
    )
    if json_file is not None:
        check_place("--json", json_file)
    if compare:
        result = _compare(request, names)
    elif profile:
        result = _profile(request, names, style or DEFAULT_STYLE, sort)
    elif against_rates:
        result = _bench_device(request, names, style or DEFAULT_STYLE)
    else:
        result = _bench(request, names, style or DEFAULT_STYLE, masked)
    if json_file is not None:
        write_json("--json", json_file, result)
    return 0


@dataclass(frozen=True)
class _Request:
    """What the three ways to measure share; `counts` is frames and rounds as far as they were given."""

    sizes_wh: tuple[SizeWh, ...]
    engine: EngineOptions
    sources: tuple[str, ...]
    counts: dict[str, int]


def _bench(request: _Request, names: Sequence[str], style: str, masked: dict[str, Any]) -> dict[str, Any]:
    from realtime.bench import BenchOptions, bench_table, run_bench
    from realtime.bench_contender import parse_contender
    from realtime.progress import measuring

    _refuse_names(names)
    contender = parse_contender(style, request.engine)
    results = []
    for size_wh in request.sizes_wh:
        options = BenchOptions(contender, size_wh, request.sources, **{**masked, **request.counts})
        with measuring() as watch:
            results.append(run_bench(options, watch))
        _print(bench_table(results[-1]))
    return _one_or_all(results)


def _bench_device(request: _Request, names: Sequence[str], style: str) -> dict[str, Any]:
    from realtime.bench_contender import parse_contender
    from realtime.bench_device import DeviceOptions, device_table, run_device_bench
    from realtime.progress import measuring

    _refuse_names(names)
    options = DeviceOptions(parse_contender(style, request.engine), request.sizes_wh, **request.counts)
    with measuring() as watch:
        result = run_device_bench(options, watch)
    _print(device_table(result))
    return result


def _compare(request: _Request, names: Sequence[str]) -> dict[str, Any]:
    from realtime.bench_compare import CompareOptions, compare_tables, run_compare
    from realtime.bench_contender import parse_contenders
    from realtime.progress import measuring

    contenders = parse_contenders(names, request.engine)
    with measuring() as watch:
        options = CompareOptions(contenders, request.sizes_wh, request.sources, **request.counts)
        result = run_compare(options, watch)
    _print(*compare_tables(result))
    return result


def _profile(request: _Request, names: Sequence[str], style: str, sort: str | None) -> dict[str, Any]:
    from realtime.bench_contender import parse_contender
    from realtime.bench_profile import ORDERS, ProfileOptions, profile_tables, run_profile

    contender = parse_contender(style, request.engine)
    folder = _parse_folder(names)
    runs = request.counts.get("frames", ProfileOptions.runs)
    results = []
    for size_wh in request.sizes_wh:
        results.append(run_profile(ProfileOptions(contender, folder, size_wh, runs, sort or ORDERS[0])))
        _print(*profile_tables(results[-1]))
        files = results[-1]["files"]
        say(f"table: {files['table']}; trace, for chrome://tracing or ui.perfetto.dev: {files['trace']}")
    return _one_or_all(results)


def _check_together(compare: bool, profile: bool, given: dict[str, object]) -> None:
    """Raise OptionError for options that make no sense together."""
    if compare and profile:
        raise OptionError("--compare and --profile are two benches; ask for one of them")
    if given["--loop"] and not compare:
        raise OptionError("--loop goes with --compare; a plain bench always measures the loop")
    if given["--sort"] is not None and not profile:
        raise OptionError("--sort goes with --profile; nothing else has operators to sort")
    if given["--style"] is not None and compare:
        raise OptionError("--compare takes what it compares as A B ...; leave --style out")
    if given["--rounds"] is not None and profile:
        raise OptionError("--profile has no rounds; give --frames")


def _check_rates(misplaced: bool, source: str | None) -> None:
    """Raise OptionError for --rates beside another bench, or a source for it: it reads from memory."""
    if misplaced:
        raise OptionError("--rates goes with a plain bench, not with --compare or --profile")
    if source is not None:
        raise OptionError("--source goes without --rates and --device cuda, which show pictures from memory")


def _parse_mask(mask: str | None, background: str | None, *, plain: bool) -> dict[str, Any]:
    """Return what the loop masks, as fields of `BenchOptions`."""
    if mask is None:
        if background is not None:
            raise OptionError("--background is what stands around a mask; give --mask too")
        return {}
    if not plain:
        raise OptionError("--mask goes with a plain bench, not with --compare, --profile or --rates")
    from realtime.backdrop import find_backdrop
    from realtime.catalog import find_style

    behind = None if background is None else find_backdrop(background) or find_style(background)
    return {"mask": mask, "background": behind}


def _refuse_names(names: Sequence[str]) -> None:
    if names:
        raise OptionError(f"{names[0]!r}: name what paints with --style, or several with --compare A B")


def _parse_sizes(texts: Sequence[str]) -> tuple[SizeWh, ...]:
    from realtime.camera_config import parse_size

    sizes = [parse_size("--size", text) for text in texts]
    return tuple(size_wh for size_wh in sizes if size_wh is not None)  # None is only without a text


def _parse_source(text: str | None, *, read: bool) -> tuple[str, ...]:
    from realtime.bench_load import choose_sources

    if text is not None and not read:
        raise OptionError("--source is what the loop reads; it goes with a plain bench, or --compare --loop")
    return choose_sources(text or "both") if read else ()


def _parse_folder(names: Sequence[str]) -> Path:
    """Return the folder for the profile; a style in its place is taken for a slip."""
    from realtime.catalog import SUFFIX, SUFFIXES, shipped_dir, user_dir

    if len(names) > 1:
        raise OptionError(f"--profile takes one folder, got {', '.join(names)}; say what paints with --style")
    if not names:
        return DEFAULT_FOLDER
    style = names[0].partition("@")[0]
    known = any((folder / f"{style}{SUFFIX}").is_file() for folder in (shipped_dir(), user_dir()))
    if known or style.lower().endswith(SUFFIXES):
        raise OptionError(f"--profile takes a folder, got the style {names[0]!r}; say --style {names[0]}")
    return Path(names[0]).expanduser()


def _one_or_all(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return results[0] if len(results) == 1 else {"sizes": list(results)}


def _print(*tables: Table) -> None:
    console = plain_console()
    for table in tables:
        console.print(table)
