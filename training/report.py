"""What a training shows while it runs: a progress bar, curves, and pictures, on screen and on disk."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from torch import Tensor

from training.console import plain_console
from training.images import contact_sheet, to_uint8, write_png

log = logging.getLogger(__name__)

# Pictures, (1, 3, H, W) each, RGB in [0, 1] -> paintings, (3, H, W) each.
Paint = Callable[[Sequence[Tensor]], list[Tensor]]


def progress_bar(field: str | None = None, *, quiet: bool = False) -> Progress:
    """Return a progress bar on stderr: what, how far, how long still, and a field of the task's own."""
    columns: list[ProgressColumn] = [
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    ]
    if field:
        columns.append(TextColumn(f"{{task.fields[{field}]}}", markup=False))
    return Progress(*columns, console=plain_console(stderr=True), disable=quiet)


class LossBar:
    """A progress bar on stderr with the parts of a loss; a plain line now and then where that is no terminal.

    Args:
        quiet: nothing on screen, for all but the first of several processes.
        smoothing: how much of the value shown is of the steps before.
    """

    def __init__(self, *, quiet: bool = False, smoothing: float = 0.95) -> None:
        self.quiet, self.smoothing = quiet, smoothing
        self.progress = progress_bar("losses", quiet=quiet)
        self.task: TaskID | None = None
        self.label, self.total = "", 0
        self.smooth: dict[str, float] = {}

    def begin(self, label: str, *, total: int, done: int) -> None:
        """Start the bar anew: `done` of `total` steps of what `label` names."""
        self.label, self.total, self.smooth = label, total, {}
        if self.task is not None:
            self.progress.remove_task(self.task)
        self.progress.start()
        self.task = self.progress.add_task(label, total=total, completed=done, losses="")

    def step(self, step: int, parts: Mapping[str, float]) -> None:
        """Move the bar; the losses on it are smoothed."""
        for name, value in parts.items():
            self.smooth[name] = self.smoothing * self.smooth.get(name, value) + (1 - self.smoothing) * value
        losses = "  ".join(f"{name} {value:.3f}" for name, value in self.smooth.items())
        if self.task is not None:
            self.progress.update(self.task, completed=step, losses=losses)
        plain = not self.progress.console.is_terminal and not self.quiet
        if plain and (step % 50 == 0 or step == self.total):
            self.progress.console.print(f"{self.label} {step}/{self.total}  {losses}", highlight=False)

    def rename(self, label: str) -> None:
        """Name otherwise what the steps are of."""
        self.label = label
        if self.task is not None:
            self.progress.update(self.task, description=label)

    def stop(self) -> None:
        """Leave the bar as it is and give the terminal back."""
        if self.task is not None:  # a bar that never began would leave an empty line
            self.progress.stop()


class TrainingReport:
    """Draws to the terminal, to TensorBoard where it is installed, and as PNG and JSON in `folder`.

    Args:
        folder: of the run; made if need be.
        steps: how many there will be in all.
        done: how many an earlier run did.
        pictures: (1, 3, H, W) each, RGB in [0, 1], painted for every sheet.
        style_image: (3, H, W), shown at the head of the sheet.
        quiet: nothing on screen, for all but the first of several processes.
    """

    def __init__(
        self,
        folder: Path,
        *,
        steps: int,
        done: int,
        pictures: Sequence[Tensor],
        style_image: Tensor,
        quiet: bool = False,
    ) -> None:
        self.folder, self.steps, self.done = folder, steps, done
        self.pictures, self.style_image, self.quiet = pictures, style_image, quiet
        self.board: Any = None if quiet else _tensorboard(folder)
        self.bar = LossBar(quiet=quiet)

    def __enter__(self) -> "TrainingReport":
        self.bar.begin("step", total=self.steps, done=self.done)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()
        if self.board is not None:
            self.board.close()

    def step(self, step: int, parts: dict[str, float]) -> None:
        """Move the bar; the losses on it are smoothed, those in TensorBoard are not."""
        if self.board is not None:
            for name, value in parts.items():
                self.board.add_scalar(f"loss/{name}", value, step)
        self.bar.step(step, parts)

    def samples(self, step: int, paint: Paint, history: list[dict[str, float]]) -> None:
        """Write the sheet and the curves of this step.

        Args:
            step: names the sheet.
            paint: paints `pictures`; where there are none, what it likes: they have one row then.
            history: of the losses, a row a step.
        """
        if self.quiet:
            return
        painted = paint(self.pictures)
        before = [to_uint8(picture[0]) for picture in self.pictures]
        after = [to_uint8(picture) for picture in painted]
        style = to_uint8(self.style_image)
        sheet = contact_sheet([[style, *before], [style, *after]] if before else [[style, *after]])
        write_png(self.folder / f"samples_{step:06d}.png", sheet)
        (self.folder / "losses.json").write_text(json.dumps(history))
        write_curves(self.folder / "curves.png", history)
        if self.board is not None:
            self.board.add_image("samples", sheet, step, dataformats="HWC")
            self.board.flush()


def write_curves(file: Path, history: Sequence[Mapping[str, float]], *, smoothing: float = 0.97) -> None:
    """Draw each part of the loss over the steps, raw and smoothed; nothing where matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    names = [name for name in history[0] if name != "step"] if history else []
    figure = Figure(figsize=(3.2 * max(1, len(names)), 2.6), layout="constrained")
    steps = [row["step"] for row in history]
    for column, name in enumerate(names, start=1):
        axes = figure.add_subplot(1, len(names), column)
        values = [row[name] for row in history]
        smooth, running = [], values[0]
        for value in values:
            running = smoothing * running + (1 - smoothing) * value
            smooth.append(running)
        axes.plot(steps, values, linewidth=0.4, color="0.75")
        axes.plot(steps, smooth, linewidth=1.2)
        axes.set(title=name, xlabel="step", yscale="log" if min(values) > 0 else "linear")
    figure.savefig(file, dpi=110)


def _tensorboard(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        log.warning('no TensorBoard here, curves go to PNG only: pip install "livebrush[train]" has it')
        return None
    return SummaryWriter(str(folder))
