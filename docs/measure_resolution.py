"""What `--target-fps` reaches on large cameras: `python docs/measure_resolution.py --help`.

A synthetic camera that hands out JPEGs takes the place of a real one; all else is the camera command
itself, without a window: decoding, the sizes that it chooses, joining with the frame's detail.
"""

import argparse
import json
import tempfile
from pathlib import Path
from unittest.mock import patch

from realtime.bench_load import SyntheticCamera, encode_jpeg
from realtime.camera_command import main as run_camera_command
from realtime.camera_config import parse_size
from realtime.demo import draw_demo_frame


def main() -> None:
    """Measure and print one line a camera."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--style", default="starry_night")
    parser.add_argument("--size", nargs="+", default=["1280x720", "1920x1080"])
    parser.add_argument("--camera-fps", type=float, default=60)
    parser.add_argument("--target-fps", type=float, default=30)
    parser.add_argument("--frames", type=int, default=900)
    asked = parser.parse_args()
    for size in asked.size:
        print(line_of(size, measure(asked, size)))


def measure(asked: argparse.Namespace, size: str) -> dict[str, object]:
    """Run the camera command on a camera of this size; return what `--stats` writes."""
    size_wh = parse_size("--size", size)
    assert size_wh is not None
    jpegs = [encode_jpeg(draw_demo_frame(number, size_wh)) for number in range(6)]
    camera = SyntheticCamera(jpegs, size_wh, asked.camera_fps)
    with (
        tempfile.TemporaryDirectory() as folder,
        patch("realtime.camera.open_source", lambda *_, **__: camera),
    ):
        stats = Path(folder) / "stats.json"
        arguments = ["--source", "0", "--style", asked.style, "--no-window", "--stats", str(stats)]
        arguments += ["--target-fps", f"{asked.target_fps:g}", "--max-frames", str(asked.frames)]
        run_camera_command(arguments)
        found: dict[str, object] = json.loads(stats.read_text())
    return found


def line_of(size: str, stats: dict[str, object]) -> str:
    """Return one line of what was measured."""
    sizes = ", ".join(f"{name} {count}" for name, count in dict(stats["sizes"]).items())  # type: ignore[call-overload]
    total = stats["latency_ms"]["total"]  # type: ignore[index]
    return (
        f"{size}: {stats['fps']:.1f} fps, {total['p50']:.0f} ms in to out (p95 {total['p95']:.0f}); "
        f"pictures painted at: {sizes}"
    )


if __name__ == "__main__":
    main()
