"""The command `python -m training meta`."""

from pathlib import Path
from typing import Annotated

from training.commands import training_options as given
from training.commands.words import names, option


def meta(
    styles: Annotated[
        list[Path], option("A folder of paintings; give more, and each counts as much as the others.")
    ],
    content: Annotated[Path, option("A folder of photographs to practise on.")],
    out: given.Out,
    preset: Annotated[str, option("Of the networks that it writes: turbo, fast or full.")] = "turbo",
    generate: Annotated[
        str,
        option("What is written: paper (kernels), or more (the last convolution and the norms' scales too)."),
    ] = "more",
    hidden: Annotated[int, option("Hidden numbers that write one convolution.")] = 128,
    network: Annotated[
        Path | None,
        option("A trained checkpoint of that preset, as which every style begins: saves most of the steps."),
    ] = None,
    encoder: Annotated[
        str, option("What reads a style: vgg (the feature network's statistics) or small (our own, taught).")
    ] = "vgg",
    encoder_from: Annotated[
        Path | None, option("A meta checkpoint whose small encoder is taken over; the rest is --init-from's.")
    ] = None,
    encoder_layers: Annotated[
        str | None, option("Layers of those statistics, with commas. [relu1_2 to 4_3; small: relu1_1 to 5_1]")
    ] = None,
    style_numbers: Annotated[
        int, option("Directions of the statistics that are kept; 0 for all, as the paper.")
    ] = 256,
    style_size: Annotated[int, option("Side of the style pictures for the encoder, in pixels.")] = 256,
    target_size: Annotated[
        int, option("Their side for the style loss: larger gives larger strokes; 0 for --style-size.")
    ] = 0,
    steps: given.Steps = 40000,
    batch_size: Annotated[int, option("Photographs a step.")] = 8,
    crop_size: given.CropSize = 256,
    steps_per_style: Annotated[
        int, option("Steps before the next style: 20 in the paper, 1 to 4 for short trainings.")
    ] = 20,
    styles_per_step: Annotated[int, option("Styles that share the photographs of a step.")] = 1,
    measured_styles: Annotated[int, option("Styles that the scale of the statistics is taken from.")] = 1000,
    teach_steps: Annotated[int, option("First steps that teach the small encoder alone.")] = 0,
    teach_weight: Annotated[float, option("How much the small encoder is taught after that.")] = 1.0,
    textures: Annotated[float, option("Share of the styles that are textures from chance.")] = 0.1,
    photographs: Annotated[float, option("Share of the styles that are photographs.")] = 0.05,
    vary: Annotated[float, option("How much the styles' colours are varied, 0 to 1.")] = 1.0,
    content_weight: given.ContentWeight = 1.0,
    style_weight: given.StyleWeight = 8.0,
    loss: given.Loss = "bn",
    tv_weight: given.TvWeight = 0.05,
    tv_form: given.TvForm = "squared",
    tv_gamma: given.TvGamma = 1.25,
    grid_weight: given.GridWeight = 0.0,
    features: given.Features = "vgg16",
    content_layers: Annotated[str | None, option("Layers, with commas. [relu3_3; small: relu3_1]")] = None,
    style_layers: Annotated[
        str | None,
        option("Layers, with commas. [vgg16: relu1_2, relu2_2, relu3_3, relu4_3; small: relu1_1 to relu5_1]"),
    ] = None,
    optimizer: given.Optimizer = "adam",
    learning_rate: given.LearningRate = 1e-3,
    clip: Annotated[float, option("Cut gradients down to this length; 0 never.")] = 5.0,
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
    samples: given.Samples = None,
    sample_styles: Annotated[Path | None, option("Paintings for the sample sheets.")] = None,
    run_dir: given.RunDir = None,
    fresh: given.Fresh = False,
    checkpoint_minutes: given.CheckpointMinutes = 10.0,
    sample_every: given.SampleEvery = 1000,
    debug: given.Debug = False,
) -> None:
    """Train a meta network: it looks at any picture once and writes the network that paints like it.

    Example: python -m training meta --styles paintings --content photos -o meta.pt

    Shen et al. 2018. The same command after a kill goes on from the last checkpoint. Each sheet shows
    styles against photographs; give --sample-styles and --samples to see pictures that are not learnt.
    """
    options = locals()  # before anything else has a name here
    from training.config_meta import MetaConfig, default_layers
    from training.meta_report import MetaReport
    from training.meta_trainer import MetaTrainer
    from training.train_style import train

    values = {key: value for key, value in options.items() if key not in ("threads", "debug")}
    values["styles"] = tuple(values["styles"])
    for key, layers in default_layers(features, weights).items():
        values[key] = layers if values[key] is None else names(values[key])
    train(MetaTrainer, MetaReport, MetaConfig(**values), threads=threads)
