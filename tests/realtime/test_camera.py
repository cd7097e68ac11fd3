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
import numpy as np
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


@pytest.mark.skipif(why_no_xvfb() is not None, reason=str(why_no_xvfb()))
def test_key_b_swaps_what_is_masked_and_the_rest_in_the_real_window(tiny_style: Path, tmp_path: Path) -> None:
    """The style inverts: what it paints of 50 is 205. The mask has label 1 on the left, then 2."""
    (tmp_path / "x").mkdir()
    (tmp_path / "pictures").mkdir()
    cv2.imwrite(str(tmp_path / "pictures" / "grey.png"), np.full((180, 320, 3), 50, np.uint8))
    labels = np.repeat(np.array([1, 2, 0, 0], np.uint8), 80)[None].repeat(180, axis=0)
    cv2.imwrite(str(tmp_path / "labels.png"), labels)
    words = ["--style", str(tiny_style), "--source", "pictures", "--mask", "labels.png:1"]
    words += ["--label", f"2={tiny_style}"]
    with XvfbScreen(tmp_path / "x") as screen:
        process = subprocess.Popen(
            [*PROGRAM, *words], cwd=tmp_path, env=screen.environment(), stdout=subprocess.PIPE, text=True
        )
        try:
            window = screen.wait_for_window("Livebrush")
            before = after = snapshot_of(screen, window, tmp_path)
            for _ in range(20):  # a key may be lost while a window manager takes the focus back
                screen.press_in(window, "b")
                after = snapshot_of(screen, window, tmp_path)
                if after != before:
                    break
        finally:
            process.terminate()
            process.communicate(timeout=LONG_S)
    assert before == [205, 205, 50, 50]
    assert after == [
        50,
        205,
        205,
        205,
    ]  # the style in front has the rest, and where it was is what was behind


def snapshot_of(screen: XvfbScreen, window: str, folder: Path) -> list[int]:
    """Have the window take a snapshot; return the brightness of its four quarters from left to right."""
    already = len(list(folder.glob("livebrush_*.png")))
    deadline = time.monotonic() + LONG_S
    files: list[Path] = []
    while len(files) <= already and time.monotonic() < deadline:
        screen.press_in(window, "s")
        files = sorted(folder.glob("livebrush_*.png"), key=lambda file: file.stat().st_mtime_ns)
    image = None
    while image is None and time.monotonic() < deadline:
        image = cv2.imread(str(files[-1]))  # None while it is written
    assert image is not None
    return [round(float(image[:, 80 * n + 20 : 80 * n + 60].mean())) for n in range(4)]


def frames_of(path: Path) -> int:
    """Return how many frames of a film can be decoded."""
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))
