"""How steady every shipped style paints a folder of clips: one table of E_warp, as the README has it.

    python docs/measure_steadiness.py clips [--frames 24] [--style udnie --style starry_night] [--json FILE]

Each clip goes through `python -m training evaluate-video`, so that the product is measured as its users get
it. Sequences (folders of frames, also as FOLDER/frames) are clips too. Means are over the clips.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

STYLES = ("starry_night", "the_great_wave", "udnie", "composition_vii")
SUFFIXES = {".mp4", ".mkv", ".mov", ".webm"}
KINDS = ("input", "frame_by_frame", "product")


def find_clips(folder: Path) -> list[Path]:
    """Return the videos and the sequences in a folder, and in the folders within."""
    videos = [file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES]
    pictures = {file.parent for file in folder.rglob("*.jpg")} | {
        file.parent for file in folder.rglob("*.png")
    }
    return sorted(videos + [place for place in pictures if place.name != "masks"])


def judge(style: str, clip: Path, frames: int, size: int) -> dict[str, float]:
    """Return E_warp of a clip, of the network frame by frame, and of the product."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "training", "evaluate-video", style, str(clip)]
        options = ["--frames", str(frames), "--size", str(size), "--json", str(report)]
        subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)
        clips: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))["clips"]
    return {kind: float(clips[kind]["e_warp"]) for kind in KINDS}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("folder", type=Path, help="of video files and of folders of frames")
    words.add_argument(
        "--style", action="append", help="a shipped style, or a file; several times [all four]"
    )
    words.add_argument("--frames", type=int, default=24, help="of each clip, from the first on")
    words.add_argument("--size", type=int, default=360, help="shorter side of the frames")
    words.add_argument("--json", type=Path, help="write every figure to this file")
    asked = words.parse_args()
    clips = find_clips(asked.folder)
    if not clips:
        sys.exit(f"no clips in {asked.folder}: give a folder of video files, or of folders of frames")
    found: dict[str, dict[str, dict[str, float]]] = {}
    print("| style | the clips | frame by frame | the product | of frame by frame |")
    print("| --- | --- | --- | --- | --- |")
    for style in asked.style or STYLES:
        found[style] = {str(clip): judge(style, clip, asked.frames, asked.size) for clip in clips}
        means = [sum(scores[kind] for scores in found[style].values()) / len(clips) for kind in KINDS]
        figures = " | ".join(f"{1000 * mean:.2f}" for mean in means)
        print(f"| `{style}` | {figures} | {means[2] / means[1]:.2f} |", flush=True)
        if asked.json:
            asked.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
