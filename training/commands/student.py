"""The command `python -m training student`."""

from pathlib import Path
from typing import Annotated

from training.commands import training_options as given
from training.commands.words import names, option


def student(
    styles: Annotated[
        list[Path], option("A folder of paintings; give more, and each counts as much as the others.")
    ],
    content: Annotated[Path, option("A folder of photographs to practise on.")],
    out: given.Out,
    masked: Annotated[float, option("Share of the photographs that have two regions.")] = 0.6,
    photographs: Annotated[float, option("Share of the styles that are photographs.")] = 0.05,
    style_size: Annotated[int, option("Side of the paintings, in pixels; 0 for --crop-size.")] = 0,
    teacher: Annotated[
        Path | None,
        option("A meta network's checkpoint to learn to paint like; the losses then rest."),
    ] = None,
    steps: given.Steps = 8000,
    batch_size: Annotated[int, option("Pictures a step.")] = 4,
    crop_size: given.CropSize = 112,
    content_weight: given.ContentWeight = 1.0,
    style_weight: given.StyleWeight = 8.0,
    tv_weight: given.TvWeight = 0.02,
    grid_weight: given.GridWeight = 100.0,
    features: given.Features = "small",
    content_layers: Annotated[str, option("Layers, with commas.")] = "relu3_1",
    style_layers: Annotated[str, option("Layers, with commas.")] = "relu2_1,relu3_1,relu4_1",
    optimizer: given.Optimizer = "adam",
    learning_rate: given.LearningRate = 2e-3,
    clip: Annotated[float, option("The longest gradient that is followed as it is; 0 for any.")] = 5.0,
    zoom: given.Zoom = 1.0,
    light_jitter: given.LightJitter = 0.0,
    seed: given.Seed = 0,
    precision: given.PrecisionOption = "auto",
    device: given.Device = "auto",
    workers: given.Workers = 0,
    threads: given.Threads = 0,
    weights: given.Weights = None,
    init_from: given.InitFrom = None,
    samples: given.Samples = None,
    sample_styles: Annotated[Path | None, option("Paintings for the sheets, never trained on.")] = None,
    run_dir: given.RunDir = None,
    fresh: given.Fresh = False,
    checkpoint_minutes: given.CheckpointMinutes = 3.0,
    sample_every: given.SampleEvery = 250,
    debug: given.Debug = False,
) -> None:
    """Train the network of `run_camera.py --semantic`: regions of a frame in regions' styles of a picture.

    Example: python -m training student --styles paintings --content photos -o student.pt

    The same command after a kill goes on from the last checkpoint. Strokes come soonest in two parts: first
    --teacher meta.pt --style-size 256, then --init-from that with the losses.
    """
    options = locals()  # before anything else has a name here
    from training.config_student import StudentConfig
    from training.student_trainer import StudentReport, StudentTrainer
    from training.train_style import train

    values = {key: value for key, value in options.items() if key not in ("threads", "debug")}
    values["styles"] = tuple(styles)
    values["content_layers"], values["style_layers"] = names(content_layers), names(style_layers)
    train(StudentTrainer, StudentReport, StudentConfig(**values), threads=threads)
