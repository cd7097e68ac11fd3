"""The command `python -m training decoder`."""

from pathlib import Path
from typing import Annotated

from training.commands import training_options as given
from training.commands.words import names, option


def decoder(
    styles: Annotated[
        list[Path], option("A folder of paintings; give more, and each counts as much as the others.")
    ],
    content: Annotated[Path, option("A folder of photographs to practise on.")],
    out: given.Out,
    layer: Annotated[
        str,
        option(
            "What is decoded: relu3_1, relu4_1, relu5_1 (small:relu4_1), or several, with commas, joined."
        ),
    ] = "relu3_1",
    preset: Annotated[
        str, option("mirror, as wide as VGG; or narrow, half of relu5_1's numbers.")
    ] = "mirror",
    swapped: Annotated[float, option("Share of patch-swapped pairs of a photograph and a painting.")] = 0.34,
    rebuilt: Annotated[
        float,
        option("Share of photographs with regions rebuilt as paintings, as semantic does."),
    ] = 0.0,
    statistics_weight: Annotated[
        float, option("How much means and deviations count beside the features.")
    ] = 0.0,
    pixel_weight: Annotated[
        float, option("How much pixels count beside them; without, colours may be lost.")
    ] = 0.0,
    clip: Annotated[float, option("Cut gradients down to this length; 0 never.")] = 0.0,
    bridge: Annotated[
        bool,
        option(
            "Train only the way to the layer that --init-from decodes, on that layer's features: cheap, "
            "and a deep decoder's start."
        ),
    ] = False,
    steps: given.Steps = 80000,
    batch_size: Annotated[int, option("Pictures a step.")] = 2,
    crop_size: given.CropSize = 256,
    tv_weight: given.TvWeight = 1e-6,
    grid_weight: given.GridWeight = 0.0,
    features: given.Features = "vgg19",
    optimizer: given.Optimizer = "adam",
    learning_rate: Annotated[
        float, option("Until three quarters of the steps; then down to nothing.")
    ] = 1e-3,
    seed: given.Seed = 0,
    precision: given.PrecisionOption = "auto",
    device: given.Device = "auto",
    workers: given.Workers = 0,
    threads: given.Threads = 0,
    weights: given.Weights = None,
    init_from: given.InitFrom = None,
    samples: given.Samples = None,
    run_dir: given.RunDir = None,
    fresh: given.Fresh = False,
    checkpoint_minutes: given.CheckpointMinutes = 3.0,
    sample_every: given.SampleEvery = 250,
    debug: given.Debug = False,
) -> None:
    """Train a decoder: features of VGG become the picture again (Lu et al. 2017).

    Example: python -m training decoder --layer relu3_1 --styles paintings --content photos -o relu3_1.pt

    What `python -m training semantic` decodes with. The same command after a kill goes on from the last
    checkpoint.
    """
    options = locals()  # before anything else has a name here
    from training.config_decoder import DecoderConfig
    from training.decoder_trainer import DecoderTrainer, decoder_report
    from training.train_style import train

    values = {key: value for key, value in options.items() if key not in ("threads", "debug", "layer")}
    values["layers"], values["styles"] = names(layer), tuple(styles)
    train(DecoderTrainer, decoder_report, DecoderConfig(**values), threads=threads)
