"""The command `python -m training transform`."""

from pathlib import Path
from typing import Annotated

from training.commands import training_options as given
from training.commands.words import option


def transform(
    style_image: given.StyleImage,
    content: Annotated[Path, option("A folder of photographs to practise on.")],
    out: given.Out,
    preset: Annotated[
        str, option("turbo (live), recurrent (steady), fast (the paper's shape), full or paper.")
    ] = "turbo",
    steps: given.Steps = 4000,
    batch_size: Annotated[int, option("Photographs a step.")] = 4,
    crop_size: given.CropSize = 192,
    style_size: given.StyleSize = None,
    content_weight: given.ContentWeight = 1.0,
    style_weight: given.StyleWeight = 8.0,
    loss: given.Loss = "gram",
    tv_weight: given.TvWeight = 0.05,
    tv_form: given.TvForm = "squared",
    tv_gamma: given.TvGamma = 1.25,
    grid_weight: given.GridWeight = 0.0,
    features: given.Features = "vgg19",
    content_layers: given.ContentLayers = None,
    style_layers: given.StyleLayers = None,
    optimizer: given.Optimizer = "soap",
    learning_rate: given.LearningRate = 3e-3,
    light_jitter: given.LightJitter = 0.0,
    zoom: given.Zoom = 1.0,
    seed: given.Seed = 0,
    precision: given.PrecisionOption = "auto",
    device: given.Device = "auto",
    devices: given.Devices = 1,
    workers: given.Workers = 0,
    threads: given.Threads = 0,
    weights: given.Weights = None,
    init_from: given.InitFrom = None,
    teacher: Annotated[
        Path | None,
        option("A trained checkpoint of any preset to learn to paint like; the losses then rest."),
    ] = None,
    temporal_weight: Annotated[
        float,
        option("Of how steady small motion, light and noise leave the painting; costs a forward a step."),
    ] = 0.0,
    samples: given.Samples = None,
    run_dir: given.RunDir = None,
    fresh: given.Fresh = False,
    checkpoint_minutes: given.CheckpointMinutes = 3.0,
    sample_every: given.SampleEvery = 250,
    name: given.Name = None,
    title: given.Title = None,
    artist: given.Artist = "unknown",
    year: given.Year = "unknown",
    debug: given.Debug = False,
) -> None:
    """Train a transform network: one picture's style, painted in one pass (Johnson et al. 2016).

    Example: python -m training transform --style-image wave.jpg --content photos -o wave.pt

    The same command after a kill goes on from the last checkpoint. A small network gets further in two
    parts: first --teacher large.pt, a tenth of the time a step, then --init-from that with the losses; or
    --init-from meta.pt, of `python -m training meta`: from what that writes for the picture.
    --preset recurrent --init-from turbo.pt teaches a turbo network to see its last painting: steady films.
    """
    options = locals()  # before anything else has a name here
    from training.config import TransformConfig
    from training.train_style import train_style
    from training.transform_trainer import TransformTrainer

    train_style(TransformTrainer, TransformConfig(**given.config_values(options)), threads=threads)
