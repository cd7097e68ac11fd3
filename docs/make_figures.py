"""Draws the figures of the slow side: `python docs/make_figures.py [optimization] [compare] ...`.

Only what may be shown is in them: scikit-image's photographs (public domain and CC0), the demo scene, and
what the shipped styles paint of these, which serve as style pictures. Needs the `dev` extra and the weights
of the feature networks (LIVEBRUSH_WEIGHTS, or torchvision's download). Half an hour on two cores; whatever
is stopped goes on where it was when it is started again.
"""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

DOCS = Path(__file__).parent
WORK = DOCS.parent / "out" / "figures"
# A style picture: what a shipped style makes of a picture that has a texture of its own.
STYLES = {"composition": ("composition_vii", "ihc"), "starry": ("starry_night", "hubble_deep_field"),
          "wave": ("the_great_wave", "rocket")}  # fmt: skip
SIDE = 256
# Where the astronaut is in her square picture.
PERSON = (
    "78,45 90,15 115,6 142,18 150,45 140,75 155,105 178,140 182,178 150,185 140,215 140,256 10,256 22,165 "
    "40,135 62,118 70,95 84,75"
)

Picture = NDArray[np.uint8]


def run(*words: object) -> None:
    """Run one of the project's commands."""
    subprocess.run([sys.executable, *map(str, words)], check=True, cwd=DOCS.parent)


def square(picture: Picture, side: int) -> Picture:
    """Cut the middle out of a BGR picture."""
    height, width = picture.shape[:2]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    cut = picture[top : top + short, left : left + short]
    return np.asarray(cv2.resize(cut, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def bundled(name: str) -> Picture:
    """Read one of scikit-image's own pictures, BGR."""
    folder = Path(data.__file__).parent
    file = next(path for path in (folder / f"{name}.png", folder / f"{name}.jpg") if path.exists())
    return np.asarray(cv2.imread(str(file)), dtype=np.uint8)


def make_sources() -> Path:
    """Write the photograph, its mask and the style pictures, and return the photograph."""
    WORK.mkdir(parents=True, exist_ok=True)
    photograph = WORK / "astronaut.png"
    if photograph.exists():
        return photograph
    for name, (style, picture) in STYLES.items():
        cv2.imwrite(str(WORK / f"{picture}.png"), square(bundled(picture), 384))
        painted = WORK / f"{name}_painted"
        run("run_camera.py", "--style", style, "--source", WORK / f"{picture}.png", "--output", painted,
            "--no-window")  # fmt: skip
        next(painted.glob("*.png")).replace(WORK / f"{name}.png")
    person = square(bundled("astronaut"), SIDE)
    labels = np.zeros(person.shape[:2], np.uint8)
    corners = [[int(number) for number in corner.split(",")] for corner in PERSON.split()]
    cv2.fillPoly(labels, [np.array(corners)], 1)
    cv2.imwrite(str(WORK / "astronaut_mask.png"), labels)
    # Two styles in one picture, told apart by its mask.
    both = np.hstack([cv2.imread(str(WORK / f"{name}.png")) for name in ("starry", "composition")])
    cv2.imwrite(str(WORK / "both.png"), both)
    halves = np.zeros(both.shape[:2], np.uint8)
    halves[:, both.shape[1] // 2 :] = 1
    cv2.imwrite(str(WORK / "both_mask.png"), halves)
    cv2.imwrite(str(photograph), person)
    return photograph


def write_sheet(file: Path, rows: list[list[tuple[str, Path]]]) -> None:
    """Write pictures in rows, each under its label, as JPEG."""
    strips = []
    for row in rows:
        tiles = []
        for label, picture in row:
            tile = square(cv2.imread(str(picture)), SIDE)
            head = np.full((26, SIDE, 3), 255, np.uint8)
            cv2.putText(head, label, (4, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (40, 40, 40), 1, cv2.LINE_AA)
            tiles.append(cv2.copyMakeBorder(np.vstack([head, tile]), 0, 4, 0, 4, cv2.BORDER_CONSTANT,
                                            value=(255,) * 3))  # fmt: skip
        strips.append(np.hstack(tiles))
    width = max(strip.shape[1] for strip in strips)
    strips = [np.pad(s, ((0, 0), (0, width - s.shape[1]), (0, 0)), constant_values=255) for s in strips]
    cv2.imwrite(str(file), np.vstack(strips), [cv2.IMWRITE_JPEG_QUALITY, 88])


def optimization() -> None:
    """One photograph painted in the ways that `optimize` knows."""
    photograph = make_sources()
    style, starry = WORK / "composition.png", WORK / "starry.png"
    masks = ("--content-mask", WORK / "astronaut_mask.png", "--style-mask", WORK / "both_mask.png")
    ways: dict[str, tuple[Path, tuple[object, ...]]] = {
        "L-BFGS, Gram": (style, ()),
        "from noise": (style, ("--init", "noise")),
        "coarse to fine": (style, ("--scales", 3, "--style-weight", 20)),
        "BN statistics": (style, ("--loss", "bn", "--balance", 5)),
        "luminance only": (style, ("--original-colors", "luminance")),
        "colours matched": (style, ("--original-colors", "match")),
        "two styles, 3:1": (style, ("--style-image", starry, "--style-share", 3, "--style-share", 1)),
        "a style each (masks)": (WORK / "both.png", masks),
    }
    shared = ("--size", SIDE, "--style-size", SIDE, "--steps", 150, "--tolerance", 0)
    tiles = [("photograph", photograph), ("style", style)]
    for number, (label, (picture, options)) in enumerate(ways.items()):
        out = WORK / f"way_{number}.png"
        if not out.exists():
            run("-m", "training", "optimize", photograph, picture, "-o", out, *shared, *options)
        tiles.append((label, out))
    write_sheet(DOCS / "optimization.jpg", [tiles[:5], tiles[5:]])


def compare() -> None:
    """The figures 2, 3 and 4 of Li et al. 2017."""
    photograph = make_sources()
    styles = [WORK / f"{name}.png" for name in STYLES]
    more = [word for style in styles[1:] for word in ("--style-image", style)]
    run("-m", "training", "optimize", "--compare", photograph, styles[0], *more, "-o", WORK / "compare.png",
        "--size", 144, "--style-size", 144, "--steps", 80, "--tolerance", 0)  # fmt: skip
    sheet = cv2.imread(str(WORK / "compare.png"))
    half = cv2.resize(sheet, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(DOCS / "compare.jpg"), half, [cv2.IMWRITE_JPEG_QUALITY, 85])


def textures() -> None:
    """A texture from noise: four noises, four pieces of it."""
    make_sources()
    picture, checkpoint = WORK / "composition.png", WORK / "composition.pt"
    if not checkpoint.exists():
        shared = ("--steps", 500, "--batch-size", 4, "--crop-size", 128, "--style-size", SIDE)
        run("-m", "training", "texture", "--style-image", picture, "-o", checkpoint, *shared)
    many = ("--size", f"{SIDE}x{SIDE}", "--count", 4)
    run("-m", "training", "texture-sample", checkpoint, "-o", WORK / "texture.png", *many)
    samples = enumerate(sorted(WORK.glob("texture_*.png")))
    write_sheet(
        DOCS / "textures.jpg", [[("picture", picture), *((f"noise {n}", file) for n, file in samples)]]
    )


def steadiness() -> None:
    """What evaluate-video shows of the demo scene."""
    WORK.mkdir(parents=True, exist_ok=True)
    clip = WORK / "demo.mp4"
    run("run_camera.py", "--style", "starry_night", "--source", "demo", "--strength", 0, "--max-frames", 40,
        "--size", "640x360", "--output", clip, "--no-window")  # fmt: skip
    run("-m", "training", "evaluate-video", "starry_night", clip, "--frames", 24, "--sheet",
        WORK / "steadiness.png")  # fmt: skip
    sheet = cv2.imread(str(WORK / "steadiness.png"))
    cv2.imwrite(str(DOCS / "steadiness.jpg"), sheet, [cv2.IMWRITE_JPEG_QUALITY, 85])


def main() -> None:
    """Draw what was asked for, or everything."""
    figures = {
        "optimization": optimization,
        "compare": compare,
        "textures": textures,
        "steadiness": steadiness,
    }
    for name in sys.argv[1:] or figures:
        figures[name]()


if __name__ == "__main__":
    main()
