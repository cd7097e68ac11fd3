"""One picture from its start to its end, size by size; a killed run goes on exactly where it was."""

import logging
from typing import Any

from torch import Tensor

from training.checkpoint import load_checkpoint, save_checkpoint
from training.config_optimize import OptimizeConfig
from training.devices import Placement
from training.errors import CheckpointError, NotFiniteError, OptionError
from training.images import to_uint8, write_png
from training.optimization.colours import with_colours_of
from training.optimization.descent import PictureDescent
from training.optimization.interrupt import delayed_interrupt
from training.optimization.judgement import Judgement
from training.optimization.objective import PictureObjective
from training.optimization.report import OptimizeReport
from training.optimization.sources import Sources, content_at, enlarge, noise_like, pyramid
from training.optimization.stopping import has_converged
from training.options import changes

log = logging.getLogger(__name__)


class PictureOptimization:
    """Paints one picture, from a fresh start or from where it was stopped.

    history: a row a step, with `step` over all sizes, `size` (short side), and the parts of the loss of the
    picture before that step.
    """

    def __init__(
        self, config: OptimizeConfig, sources: Sources, judgement: Judgement, place: Placement
    ) -> None:
        self.config, self.sources, self.judgement, self.device = config, sources, judgement, place.device
        self.sizes = pyramid(config, sources.content)
        self.stage = 0
        self.history: list[dict[str, float]] = []
        self.descent: PictureDescent | None = None
        self.objective: PictureObjective | None = None
        self.resume_file = config.run_folder() / "state.pt"
        self._resumed: dict[str, Any] | None = None
        if not config.fresh and self.resume_file.exists():
            self._read_state()

    def run(self, report: OptimizeReport) -> str:
        """Paint to the end, write the picture, and return why it ended: converged or steps.

        Raises:
            NotFiniteError: if the loss stops being a number; the last good picture is written.
            KeyboardInterrupt: after the picture and the state to go on from are written.
        """
        if not self.history:
            self._clear()
        start: Tensor | None = None
        with delayed_interrupt() as interrupt:
            while True:
                descent = self._begin(start)
                report.begin(self.sizes[self.stage], done=descent.steps_done)
                while (reason := self._end_of_size()) is None:
                    self._step(descent, report)
                    if interrupt.pressed:
                        self.save(report)
                        write_png(self.config.out, to_uint8(self.picture()[0]))
                    interrupt.check()
                start = descent.image
                if self.stage + 1 == len(self.sizes):
                    break
                self.stage += 1
        self.save(report)
        write_png(self.config.out, to_uint8(self.picture()[0]))
        return reason

    def picture(self) -> Tensor:
        """Return the picture as it would be shown now, (1, 3, H, W) in [0, 1]."""
        assert self.descent is not None
        image = self.descent.image
        if self.config.original_colors == "luminance":
            return with_colours_of(image, self._content().to(image.device))
        return image

    def save(self, report: OptimizeReport) -> None:
        """Write the state to go on from, the picture as it is, and the curves."""
        assert self.descent is not None
        state = {
            "kind": "optimize",
            "identity": self.identity(),
            "stage": self.stage,
            "descent": self.descent.state_dict(),
            "history": self.history,
        }
        save_checkpoint(self.resume_file, state)
        report.save(self.history, self.picture())

    def identity(self) -> dict[str, Any]:
        """Return what a resumed run must have the same: the options, the files and the networks."""
        made_of = {"pictures": self.sources.digest, "networks": self.judgement.hashes()}
        return {**self.config.identity(), **made_of}

    def totals(self) -> list[float]:
        """Return the total loss of each step at the present size."""
        size = self.sizes[self.stage]
        return [row["total"] for row in self.history if row["size"] == size]

    def _begin(self, start: Tensor | None) -> PictureDescent:
        """Set the present size up, from where a run was killed or from `start`, of the size before."""
        config, size = self.config, self.sizes[self.stage]
        # What the size before needed is let go before this one takes its own.
        self.objective = self.descent = None
        self.objective = PictureObjective(
            config, self.judgement, self.sources, size, self.sizes[-1], self.device
        )
        content = self.objective.content_image
        if start is not None:
            start = enlarge(start, (content.shape[-2], content.shape[-1]))
        elif config.init == "noise":
            start = noise_like(content, config.seed)
        else:
            start = content
        self.descent = PictureDescent(
            start, self.objective, method=config.optimizer, learning_rate=config.learning_rate
        )
        if self._resumed is not None:
            self.descent.load_state_dict(self._resumed)
            self._resumed = None
        return self.descent

    def _step(self, descent: PictureDescent, report: OptimizeReport) -> None:
        assert self.objective is not None
        self._draw(descent, self.objective)
        try:
            parts = descent.step()
        except NotFiniteError as error:
            write_png(self.config.out, to_uint8(self.picture()[0]))
            raise NotFiniteError(
                f"{error}: the last good picture is in {self.config.out}; "
                "try a lower --learning-rate or --style-weight, or --precision fp32"
            ) from error
        row = {"step": len(self.history) + 1, "size": self.sizes[self.stage], **parts}
        self.history.append(row)
        report.step(descent.steps_done, parts)
        if descent.steps_done % self.config.save_every == 0:
            self.save(report)

    def _draw(self, descent: PictureDescent, objective: PictureObjective) -> None:
        """Choose the random sample of this step, where the style loss takes one."""
        if self.config.optimizer == "adam":
            objective.draw = descent.steps_done  # its means over steps even out what each sample misses
            return
        stretch, place = divmod(descent.steps_done, self.config.redraw_every)
        if place == 0 and stretch > 0 and "gaussian" in self.config.loss:
            # The slopes that L-BFGS compares must be of one function, and this is another.
            descent.forget()
        objective.draw = stretch

    def _end_of_size(self) -> str | None:
        totals = self.totals()
        if has_converged(totals, self.config.tolerance):
            return "converged"
        return "steps" if len(totals) >= self.config.steps else None

    def _content(self) -> Tensor:
        return content_at(self.sources, self.sizes[self.stage])

    def _clear(self) -> None:
        """Remove what an earlier run left: a kill before the first save must not bring it back."""
        folder = self.config.run_folder()
        for file in (self.resume_file, *folder.glob("step_*.png")):
            file.unlink(missing_ok=True)

    def _read_state(self) -> None:
        state = load_checkpoint(self.resume_file)
        if state.get("kind") != "optimize":
            raise CheckpointError(
                f"{self.resume_file} is no state of an optimisation: give another --run-dir"
            )
        different = changes(self.config, state["identity"], self.identity())
        if different:
            raise OptionError(
                f"{self.resume_file} was painted with other options ({'; '.join(different[:3])}): "
                "give the same to go on, --fresh to begin anew, or another --out"
            )
        self.stage, self.history = int(state["stage"]), list(state["history"])
        self._resumed = state["descent"]
        log.info("going on after %d steps, from %s", len(self.history), self.resume_file)
