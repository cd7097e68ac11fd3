"""Draws the README's pictures with the product itself: `python docs/make_pictures.py`.

Only what may be shown is in them: the demo scene, scikit-image's photographs (public domain and CC0),
and the shipped styles. Needs the `dev` extra.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import data

DOCS = Path(__file__).parent
STYLES = ("starry_night", "the_great_wave", "udnie", "composition_vii")  # that move
ALL_STYLES = (
    *STYLES, "the_scream", "la_grande_jatte", "plum_park", "the_kiss", "holy_kinship", "contrast_of_forms"
)  # fmt: skip
FPS, HOLD, WIPE = 15, 18, 8  # frames that a picture stands, and that the next one takes to cross it
SIZE_WH = (480, 270)

Picture = NDArray[np.uint8]


def paint(style: str, source: str, output: Path, *options: str) -> None:
    """Run the camera command without a window."""
    command = [sys.executable, "run_camera.py", "--style", style, "--source", source, "--no-window"]
    subprocess.run([*command, "--output", str(output), *options], check=True, cwd=DOCS.parent)


def read_clip(file: Path) -> list[Picture]:
    """Return every second frame of a clip as RGB."""
    with av.open(str(file)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return [cv2.resize(frame, SIZE_WH, interpolation=cv2.INTER_AREA) for frame in frames[::2]]


def moving_picture(folder: Path) -> None:
    """The demo scene as it is, then in each style; a line wipes from one to the next."""
    count = (HOLD + WIPE) * (len(STYLES) + 1)
    clips = []
    for style, strength in [(STYLES[0], "0"), *((style, "1") for style in STYLES)]:
        clip = folder / f"{style}_{strength}.mp4"
        paint(
            style, "demo", clip, "--max-frames", str(2 * count), "--size", "640x360", "--strength", strength
        )
        clips.append(read_clip(clip))
    frames = []
    for number in range(count):
        place, step = divmod(number, HOLD + WIPE)
        now, following = clips[place][number], clips[(place + 1) % len(clips)][number]
        column = SIZE_WH[0] * max(0, step - HOLD) // WIPE
        frame = np.concatenate([following[:, :column], now[:, column:]], axis=1)
        if column:
            frame[:, column - 1 : column + 1] = 255
        frames.append(Image.fromarray(frame))
    frames[0].save(
        DOCS / "demo.webp",
        save_all=True,
        append_images=frames[1:],
        duration=1000 // FPS,
        loop=0,
        quality=55,
        method=6,
    )


def photographs(folder: Path) -> None:
    """A sheet: four photographs, and each of them in every style, half of the styles beside the others."""
    sources = folder / "photographs"
    sources.mkdir()
    for name in ("astronaut", "chelsea", "coffee", "rocket"):
        picture = cv2.cvtColor(getattr(data, name)(), cv2.COLOR_RGB2BGR)
        top, left = ((side - min(picture.shape[:2])) // 2 for side in picture.shape[:2])
        square = picture[top:, left:][: min(picture.shape[:2]), : min(picture.shape[:2])]
        cv2.imwrite(
            str(sources / f"{name}.png"), cv2.resize(square, (400, 400), interpolation=cv2.INTER_AREA)
        )
    for style in ALL_STYLES:
        paint(style, str(sources), folder / style)
    half = len(ALL_STYLES) // 2
    blocks = []
    for styles in (ALL_STYLES[:half], ALL_STYLES[half:]):
        rows = [sources, *(folder / style for style in styles)]
        strips = [np.hstack([cv2.imread(str(file)) for file in sorted(row.glob("*.png"))]) for row in rows]
        blocks.append(np.vstack(strips))
    gap = np.full((len(blocks[0]), 30, 3), 255, np.uint8)
    sheet = np.hstack([blocks[0], gap, blocks[1]])
    sheet = cv2.resize(sheet, None, fx=0.42, fy=0.42, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(DOCS / "photographs.jpg"), sheet, [cv2.IMWRITE_JPEG_QUALITY, 88])


def main() -> None:
    """Draw everything."""
    with tempfile.TemporaryDirectory() as name:
        moving_picture(Path(name))
        photographs(Path(name))


if __name__ == "__main__":
    main()
