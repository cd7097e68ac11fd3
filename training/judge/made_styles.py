"""What a meta network or a student makes of style pictures, opened for the judge."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from training.checkpoint import load_checkpoint, save_checkpoint
from training.config import StyleCredits
from training.judge.product import add_style
from training.judge.student_styles import student_styles
from training.meta_generate import StyleWriter
from training.style_files import Painter, open_painter


@contextmanager
def made_styles(
    meta: Path,
    pictures: Sequence[Path],
    *,
    weights: Path | None,
    device: torch.device,
    threads: int | None = None,
) -> Iterator[list[Painter]]:
    """Give what paints in the style of each picture; the files live as long as the context.

    Args:
        meta: NAME.pt, a checkpoint of either, used in torch; meta.npz by the runtime, as its users have it.
        pictures: the styles.
        weights: of the feature network, where a checkpoint has no encoder of its own.
        device: of a checkpoint's networks.
        threads: of onnxruntime; None for all cores.
    Raises:
        CheckpointError: if the checkpoint is neither.
        ProductError: if the runtime makes no style of a picture.
    """
    if meta.suffix == ".pt" and load_checkpoint(meta).get("kind") == "student":
        yield student_styles(meta, pictures, device)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if meta.suffix == ".pt":
            files = _write_checkpoints(StyleWriter(meta, weights), pictures, folder)
        else:
            files = [add_style(meta, picture, folder, f"style_{n}") for n, picture in enumerate(pictures)]
        yield [open_painter(str(file), device=device, threads=threads) for file in files]


def _write_checkpoints(writer: StyleWriter, pictures: Sequence[Path], folder: Path) -> list[Path]:
    files = []
    for number, picture in enumerate(pictures):
        files.append(folder / f"style_{number}.pt")
        credits = StyleCredits(picture.stem, picture.stem, "unknown", "unknown")
        save_checkpoint(files[-1], writer.checkpoint(writer.hidden(picture), credits))
    return files
