"""Draws docs/any_picture.jpg, what the meta network makes of pictures: `python docs/make_any_picture.py`.

Only what may be shown is in it: scikit-image's pictures (public domain and CC0) as photographs and as styles,
and textures from chance. Needs the `dev` extra.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from make_figures import DOCS, Picture, bundled, square

from training.procedural import cells, dots, hatching, strokes

SIDE, STYLE_SIDE = 320, 384
PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")
STYLES = ("ihc", "hubble_deep_field", "retina", "brick")
TEXTURES = {"strokes": (strokes, 5), "cells": (cells, 4), "dots": (dots, 11), "hatching": (hatching, 2)}


def style_pictures(folder: Path) -> list[Path]:
    """Write the style pictures and return their files."""
    pictures = {name: square(bundled(name), STYLE_SIDE) for name in STYLES}
    for name, (maker, seed) in TEXTURES.items():
        rgb = maker(STYLE_SIDE, np.random.default_rng(seed))
        pictures[name] = np.ascontiguousarray((np.clip(rgb, 0, 1) * 255).astype(np.uint8)[..., ::-1])
    files = []
    for name, picture in pictures.items():
        files.append(folder / f"{name}.png")
        cv2.imwrite(str(files[-1]), picture)
    return files


def paint(style: Path, sources: Path, output: Path) -> list[Picture]:
    """Paint a folder with the camera command; return the paintings, in order of their names."""
    command = [sys.executable, "run_camera.py", "--style", style, "--source", sources, "--output", output]
    subprocess.run([*map(str, command), "--no-window"], check=True, cwd=DOCS.parent)
    return [np.asarray(cv2.imread(str(file)), np.uint8) for file in sorted(output.glob("*.png"))]


def main() -> None:
    """Draw the sheet: photographs above, a style at the left of each row."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = folder / "photographs"
        sources.mkdir()
        for photograph in PHOTOGRAPHS:
            cv2.imwrite(str(sources / f"{photograph}.png"), square(bundled(photograph), SIDE))
        originals = [np.asarray(cv2.imread(str(file)), np.uint8) for file in sorted(sources.glob("*.png"))]
        blank = np.full((SIDE, SIDE, 3), 255, np.uint8)
        rows = [[blank, *originals]]
        for style in style_pictures(folder):
            look = square(np.asarray(cv2.imread(str(style)), np.uint8), SIDE)
            rows.append([look, *paint(style, sources, folder / style.stem)])
        tall = [np.hstack(row) for row in rows]
        # Two columns of rows, so that the sheet is about as wide as it is high.
        half = 1 + (len(tall) - 1) // 2
        left, right = np.vstack([tall[0], *tall[1:half]]), np.vstack([tall[0], *tall[half:]])
        gap = np.full((left.shape[0], 16, 3), 255, np.uint8)
        sheet = np.hstack([left, gap, right])
        sheet = cv2.resize(sheet, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(DOCS / "any_picture.jpg"), sheet, [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
