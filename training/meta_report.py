"""What a meta training shows: which style is being learnt, and sheets of styles that never are."""

import json
import logging
import statistics
from dataclasses import asdict

from training.images import contact_sheet, to_uint8, write_png
from training.meta_trainer import MetaTrainer
from training.report import Paint, TrainingReport, write_curves
from training.trainers import sample_pictures

log = logging.getLogger(__name__)


class MetaReport(TrainingReport):
    """A row of each sheet is a held-out style, painted on the photographs in the row above all.

    Beside the sheets, held_out.json gets a line a sheet: how much of the photographs' distance to each style
    is closed, and what of their content is lost.
    """

    def __init__(self, trainer: MetaTrainer) -> None:
        config = trainer.config
        super().__init__(
            config.run_folder(),
            steps=config.steps,
            done=trainer.step,
            pictures=sample_pictures(config),
            style_image=trainer.held_out[0][1][0],
            quiet=not trainer.placement.is_first,
        )
        self.trainer = trainer

    def step(self, step: int, parts: dict[str, float]) -> None:
        """Move the bar; it names the style that is being learnt."""
        first, *more = self.trainer.style_names
        self.bar.rename(f"{first} and {len(more)} more" if more else first)
        super().step(step, parts)

    def samples(self, step: int, paint: Paint, history: list[dict[str, float]]) -> None:
        """Write the sheet, the curves and the figures of this step."""
        if self.quiet:
            return
        painted = [to_uint8(image) for image in paint(self.pictures)]
        styles = [to_uint8(image[0]) for _, image in self.trainer.held_out]
        white = styles[0] * 0 + 255
        rows = [[white, *(to_uint8(picture[0]) for picture in self.pictures)]]
        count = len(self.pictures)
        rows += [[style, *painted[n * count : (n + 1) * count]] for n, style in enumerate(styles)]
        sheet = contact_sheet(rows, height=200)
        write_png(self.folder / f"samples_{step:06d}.png", sheet)
        (self.folder / "losses.json").write_text(json.dumps(history))
        # While only the encoder is taught, a step has fewer losses.
        write_curves(self.folder / "curves.png", [row for row in history if row.keys() == history[-1].keys()])
        self._score(step)
        if self.board is not None:
            self.board.add_image("samples", sheet, step, dataformats="HWC")
            self.board.flush()

    def _score(self, step: int) -> None:
        scores = self.trainer.score(self.pictures)
        row = {"step": step, "styles": [asdict(score) for score in scores]}
        with (self.folder / "held_out.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")
        closed = statistics.median(score.closed for score in scores)
        content = statistics.median(score.content for score in scores)
        log.info("step %d, held-out styles: %.0f%% of the way, content %.3f", step, 100 * closed, content)
        if self.board is not None:
            self.board.add_scalar("held_out/closed", closed, step)
            self.board.add_scalar("held_out/content", content, step)
