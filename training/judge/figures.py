"""The judge's pictures: what the network paints beside what optimisation does, and who is how far."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from training.errors import OptionError
from training.images import contact_sheet, to_uint8, write_png
from training.judge.references import Reference


@dataclass(frozen=True)
class Painted:
    """One photograph as the sheet shows it; all pictures (1, 3, H, W) in [0, 1]."""

    content_image: Tensor
    stylized_image: Tensor
    optimized_image: Tensor | None


def write_sheet(file: Path, style_image: Tensor, painted: Sequence[Painted]) -> None:
    """Write columns of photographs over the network's pictures over the optimisation's.

    The style picture stands at the left of each row; a photograph without an optimisation leaves white.
    """
    style = to_uint8(style_image[0])
    rows = [[style], [style], [style]]
    for one in painted:
        content = to_uint8(one.content_image[0])
        rows[0].append(content)
        rows[1].append(to_uint8(one.stylized_image[0]))
        there = one.optimized_image
        rows[2].append(np.full_like(content, 255) if there is None else to_uint8(there[0]))
    if all(one.optimized_image is None for one in painted):
        rows = rows[:2]
    write_png(file, contact_sheet(rows))


def write_step_curves(file: Path, curves: Sequence[tuple[int, str, Reference, float]], name: str) -> None:
    """Draw the total over the steps of L-BFGS, with the network's total as a line across (Johnson fig. 5).

    Args:
        curves: the size, the photograph's name, its optimisation and the network's total there.
        name: of the network.
    Raises:
        OptionError: if matplotlib is missing.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise OptionError('curves need matplotlib: pip install "livebrush[train]"') from error
    sizes = sorted({size for size, *_ in curves})
    figure = Figure(figsize=(4.2 * len(sizes), 3.4), layout="constrained")
    for column, size in enumerate(sizes, start=1):
        axes = figure.add_subplot(1, len(sizes), column)
        here = [(photo, reference, total) for at, photo, reference, total in curves if at == size]
        for number, (photo, reference, total) in enumerate(here):
            colour = f"C{number // 2}" if len(here) > 1 else "C0"
            style = "-" if reference.start == "noise" else ":"
            axes.plot(reference.totals, style, color=colour, label=f"L-BFGS from {reference.start}, {photo}")
            axes.axhline(total, color=colour, linewidth=0.8, linestyle="--")
            step = reference.steps_to(total)
            if step is not None:
                axes.plot([step], [reference.totals[step]], "o", color=colour, markersize=4)
        axes.set(title=f"{size} pixels", xlabel="steps of L-BFGS", yscale="log")
        axes.set_ylabel(f"judge's total (dashed: {name})")
        axes.legend(fontsize=6)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=120)
