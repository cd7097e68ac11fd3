"""Runs a trainer as a command does: from its configuration to the checkpoint on disk."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import torch

from training.devices import Placement
from training.images import read_rgb, resize_short_side, to_tensor
from training.memory import keep_freed_memory
from training.report import TrainingReport
from training.trainers import Config, StyleConfig, StyleTrainer, Trainer, sample_pictures

AnyTrainer = TypeVar("AnyTrainer", bound=Trainer)  # type: ignore[type-arg]


def train_style(trainer: type[StyleTrainer[StyleConfig]], config: StyleConfig, *, threads: int = 0) -> None:
    """Train on one style as configured, on one device or several, and write `config.out`."""
    train(trainer, style_report, config, threads=threads)


def train(
    make_trainer: Callable[[Config, Placement], AnyTrainer],
    make_report: Callable[[AnyTrainer], TrainingReport],
    config: Config,
    *,
    threads: int = 0,
) -> None:
    """Train as configured, on one device or several, and write `config.out`.

    Args:
        make_trainer, make_report: picklable, for there is one of each in every device's process.
    """
    if threads:
        torch.set_num_threads(threads)
    place = Placement(config.device, config.precision, config.devices)
    place.launch(partial(_train_here, make_trainer, make_report, config))


def style_report(trainer: StyleTrainer[StyleConfig]) -> TrainingReport:
    """Return what shows a training on one style."""
    config = trainer.config
    return TrainingReport(
        config.run_folder(),
        steps=config.steps,
        done=trainer.step,
        pictures=sample_pictures(config),
        style_image=to_tensor(resize_short_side(read_rgb(config.style_image), 256)),
        quiet=not trainer.placement.is_first,
    )


def _train_here(
    make_trainer: Callable[[Config, Placement], AnyTrainer],
    make_report: Callable[[AnyTrainer], TrainingReport],
    config: Config,
    place: Placement,
) -> None:
    keep_freed_memory()
    trainer = make_trainer(config, place)
    report = make_report(trainer)
    with report:
        trainer.run(report)
    if place.is_first:
        words = trainer.closing_words()
        print(f"{config.out}: {config.preset}, {trainer.step} steps{words}; sheets in {config.run_folder()}")
