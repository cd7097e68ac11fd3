"""Draws docs/semantic.jpg, parts painted as the parts of a style picture: `python docs/make_semantic.py`.

`python docs/make_semantic.py decoders` draws docs/decoders.jpg instead, the same offline: by every statistic
and every decoder that ships, beside the masked optimisation.

Only what may be shown is in them: scikit-image's pictures (public domain and CC0), the demo scene, and what
shipped styles make of them. Needs the `dev` extra, and for the decoders the weights of `training optimize`.
"""

import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from make_figures import DOCS, Picture, bundled, square

from realtime.demo import draw_demo_frame
from realtime.mask import open_mask
from realtime.testing import make_frame

SIDE, STYLE_SIDE, MOMENT = 320, 384, 60
DECODED_SIDE, DECODED_SHOWN_WIDTH = 256, 1800


@dataclass(frozen=True)
class Example:
    """A photograph, a style picture, and which part of that is the person's; None for the network to find."""

    photograph: Picture
    style: Picture
    style_mask: Picture | None = None


def halves(left: Picture, right: Picture) -> tuple[Picture, Picture]:
    """Return the left half of one picture beside the right half of another, and the mask of the first."""
    style = square(left, STYLE_SIDE)
    style[:, STYLE_SIDE // 2 :] = square(right, STYLE_SIDE)[:, STYLE_SIDE // 2 :]
    mask = np.zeros((STYLE_SIDE, STYLE_SIDE), np.uint8)
    mask[:, : STYLE_SIDE // 2] = 255
    return style, mask


def run_camera(folder: Path, source: Picture, *options: str | Path) -> Picture:
    """Paint one picture with the camera command."""
    given, output = folder / "in", folder / "out"
    given.mkdir(parents=True)
    cv2.imwrite(str(given / "picture.png"), source)
    line = [sys.executable, "run_camera.py", *options, "--source", given, "--output", output, "--no-window"]
    subprocess.run([*map(str, line)], check=True, cwd=DOCS.parent)
    return np.asarray(cv2.imread(str(next(output.glob("*.png")))), np.uint8)


def examples(folder: Path) -> list[Example]:
    """Return the rows of the sheet."""
    astronaut = square(bundled("astronaut"), STYLE_SIDE)
    portrait = run_camera(
        *(folder / "portrait", astronaut, "--style", "the_scream"),
        *("--mask", "person", "--background", "the_great_wave"),
    )
    scene = square(draw_demo_frame(MOMENT, (640, 360)), STYLE_SIDE)
    coffee = square(bundled("coffee"), STYLE_SIDE)
    gold = run_camera(folder / "gold", coffee, "--style", "the_kiss")
    # Mirrored, so that the half that is shown has nobody in it.
    dots = run_camera(folder / "dots", np.fliplr(scene), "--style", "la_grande_jatte")
    return [
        Example(astronaut, *halves(bundled("ihc"), bundled("brick"))),
        Example(astronaut, *halves(gold, dots)),
        Example(scene, portrait),
    ]


def row(folder: Path, example: Example) -> Picture:
    """Return the photograph, the style, all of it in that style, and part by part."""
    folder.mkdir()
    style = folder / "style.png"
    cv2.imwrite(str(style), example.style)
    parts: list[str | Path] = ["--semantic", style, "--mask", "person"]
    if example.style_mask is not None:
        cv2.imwrite(str(folder / "style_mask.png"), example.style_mask)
        parts += ["--style-mask", folder / "style_mask.png"]
    whole = run_camera(folder / "whole", example.photograph, "--style", style)
    apart = run_camera(folder / "apart", example.photograph, *parts)
    return np.hstack([square(one, SIDE) for one in (example.photograph, example.style, whole, apart)])


def draw_decoders(folder: Path, example: Example) -> Picture:
    """Return the sheet of `training semantic --compare`: person like person, the rest like the rest."""
    assert example.style_mask is not None
    person = replace(make_frame(0), image=example.photograph)
    mask = open_mask("person").alpha(person) > 127
    alpha = cv2.resize(mask.astype(np.uint8) * 255, (STYLE_SIDE, STYLE_SIDE), interpolation=cv2.INTER_NEAREST)
    pictures = {"content": example.photograph, "style": example.style}
    masks = {"content_mask": alpha, "style_mask": example.style_mask}
    for name, picture in (pictures | masks).items():
        cv2.imwrite(str(folder / f"{name}.png"), picture)
    sheet = folder / "sheet.png"
    line: list[str | Path] = [sys.executable, "-m", "training", "semantic"]
    line += [folder / f"{name}.png" for name in pictures]
    line += ["--content-mask", folder / "content_mask.png", "--style-mask", folder / "style_mask.png"]
    line += ["--compare", "--size", str(DECODED_SIDE), "--steps", "200", "-o", sheet]
    subprocess.run([*map(str, line)], check=True, cwd=DOCS.parent)
    drawn = np.asarray(cv2.imread(str(sheet)), np.uint8)
    shrunk = DECODED_SHOWN_WIDTH / drawn.shape[1]
    return np.asarray(cv2.resize(drawn, None, fx=shrunk, fy=shrunk, interpolation=cv2.INTER_AREA), np.uint8)


def main() -> None:
    """Draw the sheet, a row an example; or the decoders' of the second example."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if sys.argv[1:] == ["decoders"]:
            drawn = draw_decoders(folder, examples(folder)[1])
            cv2.imwrite(str(DOCS / "decoders.jpg"), drawn, [cv2.IMWRITE_JPEG_QUALITY, 88])
            return
        rows = [row(folder / str(place), one) for place, one in enumerate(examples(folder))]
    sheet = cv2.resize(np.vstack(rows), None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(DOCS / "semantic.jpg"), sheet, [cv2.IMWRITE_JPEG_QUALITY, 85])


if __name__ == "__main__":
    main()
