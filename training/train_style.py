"""Runs a trainer as a command does: from its configuration to the checkpoint on disk."""

from functools import partial

import torch

from training.devices import Placement
from training.images import read_rgb, resize_short_side, to_tensor
from training.report import TrainingReport
from training.trainers import Config, StyleTrainer, sample_pictures


def train_style(trainer: type[StyleTrainer[Config]], config: Config, *, threads: int = 0) -> None:
    """Train as configured, on one device or several, and write `config.out`."""
    if threads:
        torch.set_num_threads(threads)
    place = Placement(config.device, config.precision, config.devices)
    place.launch(partial(_train_here, trainer, config))


def _train_here(make_trainer: type[StyleTrainer[Config]], config: Config, place: Placement) -> None:
    trainer = make_trainer(config, place)
    style_image = to_tensor(resize_short_side(read_rgb(config.style_image), 256))
    report = TrainingReport(
        config.run_folder(),
        steps=config.steps,
        done=trainer.step,
        pictures=sample_pictures(config),
        style_image=style_image,
        quiet=not place.is_first,
    )
    with report:
        try:
            trainer.run(report)
        except KeyboardInterrupt:
            trainer.save()
            raise
    if place.is_first:
        words = trainer.closing_words()
        print(f"{config.out}: {config.preset}, {trainer.step} steps{words}; sheets in {config.run_folder()}")
