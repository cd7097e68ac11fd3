"""One run of the video command: find the films, open what paints, paint each, say what happened."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from realtime.camera_config import parse_size
from realtime.catalog import StyleEntry, find_style, find_style_files
from realtime.codecs import codec_named
from realtime.composite import check_strength
from realtime.console import EXIT_INTERRUPTED, plain_console, say, stop_on_signals
from realtime.errors import OptionError, SinkError
from realtime.film import Brushes, FilmResult, OwnBrushes
from realtime.film_batch import exit_code, paint_batch, to_plain
from realtime.film_cut import FilmCut
from realtime.film_inputs import find_inputs, name_outputs
from realtime.film_mask import FilmMask, find_backdrop_kind, read_film_mask
from realtime.film_plan import FilmOptions, check_codec
from realtime.film_report import BatchBars, results_table
from realtime.film_task import open_engines
from realtime.film_workers import WorkerBrushes
from realtime.guided import check_detail
from realtime.process import share_heap
from realtime.recurrent import steadied
from realtime.sinks import takes_place_of
from realtime.style_timeline import StyleTimeline, parse_time, read_timeline

MOST_WORKERS = 256


@dataclass(frozen=True)
class VideoConfig:
    """The options of `python -m realtime video`.

    Args:
        inputs: as they were typed; see `realtime.film_inputs`.
        output: as it was typed.
        options: for every film alike.
        workers: processes that paint; None for as many as there is room for.
        ray: address of a cluster that paints; None for this machine.
        ray_gpus: cards that a worker of the cluster takes.
        as_json: print JSON.
        made_of: files that styles are made of, which no output may take the place of.
    """

    inputs: tuple[str, ...]
    output: str
    options: FilmOptions
    workers: int | None
    ray: str | None
    ray_gpus: float
    as_json: bool
    made_of: tuple[Path, ...] = ()

    @classmethod
    def from_words(
        cls,
        *,
        inputs: tuple[str, ...],
        output: str,
        style: StyleEntry,
        timeline: Path | None,
        strength: float,
        size: str | None,
        output_size: str | None,
        start: str | None,
        end: str | None,
        fps: str | None,
        every: int,
        workers: int | None,
        ray: str | None,
        ray_gpus: float | None,
        as_json: bool,
        mask: str | None = None,
        background: str | None = None,
        labels: tuple[tuple[str, str], ...] = (),
        typed: tuple[str, ...] = (),
        **others: Any,
    ) -> VideoConfig:
        """Return the options of a command line, checked before anything is opened.

        Args:
            typed: what `style` and `background` were made of, as it was typed.
            others: fields of `FilmOptions`, as they are.
        Raises:
            LivebrushError: naming the first option that cannot be.
        """
        check_strength(strength)
        check_detail(others["detail"])
        _check_from_one("--workers", 1 if workers is None else workers, MOST_WORKERS)
        gpus = _cards(ray, ray_gpus, others["engine"].device)
        _check_from_one("--segment-frames", others["segment_frames"], 1_000_000)
        if others["codec"] is not None:
            codec_named(others["codec"])
        told = _timeline(style, timeline, strength)
        network_wh = parse_size("--size", size)
        styles = {name: style if name == style.name else find_style(name) for name in told.styles}
        masked = _mask(mask, background, labels, styles)
        if others.get("steady") != "off":
            styles = {name: steadied(entry, others["engine"]) for name, entry in styles.items()}
        if network_wh is not None:
            for entry in styles.values():
                entry.contract.check_size(network_wh)
        options = FilmOptions(
            timeline=told,
            styles=styles,
            mask=masked,
            network_wh=network_wh,
            output_wh=parse_size("--output-size", output_size),
            cut=FilmCut(
                None if start is None else parse_time(start, "--start"),
                None if end is None else parse_time(end, "--end"),
                parse_rate(fps),
                every,
            ),
            **others,
        )
        typed = (*typed, *told.styles, *(text for _, text in labels), *([background] if background else []))
        made_of = tuple(file for text in typed for file in find_style_files(text))
        return cls(inputs, output, options, workers, ray, gpus, as_json, made_of)


def run_video(config: VideoConfig) -> int:
    """Paint every film and return the exit code: 1 if any failed or is not whole, 130 if it was stopped.

    Raises:
        LivebrushError: what kept the first film from being begun.
    """
    share_heap()
    found = find_inputs(config.inputs)
    films = name_outputs(found.films, config.output, config.options.codec)
    for film in films:
        check_codec(config.options, film.output)
        _keep(film.output, _files_of(config.options.mask), "--mask needs")
        _keep(film.output, config.made_of, "a style is made of")
    if not config.as_json:
        for line in found.left_out:
            say(line)
    stop = threading.Event()
    with stop_on_signals(stop), _brushes(config, stop) as brushes, BatchBars(len(films)) as bars:
        results = paint_batch(films, config.options, brushes, bars, stop)
    _report(results, config, found.left_out)
    return EXIT_INTERRUPTED if stop.is_set() and _unfinished(results) else exit_code(results)


def _files_of(mask: FilmMask | None) -> tuple[Path, ...]:
    """Return what a mask is read from, and the picture behind it."""
    if mask is None:
        return ()
    return (*mask.stamps,) if mask.clip is None else (mask.clip.path, *mask.stamps)


def _keep(output: Path, files: Iterable[Path], why: str) -> None:
    """Raise SinkError if a film would take the place of a file that it is made with."""
    for kept in files:
        if takes_place_of(output, kept):
            raise SinkError(f"{output} would overwrite {kept}, which {why}; give another name")


@contextmanager
def _brushes(config: VideoConfig, stop: threading.Event) -> Iterator[Brushes]:
    options = config.options
    if config.ray is not None:
        from realtime.film_ray import RayBrushes, RayOptions

        asked = RayOptions(config.ray, config.workers, config.ray_gpus)
        with RayBrushes(options.styles, options.engine, asked, stop) as cluster:
            yield cluster
        return
    if (config.workers or 1) > 1:
        with WorkerBrushes(options.styles, options.engine, config.workers or 1, stop) as workers:
            yield workers
        return
    engines = open_engines(options.styles, options.engine)
    try:
        yield OwnBrushes(engines, stop)
    finally:
        for engine in engines.values():
            engine.close()


def _report(results: list[FilmResult], config: VideoConfig, left_out: tuple[str, ...]) -> None:
    if config.as_json:
        say(json.dumps({**to_plain(results), "left_out": list(left_out)}, indent=2))
        return
    plain_console().print(results_table(results))
    if _unfinished(results):
        say("stopped; the same command goes on from here")


def _unfinished(results: list[FilmResult]) -> bool:
    return any(result.result == "stopped" for result in results)


def _timeline(style: StyleEntry, path: Path | None, strength: float) -> StyleTimeline:
    if path is None:
        return StyleTimeline(style.name, strength)
    return read_timeline(path, style.name, strength)


def _mask(
    mask: str | None,
    background: str | None,
    labels: tuple[tuple[str, str], ...],
    styles: dict[str, StyleEntry],
) -> FilmMask | None:
    """Return what is masked; styles that paint beside the film's own join the others, under a free name."""
    if mask is None:
        if background is not None:
            raise OptionError("--background is what stands around a mask; give --mask too")
        if labels:
            raise OptionError("--label paints labels of a --mask; leave it out, or give --mask")
        return None

    def named(text: str) -> str:
        entry = find_style(text)
        name = text if styles.get(text, entry).path == entry.path else f"{text} (of the mask)"
        styles[name] = entry
        return name

    background = background or "original"
    behind = background if find_backdrop_kind(background) else named(background)
    return read_film_mask(mask, behind, {label: named(style) for label, style in labels})


def parse_rate(text: str | None) -> Fraction | None:
    """Return frames a second of a text such as 24, 29.97 or 30000/1001; None for None.

    Raises:
        OptionError: it is no number.
    """
    if text is None:
        return None
    try:
        return Fraction(text.strip())
    except (ValueError, ZeroDivisionError) as error:
        raise OptionError(f"--fps must be a number such as 24 or 30000/1001, got {text!r}") from error


def _cards(ray: str | None, asked: float | None, device: str) -> float:
    """Return how many cards a worker of a cluster takes."""
    if asked is None:
        return 1.0 if device == "cuda" else 0.0
    if ray is None:
        raise OptionError("--ray-gpus is for --ray; leave it out")
    if asked < 0 or (asked > 1 and asked != int(asked)):
        raise OptionError(f"--ray-gpus must be a share such as 0.5 or a whole number, got {asked:g}")
    return asked


def _check_from_one(option: str, number: int, most: int) -> None:
    if not 1 <= number <= most:
        raise OptionError(f"{option} must be from 1 to {most}, got {number}")
