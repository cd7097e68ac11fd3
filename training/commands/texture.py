"""The command `python -m training texture`."""

from pathlib import Path
from typing import Annotated

from training.commands import training_options as given
from training.commands.words import option


def texture(
    style_image: given.StyleImage,
    out: given.Out,
    content: Annotated[
        Path | None, option("A folder of photographs: learn to paint them. [make textures from noise]")
    ] = None,
    preset: Annotated[str, option("fast or paper.")] = "paper",
    steps: given.Steps = 4000,
    batch_size: Annotated[int, option("Pictures a step.")] = 4,
    crop_size: given.CropSize = 256,
    style_size: given.StyleSize = None,
    content_weight: given.ContentWeight = 1.0,
    style_weight: given.StyleWeight = 8.0,
    loss: given.Loss = "gram",
    diversity_weight: Annotated[
        float, option("How much textures of a batch push each other away (Ulyanov et al. 2017).")
    ] = 0.0,
    tv_weight: given.TvWeight = 0.05,
    tv_form: given.TvForm = "squared",
    tv_gamma: given.TvGamma = 1.25,
    grid_weight: given.GridWeight = 0.0,
    features: given.Features = "vgg19",
    content_layers: given.ContentLayers = None,
    style_layers: given.StyleLayers = None,
    optimizer: given.Optimizer = "adam",
    learning_rate: given.LearningRate = 1e-2,
    light_jitter: given.LightJitter = 0.0,
    zoom: given.Zoom = 1.0,
    seed: Annotated[int, option("Weights, noise, order and crops follow from it.")] = 0,
    precision: given.PrecisionOption = "auto",
    device: given.Device = "auto",
    devices: given.Devices = 1,
    workers: given.Workers = 0,
    threads: given.Threads = 0,
    weights: given.Weights = None,
    init_from: given.InitFrom = None,
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
    """Train a texture network: noise becomes a texture, or a photograph its painting (Ulyanov et al. 2016).

    Example: python -m training texture --style-image bricks.jpg -o bricks.pt

    Pictures are made of it by texture-sample. Trained with --content, it leaves as any style does:
    python -m export. The same command after a kill goes on from the last checkpoint.
    """
    options = locals()  # before anything else has a name here
    from training.config_texture import TextureConfig
    from training.texture_trainer import TextureTrainer
    from training.train_style import train_style

    train_style(TextureTrainer, TextureConfig(**given.config_values(options)), threads=threads)
