"""The command as a process of its own: Ctrl-C, and a real window."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import cv2
import pytest
from xvfb import XvfbScreen, why_no_xvfb

ROOT = Path(__file__).resolve().parents[2]
LONG_S = 120  # only ever waited for by a test that fails
PROGRAM = [sys.executable, str(ROOT / "run_camera.py")]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
def test_ctrl_c_leaves_a_film_that_plays_and_is_a_normal_end(tiny_style: Path, tmp_path: Path) -> None:
    command = [*PROGRAM, "--style", str(tiny_style), "--source", "demo", "--no-window", "--output", "out.mkv"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        written = tmp_path / "out.mkv"
        for _ in range(LONG_S * 100):
            if written.exists() and written.stat().st_size > 50_000:
                break
            time.sleep(0.01)  # until another process has got somewhere
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LONG_S)
    assert (process.returncode, err) == (0, "")
    count = int(out.splitlines()[-1].split()[0])
    assert count > 0
    assert frames_of(written) == count


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
def test_ctrl_c_before_the_first_picture_is_one_line_and_exit_code_130(
    tiny_style: Path, tmp_path: Path
) -> None:
    # A source that never answers: a pipe that nobody writes to.
    os.mkfifo(tmp_path / "silent.mp4")
    command = [
        *PROGRAM,
        "--style",
        str(tiny_style),
        "--source",
        "silent.mp4",
        "--output",
        "o.mp4",
        "--no-window",
    ]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        # Its handler is in place when the pipe is being opened for reading.
        writer = os.open(tmp_path / "silent.mp4", os.O_WRONLY)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LONG_S)
        os.close(writer)
    assert (process.returncode, out, err) == (130, "stopped before the first picture\n", "")


@pytest.mark.skipif(why_no_xvfb() is not None, reason=str(why_no_xvfb()))
def test_the_window_of_the_command_obeys_its_keys(tiny_style: Path, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with XvfbScreen(tmp_path / "x") as screen:
        command = [*PROGRAM, "--style", str(tiny_style), "--source", "demo", "--stats", "stats.json"]
        process = subprocess.Popen(
            command, cwd=tmp_path, env=screen.environment(), stdout=subprocess.PIPE, text=True
        )
        screen.wait_for_window("Livebrush")
        deadline = time.monotonic() + LONG_S
        while process.poll() is None and time.monotonic() < deadline:
            # Again and again: a window manager may still take the focus back, and a key is lost then.
            screen.press("q" if (tmp_path / "livebrush_tiny.png").exists() else "s")
        out, _ = process.communicate(timeout=LONG_S)
    assert process.returncode == 0
    assert "openvino" in out or "onnxruntime" in out
    snapshot = cv2.imread(str(tmp_path / "livebrush_tiny.png"))
    assert snapshot is not None
    assert snapshot.shape == (360, 640, 3)
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert stats["frames"]["captured"] == stats["frames"]["shown"] + stats["frames"]["dropped"]


def frames_of(path: Path) -> int:
    """Return how many frames of a film can be decoded."""
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))
