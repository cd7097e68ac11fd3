"""Real processes that are killed, at random moments and in the middle of a write."""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from clip_makers import write_clip
from film_makers import write_rich_film

ROOT = Path(__file__).resolve().parents[2]
LONG_S = 120  # only ever waited for by a test that fails
VIDEO = [sys.executable, "-m", "realtime", "video"]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals for another process")
@pytest.mark.parametrize(("number", "steady"), [(signal.SIGTERM, "off"), (signal.SIGKILL, "full")])
def test_killed_at_random_moments_the_same_command_gives_the_same_bytes(
    tmp_path: Path, tiny_style: Path, number: signal.Signals, steady: str
) -> None:
    source = write_rich_film(tmp_path / "in.mp4", count=150, gop=10, size_wh=(96, 64), subtitle="mov_text")
    command = [*VIDEO, str(source), "--style", str(tiny_style), "--segment-frames", "10", "--threads", "1"]
    command += ["--steady", steady]
    begun = time.monotonic()
    run_to_end([*command, "-o", str(tmp_path / "whole.mp4")])
    whole_s = time.monotonic() - begun
    chance, output = random.Random(int(number)), tmp_path / "out.mp4"
    for _ in range(4):
        killed_after(chance.uniform(0.3, 1.0) * whole_s, [*command, "-o", str(output)], number, output)
        if output.exists():
            assert digest(output) == digest(tmp_path / "whole.mp4")  # never a half one
    run_to_end([*command, "-o", str(output)])
    assert digest(output) == digest(tmp_path / "whole.mp4")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.mp4", "whole.mp4"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals for another process")
def test_killed_in_the_middle_of_a_write_leaves_nothing_under_the_final_name(
    tmp_path: Path, tiny_style: Path
) -> None:
    source = write_clip(tmp_path / "in.mp4", count=60, gop=10)
    command = [str(source), "--style", str(tiny_style), "--segment-frames", "10", "--threads", "1"]
    command += ["--steady", "off"]
    run_to_end([*VIDEO, *command, "-o", str(tmp_path / "whole.mp4")])
    for write in (3, 40, 65):
        done = run_python(DIES_WRITING, str(write), *command, "-o", str(tmp_path / "out.mp4"))
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert not (tmp_path / "out.mp4").exists()
    for place in ("join", "finish"):
        done = run_python(DIES_AT_END, place, *command, "-o", str(tmp_path / "out.mp4"))
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert not (tmp_path / "out.mp4").exists()
    run_to_end([*VIDEO, *command, "-o", str(tmp_path / "out.mp4")])
    assert digest(tmp_path / "out.mp4") == digest(tmp_path / "whole.mp4")


# Half of a packet reaches the disk, and the process is no more.
DIES_WRITING = """
import os, signal, sys
from realtime import cli, segment_file
writes, whole = [0], segment_file.SegmentWriter._write
def write(self, data):
    writes[0] += 1
    if writes[0] == int(sys.argv[1]):
        self._file.write(data[: len(data) // 2]); self._file.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    whole(self, data)
segment_file.SegmentWriter._write = write
cli.main(["video", *sys.argv[2:]])
"""

DIES_AT_END = """
import os, signal, sys
from realtime import cli, film, film_join
if sys.argv[1] == "join":
    timed = film_join._timed
    def some(joint):
        for number, packet in enumerate(timed(joint)):
            if number == 30:
                os.kill(os.getpid(), signal.SIGKILL)
            yield packet
    film_join._timed = some
else:
    film.FilmStore.finish = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
cli.main(["video", *sys.argv[2:]])
"""


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LONG_S,
        check=False,
    )


def run_to_end(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LONG_S, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def killed_after(seconds: float, command: list[str], number: signal.Signals, output: Path) -> None:
    """Run a command, and send it a signal at a moment that nobody chose; it may have ended by then."""
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        _, err = process.communicate(timeout=LONG_S)
    assert err == ""
