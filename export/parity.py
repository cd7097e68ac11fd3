"""Is the exported file the network that was trained? Asked through the engine that people run."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from export.errors import ParityError
from realtime.engine import EngineOptions, open_engine


@dataclass(frozen=True)
class Parity:
    """How far an engine's pictures are from the checkpoint's, in grey levels of 255."""

    engine: str
    precision: str
    worst_frame: str
    max_difference: int
    mean_difference: float
    psnr_db: float


# Against the checkpoint as it was trained, so that rounding the weights to half precision counts too.
LIMITS_DB = {"fp32": 46.0, "tf32": 40.0, "bf16": 34.0, "fp16": 40.0}


def hard_frames() -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Yield named BGR frames on which engines are known to go wrong: flat, saturated, tiny, odd."""
    chance = np.random.default_rng(0)
    yield "black", np.zeros((96, 128, 3), np.uint8)
    yield "white", np.full((96, 128, 3), 255, np.uint8)
    yield "saturated noise", (chance.integers(0, 2, (120, 160, 3)) * 255).astype(np.uint8)
    board = np.indices((96, 96)).sum(axis=0) % 2 * 255
    yield "one-pixel checkerboard", np.repeat(board[..., None], 3, axis=2).astype(np.uint8)
    yield "smallest", chance.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    ramp = np.linspace(0, 255, 203)[None, :, None] * np.linspace(0.2, 1, 117)[:, None, None]
    yield "odd size", np.repeat(ramp, 3, axis=2).astype(np.uint8)


def measure_parity(network: nn.Module, file: Path, options: EngineOptions) -> Parity:
    """Compare an exported file, in the engine asked for, with the network it came from.

    Raises:
        ParityError: if the worst frame is below the precision's limit; names it.
    """
    worst: Parity | None = None
    engine = open_engine(file, options)
    try:
        for name, picture in hard_frames():
            frame = _at_size(picture, engine.contract.only_wh)
            found = engine.infer(frame).astype(np.int16)
            difference = np.abs(found - _reference(network, frame).astype(np.int16))
            mean_square = float(np.square(difference, dtype=np.float64).mean())
            psnr = 99.0 if mean_square == 0 else 10 * np.log10(255**2 / mean_square)
            parity = Parity(
                engine=engine.info.name,
                precision=engine.info.precision,
                worst_frame=name,
                max_difference=int(difference.max()),
                mean_difference=float(difference.mean()),
                psnr_db=float(psnr),
            )
            if worst is None or parity.psnr_db < worst.psnr_db:
                worst = parity
    finally:
        engine.close()
    assert worst is not None
    limit = LIMITS_DB[worst.precision]
    if worst.psnr_db < limit:
        raise ParityError(
            f"{file.name} in {worst.engine} {worst.precision} differs from its checkpoint on the frame "
            f"'{worst.worst_frame}': PSNR {worst.psnr_db:.1f} dB, at least {limit:.0f} is wanted"
        )
    return worst


def _at_size(frame: NDArray[np.uint8], only_wh: tuple[int, int] | None) -> NDArray[np.uint8]:
    """Repeat and cut a frame to the one size that an engine takes; the same frame where it takes any."""
    if only_wh is None:
        return frame
    rows, columns = (-(-only // side) for only, side in zip(only_wh[::-1], frame.shape, strict=False))
    return np.ascontiguousarray(np.tile(frame, (rows, columns, 1))[: only_wh[1], : only_wh[0]])


def _reference(network: nn.Module, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Paint a frame, (H, W, 3) uint8 BGR, with the network itself."""
    image = torch.from_numpy(frame).flip(-1).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        stylized = network(image)[0].clamp(0, 1)
    levels: NDArray[np.uint8] = stylized.mul(255).round().byte().permute(1, 2, 0).flip(-1).numpy()
    return levels
