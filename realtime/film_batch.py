"""Several films, one after another: one that fails does not stop the next."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from realtime.errors import LivebrushError, SinkError
from realtime.film import Brushes, Film, FilmResult, Progress, paint_film
from realtime.film_plan import FilmOptions
from realtime.film_remote import check_same, fetch, forget, store
from realtime.film_store import FilmStore, work_folder
from realtime.media import reason

EXIT_FAILED = 1
_BAD = ("failed", "in part")


class BatchProgress(Progress, Protocol):
    """Is told which film is painted, and how far it is."""

    def film(self, name: str) -> None:
        """The next film begins."""


def paint_batch(
    films: Sequence[Film],
    options: FilmOptions,
    brushes: Brushes,
    progress: BatchProgress,
    stop: threading.Event,
) -> list[FilmResult]:
    """Paint films; return what became of each, in order.

    What a run could go on with is kept while something of the batch is left to do, so that the same
    command does only that; when all is done it is removed.
    """
    results = []
    for film in films:
        if stop.is_set():
            results.append(FilmResult(film, "stopped", reason="not begun"))
            continue
        progress.film(film.source.name)
        results.append(_try(film, options, brushes, progress))
    if all(result.result not in ("failed", "stopped") for result in results):
        for film in films:
            FilmStore(film.output).remove()
            if film.upload:
                forget(film.upload)
    return results


def _try(film: Film, options: FilmOptions, brushes: Brushes, progress: Progress) -> FilmResult:
    try:
        _make_folder(film.output.absolute().parent)
        return _paint(film, options, brushes, progress)
    except LivebrushError as error:
        text = (
            str(error).replace(str(film.source), film.input_name).replace(str(film.output), film.output_name)
        )
        return FilmResult(film, "failed", reason=" ".join(text.split()))


def _paint(film: Film, options: FilmOptions, brushes: Brushes, progress: Progress) -> FilmResult:
    """Paint a film that may come from an address, and go to one."""
    if film.remote is not None:
        fetch(film.remote, film.source)
    result = paint_film(film, options, brushes, progress)
    if film.remote is not None and result.result != "stopped":
        check_same(film.remote)
    if film.upload and result.result != "stopped":
        store(film.output, film.upload, work_folder(film.output) / "stored")
    return result


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SinkError(f"the folder {folder} cannot be made: {reason(error)}") from error


def exit_code(results: Sequence[FilmResult]) -> int:
    """Return 1 if any film failed or is not whole."""
    return EXIT_FAILED if any(result.result in _BAD for result in results) else 0


def to_plain(results: Sequence[FilmResult]) -> dict[str, Any]:
    """Return the results as plain values for a program."""
    return {
        "films": [
            {
                "input": result.film.input_name,
                "output": result.film.output_name,
                "result": result.result,
                "frames": result.frames,
                "painted": result.painted,
                "seconds": round(result.seconds, 3),
                "fps": round(result.fps, 2),
                "reason": result.reason,
            }
            for result in results
        ],
        "failed": sum(result.result in _BAD for result in results),
    }
