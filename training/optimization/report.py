"""What an optimisation shows while it runs: a bar with the losses, the picture on its way, the curves."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from torch import Tensor

from training.images import to_uint8, write_png
from training.report import LossBar, write_curves


class OptimizeReport:
    """Draws to the terminal, and leaves pictures, curves.png and losses.json in `folder`.

    Args:
        folder: of the run; made if need be.
        steps: how many there may be at each size.
        quiet: nothing on screen.
        curves: whether they are drawn at the end, which takes a second.
    """

    def __init__(self, folder: Path, *, steps: int, quiet: bool = False, curves: bool = True) -> None:
        self.folder, self.steps, self.curves = folder, steps, curves
        self.history: Sequence[Mapping[str, float]] = ()
        # No smoothing: one picture's loss has no batches to shake it.
        self.bar = LossBar(quiet=quiet, smoothing=0.0)

    def __enter__(self) -> "OptimizeReport":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()
        if self.curves and self.history:
            parts = [{key: value for key, value in row.items() if key != "size"} for row in self.history]
            write_curves(self.folder / "curves.png", parts, smoothing=0.0)

    def begin(self, short_side: int, *, done: int) -> None:
        """Start the bar of one size."""
        self.bar.begin(f"{short_side} px", total=self.steps, done=done)

    def step(self, step: int, parts: Mapping[str, float]) -> None:
        """Move the bar."""
        self.bar.step(step, parts)

    def save(self, history: Sequence[Mapping[str, float]], picture: Tensor) -> None:
        """Write the picture as it is, (1, 3, H, W) in [0, 1], and the losses up to here."""
        self.history = history
        write_png(self.folder / f"step_{len(history):06d}.png", to_uint8(picture[0]))
        (self.folder / "losses.json").write_text(json.dumps(history))
