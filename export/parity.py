"""Is the exported file the network that was trained? Asked through the runtime that people run."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from export.errors import ParityError
from export.frames import fit, hard_frames
from export.painter_engine import EnginePainter
from export.painters import Levels, Painter
from realtime.engine import EngineOptions

Image = NDArray[np.uint8]
_EQUAL_DB = 99.0  # in the place of infinity


@dataclass(frozen=True)
class FrameParity:
    """How far one painting is from the network's own, in grey levels of 255.

    Args:
        frame: its name.
        size_wh: width and height.
        max_difference, mean_difference: over pixels and colours.
        psnr_db: 99 at most.
        correlation: of the two paintings; None where one is of one flat colour.
        non_finite: how many numbers were infinite or none at all.
    """

    frame: str
    size_wh: tuple[int, int]
    max_difference: int
    mean_difference: float
    psnr_db: float
    correlation: float | None
    non_finite: int


@dataclass(frozen=True)
class Parity:
    """How far an engine's pictures are from the checkpoint's: its worst frame."""

    engine: str
    precision: str
    worst_frame: str
    max_difference: int
    mean_difference: float
    psnr_db: float


# Against the checkpoint as it was trained, so that rounding the weights to half precision counts too.
LIMITS_DB = {"fp32": 46.0, "tf32": 40.0, "bf16": 34.0, "fp16": 40.0}


@dataclass(frozen=True)
class Comparison:
    """A frame, what the network paints and what the exported file paints of it, (H, W, 3) uint8 BGR each."""

    parity: FrameParity
    frame: Image
    expected: Image
    found: Image


def compare(
    network: nn.Module, painter: Painter, frames: Iterable[tuple[str, Image]], multiple: int = 1
) -> Iterator[Comparison]:
    """Paint frames with the network in fp32 and with an exported file, one after the other.

    Args:
        network: RGB in [0, 1] -> the same, (N, 3, H, W).
        painter: the exported file.
        frames: with their names; cut to what the painter takes.
        multiple: of the sides that it takes.
    """
    for name, picture in frames:
        frame = fit(picture, painter.only_wh, multiple)
        painted = painter.paint(frame)
        expected, found = paint(network, frame), to_bytes(painted)
        yield Comparison(_measure(name, expected, found, painted), frame, expected, found)


def measure_parity(network: nn.Module, file: Path, options: EngineOptions) -> Parity:
    """Compare an exported file, in the engine asked for, with the network it came from, on hard frames.

    Raises:
        ParityError: if the worst frame is below the precision's limit; names it.
    """
    with closing(EnginePainter(file, options)) as painter:
        frames = [comparison.parity for comparison in compare(network, painter, hard_frames())]
    found = min(frames, key=lambda frame: frame.psnr_db)
    worst = Parity(
        engine=painter.runtime,
        precision=painter.precision,
        worst_frame=found.frame,
        max_difference=found.max_difference,
        mean_difference=found.mean_difference,
        psnr_db=found.psnr_db,
    )
    limit = LIMITS_DB[worst.precision]
    if worst.psnr_db < limit:
        raise ParityError(
            f"{file.name} in {worst.engine} {worst.precision} differs from its checkpoint on the frame "
            f"'{worst.worst_frame}': PSNR {worst.psnr_db:.1f} dB, at least {limit:.0f} is wanted"
        )
    return worst


def paint(network: nn.Module, frame: Image) -> Image:
    """Paint a frame, (H, W, 3) uint8 BGR, with the network itself."""
    image = torch.from_numpy(frame).flip(-1).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        stylized = network(image)[0].clamp(0, 1)
    levels: Image = stylized.mul(255).round().byte().permute(1, 2, 0).flip(-1).numpy()
    return levels


def to_bytes(painted: Levels) -> Image:
    """Round what a runtime gave to the bytes that a screen gets; what is not finite becomes black."""
    if painted.dtype == np.uint8:
        return np.asarray(painted, np.uint8)
    finite = np.nan_to_num(painted, nan=0.0, posinf=0.0, neginf=0.0)
    return np.asarray(np.rint(np.clip(finite, 0, 255)), np.uint8)


def psnr_db(expected: Image, found: Image) -> float:
    """Return how near one painting is to another, 99 at most."""
    mean_square = float(np.square(found.astype(np.float64) - expected).mean())
    return _EQUAL_DB if mean_square == 0 else min(float(10 * np.log10(255**2 / mean_square)), _EQUAL_DB)


def _measure(name: str, expected: Image, found: Image, painted: Levels) -> FrameParity:
    difference = np.abs(found.astype(np.int16) - expected.astype(np.int16))
    is_flat = not (expected.std() and found.std())
    return FrameParity(
        frame=name,
        size_wh=(found.shape[1], found.shape[0]),
        max_difference=int(difference.max()),
        mean_difference=float(difference.mean()),
        psnr_db=psnr_db(expected, found),
        correlation=None if is_flat else float(np.corrcoef(expected.ravel(), found.ravel())[0, 1]),
        non_finite=int(painted.size - np.isfinite(painted).sum()),
    )
