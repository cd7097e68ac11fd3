"""What optimisation reaches under the judge's loss: slow, so it is done once and kept on disk.

A reference depends on the photograph, its size, the style, the weights, the precision and the number of
steps, never on the network that is judged: the next network, and the next training of this one, find it
there.
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from training.checkpoint import load_checkpoint, save_checkpoint
from training.images import read_rgb, to_tensor, to_uint8, write_png
from training.judge.fixed_loss import VERSION, ContentTarget, JudgeLoss, Score
from training.optimization.descent import PictureDescent

Start = Literal["content", "noise"]
# Called with the steps done and the total of the picture there.
Progress = Callable[[int, float], None]
_SAVE_EVERY = 50


@dataclass(frozen=True)
class Reference:
    """One optimisation by L-BFGS: `totals[n]` is the judge's total after n steps, `totals[0]` the start's.

    `final` is the score in fp32 of the picture that it ended with.
    """

    start: Start
    totals: tuple[float, ...]
    final: Score
    picture: Path

    @property
    def steps(self) -> int:
        """How many steps were done."""
        return len(self.totals) - 1

    def steps_to(self, total: float) -> int | None:
        """Return after how many steps it was as good as `total`, or None if it never was."""
        return next((step for step, value in enumerate(self.totals) if value <= total), None)

    def image(self) -> Tensor:
        """Return the picture that it ended with, (1, 3, H, W) in [0, 1], as stored in 8 bits."""
        return to_tensor(read_rgb(self.picture))[None]


def default_cache() -> Path:
    """Return where references are kept unless told otherwise."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "livebrush" / "references"


class References:
    """Optimisations on disk, computed where they are missing.

    Args:
        folder: made if need be.
        judge: the loss.
    """

    def __init__(self, folder: Path, judge: JudgeLoss) -> None:
        self.folder, self.judge = folder, judge

    def descend(
        self,
        content_image: Tensor,
        *,
        start: Start = "content",
        steps: int = 500,
        until: float | None = None,
        progress: Progress | None = None,
    ) -> Reference:
        """Return the optimisation of one photograph, from disk or by doing it.

        A run that was killed goes on from its last save, one that stopped early for `until` from there. One
        of more or fewer `steps` is another reference: a longer one's figures are not those asked for.

        Args:
            content_image: (1, 3, H, W) in [0, 1].
            start: the photograph itself, or noise (Johnson et al. 2016).
            steps: of L-BFGS, one evaluation of the loss and its gradient each.
            until: stop early at a total as low as this.
            progress: is told of every step.
        """
        file = self.folder / f"{self._name(content_image, start, steps)}.json"
        found = _read(file)
        if found is not None and _suffices(found, steps, until):
            return found
        target = self.judge.target(content_image)
        descent, totals = self._begin_or_resume(content_image, start, target, file)
        while descent.steps_done < steps and not (until is not None and totals and totals[-1] <= until):
            totals.append(descent.step()["total"])
            if progress is not None:
                progress(descent.steps_done, totals[-1])
            if descent.steps_done % _SAVE_EVERY == 0 and descent.steps_done < steps:
                save_checkpoint(file.with_suffix(".state"), {**descent.state_dict(), "totals": totals})
        return self._finish(descent, totals, target, file, start, complete=descent.steps_done >= steps)

    def _begin_or_resume(
        self, content_image: Tensor, start: Start, target: ContentTarget, file: Path
    ) -> tuple[PictureDescent, list[float]]:
        if start == "content":
            picture = content_image
        else:
            generator = torch.Generator().manual_seed(0)
            picture = torch.rand(content_image.shape, generator=generator)
        picture = picture.to(self.judge.placement.device)
        descent = PictureDescent(picture, self.judge.descent_loss(target))
        state = file.with_suffix(".state")
        if not state.exists():
            return descent, []
        content = load_checkpoint(state)
        descent.load_state_dict(content)
        return descent, list(content["totals"])

    def _finish(
        self,
        descent: PictureDescent,
        totals: list[float],
        target: ContentTarget,
        file: Path,
        start: Start,
        *,
        complete: bool,
    ) -> Reference:
        image = descent.image
        final = self.judge.score(image, target)
        picture = file.with_suffix(".png")
        write_png(picture, to_uint8(image[0]))
        reference = Reference(start, (*totals, final.total), final, picture)
        state = file.with_suffix(".state")
        if complete:
            state.unlink(missing_ok=True)
        else:
            save_checkpoint(state, {**descent.state_dict(), "totals": totals})
        plain = {"start": start, "totals": reference.totals, "final": asdict(final)}
        part = file.with_name(file.name + ".part")
        part.write_text(json.dumps(plain))
        part.replace(file)
        return reference

    def _name(self, content_image: Tensor, start: Start, steps: int) -> str:
        """Name a reference by all that decides it."""
        digest = hashlib.sha256()
        digest.update(content_image.contiguous().numpy().tobytes())
        digest.update(self.judge.style_picture.numpy().tobytes())
        digest.update(
            json.dumps([self.judge.weights, self.judge.style_layers, VERSION], sort_keys=True).encode()
        )
        height, width = content_image.shape[-2:]
        precision = self.judge.placement.precision
        return f"{start}_{steps}_{width}x{height}_{precision}_{digest.hexdigest()[:20]}"


def _read(file: Path) -> Reference | None:
    picture = file.with_suffix(".png")
    if not file.is_file() or not picture.is_file():
        return None
    try:
        plain = json.loads(file.read_text())
        return Reference(plain["start"], tuple(plain["totals"]), Score(**plain["final"]), picture)
    except (ValueError, KeyError, TypeError):
        return None  # written by another version, or cut short: done anew


def _suffices(found: Reference, steps: int, until: float | None) -> bool:
    return found.steps >= steps or (until is not None and found.steps_to(until) is not None)
