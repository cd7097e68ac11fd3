"""Whether seams show: `python docs/measure_seams.py CLIP... [--style NAME ...] [--json FILE]`.

Each clip is painted steadily as a film is: in two pieces, of which the first ends as the second begins (see
`realtime.film_seam`), and once unbroken. Printed is E_warp of each pair of frames over that of the same pair
unbroken: at the seam, and the most of those around it; 1 is a seam that cannot be found.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.catalog import find_style
from realtime.engine import EngineOptions, open_engine
from realtime.film_painter import make_painter
from realtime.film_seam import SeamPainter
from realtime.film_source import FilmFrame, leading
from realtime.painter import NetworkSize
from realtime.style_timeline import StyleTimeline
from realtime.temporal import WARM_UP_FRAMES
from realtime.testing import make_frame
from realtime.timing import StageTimes
from training.clips import Clip
from training.flow_estimators import open_flow
from training.judge.steadiness import Measured, Motion, find_motion

Image = NDArray[np.uint8]
FIRST = 40  # frames of the first piece: by then a painting has settled
AFTER = 3


def main() -> None:
    """Measure every clip in every style and print a line each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path, nargs="+", help=f"of at least {FIRST + AFTER} frames")
    parser.add_argument("--style", action="append", help="several times [starry_night]")
    parser.add_argument("--size", type=int, default=360, help="shorter side of the frames")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    asked = parser.parse_args()
    found: dict[str, dict[str, list[float]]] = {}
    print("| clip | style | the seam | the most of the frames that fade |\n| --- | --- | --- | --- |")
    for clip in asked.clip:
        images = [shown.image for shown in Clip(clip, asked.size, FIRST + AFTER).frames()]
        if len(images) < FIRST + AFTER:
            sys.exit(f"{clip} has {len(images)} frames, {FIRST + AFTER} are needed")
        motions = dict(read_motions(images))
        for style in asked.style or ["starry_night"]:
            with closing(open_engine(find_style(style), EngineOptions(looks_back=True))) as engine:
                told = StyleTimeline(style), {style: engine}, StageTimes(), NetworkSize()
                make = partial(make_painter, *told, "full")
                broken, whole = (paint(SeamPainter(make), images, seam=seam) for seam in (FIRST, None))
            ratios = [
                e_warp(broken, number, motion) / e_warp(whole, number, motion)
                for number, motion in motions.items()
            ]
            found.setdefault(str(clip), {})[style] = ratios
            fading, seam = ratios[:WARM_UP_FRAMES], ratios[WARM_UP_FRAMES]
            print(f"| {clip.stem} | `{style}` | {seam:.2f} | {max(fading):.2f} |", flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def read_motions(images: list[Image]) -> Iterator[tuple[int, Motion]]:
    """Yield the number and the motion of every frame from the first that fades on."""
    estimate = open_flow("auto", None, "cpu")
    for number in range(FIRST - WARM_UP_FRAMES, FIRST + AFTER):
        yield number, find_motion(estimate, images[number], images[number - 1])


def paint(painter: SeamPainter, images: list[Image], *, seam: int | None) -> list[Image]:
    """Return the paintings, RGB, of a film that is cut before a frame."""
    paintings = []
    for number, image in enumerate(images):
        frame = make_frame(number).with_image(image[..., ::-1].copy())
        values = {field.name: getattr(frame, field.name) for field in fields(frame)}
        before = seam is not None and number < seam
        leads = leading(FIRST - number, WARM_UP_FRAMES) if before else 0.0
        segment = 0 if seam is None or before else 1
        painted = painter.paint(FilmFrame(**values, segment=segment, leads=leads))
        paintings.append(painted.stylized_image[..., ::-1].copy())
    return paintings


def e_warp(paintings: list[Image], number: int, motion: Motion) -> float:
    """Return E_warp of a frame."""
    measured = Measured(("painting",))
    measured.add(number, motion, {"painting": paintings[number]}, {"painting": paintings[number - 1]})
    return float(measured.errors["painting"][0])


if __name__ == "__main__":
    main()
