"""The command `python -m training person`."""

from pathlib import Path
from typing import Annotated

from training.commands import training_options as given
from training.commands.words import option


def person(
    people: Annotated[Path, option("Pictures of people: labelled/images and labelled/masks; machine/ too.")],
    out: given.Out,
    content: Annotated[
        Path | None, option("Photographs; those named house_ and land_ become backgrounds. [none]")
    ] = None,
    also: Annotated[
        Path | None, option("A folder of `label-people`: masks by an earlier network. [none]")
    ] = None,
    weights: Annotated[
        Path | None, option("A folder with SqueezeNet's weights, to begin with. [begin with none]")
    ] = None,
    init_from: Annotated[
        Path | None, option("NAME.pt of this command to begin with, in place of --weights. [none]")
    ] = None,
    preset: Annotated[
        str, option("small, which ships; or teacher, whose masks small learns from.")
    ] = "small",
    teacher: Annotated[
        Path | None, option("NAME.pt of a larger one, which looks at all samples, too.")
    ] = None,
    teacher_share: Annotated[float, option("How much of the mask to learn is what it sees.")] = 0.5,
    steps: given.Steps = 6000,
    batch_size: Annotated[int, option("Pictures a step.")] = 12,
    area: Annotated[int, option("Pixels of a picture as the network sees it.")] = 25_600,
    learning_rate: given.LearningRate = 2e-3,
    average: Annotated[float, option("Share of the averaged weights that a step keeps.")] = 0.997,
    seed: Annotated[int, option("Weights, order and what is done to the pictures follow from it.")] = 0,
    precision: given.PrecisionOption = "auto",
    device: given.Device = "auto",
    threads: given.Threads = 0,
    run_dir: given.RunDir = None,
    fresh: given.Fresh = False,
    checkpoint_minutes: given.CheckpointMinutes = 2.0,
    sample_every: given.SampleEvery = 250,
    debug: given.Debug = False,
) -> None:
    """Train the network that finds people in a frame.

    Example: python -m training person --people data/people --content photographs -o person.pt

    An eighth of the pairs drawn by people is held out, and judged by as it goes on. people/test is
    never looked at: measure there with evaluate-person. The same command after a kill goes on.
    """
    options = {key: value for key, value in locals().items() if key not in ("threads", "debug")}
    import torch

    from training.config_person import PersonConfig
    from training.devices import Placement
    from training.memory import keep_freed_memory
    from training.person_trainer import PersonTrainer

    config = PersonConfig(**options)
    if threads:
        torch.set_num_threads(threads)
    keep_freed_memory()
    PersonTrainer(config, Placement(config.device, config.precision)).run()
