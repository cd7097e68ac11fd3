"""Runs `python -m export` as a program of its own: it takes torch, which the runtime never imports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

import psutil

from realtime.engine_building import Progress
from realtime.errors import EngineError

# What a line of the command begins with that says how far it is, in percent.
PROGRESS = "progress "
_WAIT_S = 0.1
_RANK = 5  # of its process: beside a show that takes all it gets, a lower one would never end


def run_export(arguments: list[str], progress: Progress) -> None:
    """Run `python -m export`, until it ends or `progress` gives it up.

    Raises:
        EngineError: with its last line, if it fails.
    """
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as failed:
        # From where our packages lie, whatever lies in the user's own folder.
        folder = Path(__file__).resolve().parent.parent
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, (str(folder), *_python_path()))),
        }
        child = subprocess.Popen(
            [sys.executable, "-m", "export", *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=failed,
            start_new_session=True,
        )
        try:
            _lower(psutil.Process(child.pid))
            while child.poll() is None:
                if not progress(_told(said)):
                    raise EngineError("it was given up")
                try:
                    child.wait(_WAIT_S)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            _end(child)
        if child.returncode:
            failed.seek(0)
            lines = [
                line.strip() for line in failed.read().decode(errors="replace").splitlines() if line.strip()
            ]
            why = (
                lines[-1].removeprefix("error: ") if lines else f"it ended with exit code {child.returncode}"
            )
            raise EngineError(why)


def _told(said: IO[bytes]) -> float:
    said.seek(0)
    lines = said.read().decode(errors="replace").splitlines()
    told = [line.removeprefix(PROGRESS) for line in lines if line.startswith(PROGRESS)]
    return int(told[-1]) / 100 if told and told[-1].isdigit() else 0.0


def _lower(process: psutil.Process) -> None:
    """Let others come first, unless it gives way already; a rank cannot be taken back up."""
    if os.name == "nt":
        process.nice(psutil.IDLE_PRIORITY_CLASS)
    elif process.nice() < _RANK:
        process.nice(_RANK)


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the command and what it has started, if it is still at work."""
    if child.poll() is None:
        if os.name == "nt":
            child.kill()
        else:
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _python_path() -> list[str]:
    return [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
