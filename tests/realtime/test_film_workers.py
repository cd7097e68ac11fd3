"""Pieces of a film painted side by side by real processes."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from clip_makers import read_clip
from film_makers import write_rich_film
from film_runners import Count
from waiting import wait_until

from realtime.catalog import StyleEntry
from realtime.contract import read_contract
from realtime.engine import EngineOptions, open_engine
from realtime.errors import LivebrushError
from realtime.film import Film, OwnBrushes, paint_film
from realtime.film_plan import FilmOptions
from realtime.film_workers import WorkerBrushes
from realtime.style_timeline import StyleTimeline

ROOT = Path(__file__).resolve().parents[2]
ENGINE = EngineOptions(threads=1)
LONG_S = 120  # only ever waited for by a test that fails


def options_for(style: Path) -> FilmOptions:
    entry = StyleEntry("tiny", style, read_contract(style), shipped=False)
    return FilmOptions(StyleTimeline("tiny"), {"tiny": entry}, ENGINE, segment_frames=10)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_rich_film(tmp_path / "in.mkv", count=80, gop=10)


def alone(source: Path, style: Path) -> Path:
    """Paint a film in this process."""
    output = source.with_name("alone.mkv")
    brushes = OwnBrushes({"tiny": open_engine(style, ENGINE)}, threading.Event())
    paint_film(Film(source, output), options_for(style), brushes, Count())
    return output


def test_several_processes_give_the_same_bytes_as_one(source: Path, tiny_style: Path) -> None:
    options, output, count = options_for(tiny_style), source.with_name("out.mkv"), Count()
    with WorkerBrushes(options.styles, ENGINE, 2, threading.Event()) as brushes:
        result = paint_film(Film(source, output), options, brushes, count)
    assert (result.result, count.painted) == ("painted", 80)
    assert digest(output) == digest(alone(source, tiny_style))


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals for another process")
def test_the_piece_of_a_worker_that_dies_is_painted_again(source: Path, tiny_style: Path) -> None:
    options, output = options_for(tiny_style), source.with_name("out.mkv")
    with WorkerBrushes(options.styles, ENGINE, 2, threading.Event()) as brushes:
        killed: list[int] = []

        def kill(painted: int) -> None:
            if painted in (5, 33) and len(killed) < 2:
                busy = next(worker for worker in brushes.workers if worker.task is not None)
                killed.append(busy.pid)
                os.kill(busy.pid, signal.SIGKILL)

        count = Count(kill)
        assert paint_film(Film(source, output), options, brushes, count).result == "painted"
    assert len(killed) == 2
    assert count.painted == 80
    assert digest(output) == digest(alone(source, tiny_style))


def test_a_stop_reaches_the_workers_and_another_run_goes_on(source: Path, tiny_style: Path) -> None:
    options, output, stop = options_for(tiny_style), source.with_name("out.mkv"), threading.Event()
    with WorkerBrushes(options.styles, ENGINE, 2, stop) as brushes:
        count = Count(lambda painted: stop.set() if painted == 45 else None)
        assert paint_film(Film(source, output), options, brushes, count).result == "stopped"
    with WorkerBrushes(options.styles, ENGINE, 2, threading.Event()) as brushes:
        again = Count()
        paint_film(Film(source, output), options, brushes, again)
    assert again.done >= 20
    assert digest(output) == digest(alone(source, tiny_style))


def test_what_goes_wrong_in_a_worker_is_said_here(source: Path, tmp_path: Path) -> None:
    from onnx_makers import make_style_onnx

    options = options_for(make_style_onnx(tmp_path / "failing.onnx", kind="failing"))
    with (
        WorkerBrushes(options.styles, ENGINE, 2, threading.Event()) as brushes,
        pytest.raises(LivebrushError),
    ):
        paint_film(Film(source, source.with_name("out.mkv")), options, brushes, Count())
    assert not source.with_name("out.mkv").exists()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes as Linux shows them")
def test_workers_end_with_the_process_that_was_killed_and_the_command_goes_on(
    source: Path, tiny_style: Path
) -> None:
    output = source.with_name("out.mkv")
    command = [sys.executable, "-m", "realtime", "video", str(source), "-o", str(output), "--workers", "2"]
    command += ["--style", str(tiny_style), "--segment-frames", "10", "--threads", "1"]
    with subprocess.Popen(command, cwd=ROOT) as process:
        pieces = output.parent / ".livebrush" / "out.mkv"
        wait_until(lambda: process.poll() is not None or any(pieces.glob("*.segment")))
        workers = children(process.pid)
        process.kill()
    wait_until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    assert subprocess.run(command, cwd=ROOT, timeout=LONG_S, check=False).returncode == 0
    assert digest(output) == digest(alone(source, tiny_style))
    assert len(read_clip(output).numbers) == 80


def children(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(folder.name))
    return found
