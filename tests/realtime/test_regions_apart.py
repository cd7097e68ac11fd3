"""A part's style does not bleed: 8 pixels from its border it is what it would be alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from regions_apart import MOST, Image, apart, inside

from realtime.catalog import find_style
from realtime.demo import draw_demo_frame
from realtime.engine import Engine, EngineOptions, open_engine
from realtime.frame import Frame
from realtime.mask import Alpha, FrameMask
from realtime.mask_files import ClipMask, read_mask_clip
from realtime.masked_painter import MaskedPainter
from realtime.painter import EnginePainter, Look, finish
from realtime.steady import Steadier
from realtime.testing import make_frame
from realtime.timing import StageTimes


class Disc(FrameMask):
    """A disc that wanders to the right."""

    def __init__(self, *, rough: bool) -> None:
        self.rough = rough

    def alpha(self, frame: Frame) -> Alpha:
        alpha = np.zeros((frame.size_wh[1], frame.size_wh[0]), np.uint8)
        cv2.circle(alpha, (110 + 4 * frame.index, 90), 62, 255, -1, cv2.LINE_AA)
        return alpha


@pytest.fixture(scope="module")
def engines() -> Iterator[tuple[Engine, Engine]]:
    opened = tuple(
        open_engine(find_style(name), EngineOptions(threads=1)) for name in ("starry_night", "the_scream")
    )
    yield opened[0], opened[1]
    for engine in opened:
        engine.close()


def worst_of(engines: tuple[Engine, Engine], frames: list[Frame], mask: object, alphas: list[Image]) -> float:
    """Return by how much regions differ at the most from the same regions painted alone, steadied."""
    times = StageTimes()
    alone = [EnginePainter(engine, times, steadier=Steadier("full")) for engine in engines]
    front, rear = (EnginePainter(engine, times, steadier=Steadier("full")) for engine in engines)
    painter = MaskedPainter(front, mask, rear, times, None)  # type: ignore[arg-type]
    worst = 0.0
    for frame, alpha in zip(frames, alphas, strict=True):
        joined = finish(painter.paint(frame), Look()).image
        front_alone, rear_alone = (finish(one.paint(frame), Look()).image for one in alone)
        region, rest = inside(alpha), inside(255 - alpha)
        assert region.sum() > 500
        assert apart(front_alone, rear_alone, region) > 3 * MOST  # else this would tell nothing
        worst = max(worst, apart(joined, front_alone, region), apart(joined, rear_alone, rest))
    return worst


@pytest.mark.parametrize("rough", [False, True])
def test_parts_of_the_demo_scene_keep_apart(engines: tuple[Engine, Engine], rough: bool) -> None:
    frames = [make_frame(n).with_image(draw_demo_frame(10 * n, (320, 180))) for n in range(3)]
    mask = Disc(rough=rough)
    assert worst_of(engines, frames, mask, [mask.alpha(frame) for frame in frames]) < MOST


@pytest.mark.parametrize("name", ["blackswan", "parkour"])
def test_parts_of_a_real_film_keep_apart(engines: tuple[Engine, Engine], shared_dir: Path, name: str) -> None:
    folder = shared_dir / "data" / "video" / "davis" / name
    numbers = range(0, 30, 10)
    images = [cv2.imread(str(folder / "frames" / f"{number:05d}.jpg")) for number in numbers]
    alphas = [
        cv2.imread(str(folder / "masks" / f"{number:05d}.png"), cv2.IMREAD_GRAYSCALE) for number in numbers
    ]
    frames = [make_frame(n).with_image(image) for n, image in zip(numbers, images, strict=True)]
    mask = ClipMask(read_mask_clip(folder / "masks"))
    assert worst_of(engines, frames, mask, alphas) < MOST
