"""One film from beginning to end: what is painted already is kept, the rest is painted, all is joined."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from realtime.engine import Engine, EngineInfo
from realtime.errors import SourceError
from realtime.film_join import Joint, join
from realtime.film_paint import paint_segments
from realtime.film_plan import FilmOptions, FilmPlan, film_key, plan_film, segment_keys
from realtime.film_remote import Remote
from realtime.film_scan import Segment
from realtime.film_store import FilmStore, Pieces
from realtime.segment_file import Record
from realtime.sources import redact
from realtime.timing import StageTimes

Clock = Callable[[], float]


@dataclass(frozen=True)
class Film:
    """What goes in and what comes out.

    Args:
        source: a film; or the folder of pictures, or what else stands for them.
        output: file or folder.
        files: the pictures, in order; empty for a film.
        remote: where the source is loaded from; None if it lies here.
        upload: address to which the output goes when it is whole; empty if it stays here.
    """

    source: Path
    output: Path
    files: tuple[Path, ...] = ()
    remote: Remote | None = None
    upload: str = ""

    @property
    def input_name(self) -> str:
        """What was read, as it was found."""
        return redact(self.remote.address) if self.remote else str(self.source)

    @property
    def output_name(self) -> str:
        """Where the result is in the end."""
        return redact(self.upload) if self.upload else str(self.output)


@dataclass(frozen=True)
class FilmResult:
    """What became of a film.

    Args:
        film: which.
        result: "painted"; "unchanged" if it was painted before; "in part" if some of it could not be read,
            now or before; "failed"; "stopped" if it was not finished.
        frames: in the output.
        painted: of those, painted now.
        seconds: that the painting took.
        reason: of a failure or a gap, and what could not be kept as it is.
    """

    film: Film
    result: str
    frames: int = 0
    painted: int = 0
    seconds: float = 0.0
    reason: str = ""

    @property
    def fps(self) -> float:
        """Frames painted in a second."""
        return self.painted / self.seconds if self.seconds else 0.0


class Progress(Protocol):
    """Is told how far a film is."""

    def begin(self, frames: int, done: int) -> None:
        """A film has this many frames, of which so many were painted before."""

    def advance(self, frames: int = 1) -> None:
        """So many more are painted."""


class Brushes(Protocol):
    """What paints pieces: in this process, or in several."""

    def infos(self) -> Mapping[str, EngineInfo]:
        """Return what really runs each style."""

    def paint(
        self,
        plan: FilmPlan,
        segments: Sequence[Segment],
        pieces: Pieces,
        keys: Mapping[int, str],
        advance: Callable[[int], object],
    ) -> bool:
        """Paint pieces; False if it was stopped."""


class OwnBrushes:
    """Paints in this process.

    Args:
        engines: of the styles, by name.
        stop: set it from anywhere to end between two frames.
    """

    def __init__(self, engines: Mapping[str, Engine], stop: threading.Event) -> None:
        self._engines = engines
        self._stop = stop

    def infos(self) -> Mapping[str, EngineInfo]:
        """Return what really runs each style."""
        return {name: engine.info for name, engine in self._engines.items()}

    def paint(
        self,
        plan: FilmPlan,
        segments: Sequence[Segment],
        pieces: Pieces,
        keys: Mapping[int, str],
        advance: Callable[[int], object],
    ) -> bool:
        """Paint pieces one after another; False if it was stopped."""
        return paint_segments(
            plan,
            segments,
            self._engines,
            pieces,
            keys,
            stop=self._stop,
            count=lambda: advance(1),
            times=StageTimes(),
        )


def paint_film(
    film: Film,
    options: FilmOptions,
    brushes: Brushes,
    progress: Progress,
    *,
    clock: Clock = time.perf_counter,
) -> FilmResult:
    """Paint one film, going on where an earlier run ended.

    Raises:
        LivebrushError: whatever went wrong; what was painted is kept beside the output.
    """
    plan = replace(plan_film(film.source, film.files, film.output, options), remote=film.remote)
    keys = segment_keys(plan, brushes.infos())
    whole = film_key(plan, keys)
    store = FilmStore(film.output)
    try:
        done = store.done(whole)
        if done is not None:
            progress.begin(done.frames, done.frames)
            # What is missing in it is still missing: only of a whole film there is nothing more to say.
            result = "in part" if done.gaps else "unchanged"
            return FilmResult(
                film, result, done.frames, reason="; ".join([*done.gaps, "it was painted before"])
            )
        records = {
            n: record for n, key in keys.items() if (record := store.pieces.record(n, key)) is not None
        }
        before = sum(record.frames for record in records.values())
        progress.begin(plan.frames, before)
        began = clock()
        missing = [segment for segment in plan.segments if segment.number not in records]
        if missing and not brushes.paint(plan, missing, store.pieces, keys, progress.advance):
            return FilmResult(film, "stopped", reason="run the same command again to go on")
        seconds = clock() - began
        return _finish(film, plan, store, keys, whole, before, seconds)
    finally:
        store.close()


def _finish(
    film: Film,
    plan: FilmPlan,
    store: FilmStore,
    keys: Mapping[int, str],
    whole: str,
    before: int,
    seconds: float,
) -> FilmResult:
    records = [record for n, key in keys.items() if (record := store.pieces.record(n, key)) is not None]
    frames = sum(record.frames for record in records)
    if len(records) < len(keys):
        raise SourceError(
            f"{film.output}: {len(keys) - len(records)} painted pieces are gone; run the same command again"
        )
    if not frames:
        raise SourceError(f"{film.source}: no frame of it could be decoded")
    plan.scan.check_unchanged()
    mask = plan.options.mask
    if mask is not None:
        mask.check_unchanged()
    joined = join(_joint(plan, store, records), store.join_path())
    notes = list(joined.notes)
    if any(record.found.interlaced for record in records):
        notes.append("interlaced: every two fields became one picture")
    if mask is not None and (note := mask.note(plan.scan)) is not None:
        notes.append(note)
    gaps = [*_gaps(plan, records), *joined.lost]
    store.finish(whole, frames, gaps)
    return FilmResult(
        film, "in part" if gaps else "painted", frames, frames - before, seconds, "; ".join([*gaps, *notes])
    )


def _joint(plan: FilmPlan, store: FilmStore, records: Sequence[Record]) -> Joint:
    return Joint(
        pieces=[store.pieces.piece(segment.number) for segment in plan.segments],
        records=records,
        video=plan.video,
        source=None if plan.scan.files else plan.scan.path,
        start_s=plan.cut.start_s,
        end_s=plan.cut.end_s,
        film_end=plan.film_end,
    )


def _gaps(plan: FilmPlan, records: Sequence[Record]) -> list[str]:
    """Return what of the film is not in the output, one line each."""
    lost = sorted(moment for record in records for moment in record.found.lost_s)
    damaged = sorted(moment for record in records for moment in record.found.damaged_s)
    gaps = []
    if lost:
        gaps.append(_gap(lost, "picture" if plan.scan.files else "packet", "could not be decoded"))
    if damaged:
        gaps.append(_gap(damaged, "picture", "could be decoded only in part"))
    if plan.scan.trouble and plan.cut.end_s is None:
        end_s = float(Fraction(plan.window.film_end) * plan.window.time_base)
        gaps.append(f"it ends at {end_s:.2f} s: {plan.scan.trouble}")
    return gaps


def _gap(moments: Sequence[float], what: str, why: str) -> str:
    many = f"{len(moments)} {what}s" if len(moments) > 1 else f"1 {what}"
    return f"{many} {why}, from {moments[0]:.2f} to {moments[-1]:.2f} s"
