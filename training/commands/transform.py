"""The command `python -m training transform`."""

from pathlib import Path
from typing import Annotated

import typer

from training.commands.words import names, option


def transform(
    style_image: Annotated[Path, option("The picture whose style is learnt.")],
    content: Annotated[Path, option("A folder of photographs to practise on.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The checkpoint to write, NAME.pt.")],
    preset: Annotated[str, option("fast, full or paper.")] = "fast",
    steps: Annotated[int, option("Training steps.")] = 4000,
    batch_size: Annotated[int, option("Photographs a step.")] = 4,
    crop_size: Annotated[int, option("Side of a crop, in pixels.")] = 192,
    style_size: Annotated[
        list[int] | None, option("Short side of the style picture; give it twice for two sizes. [384]")
    ] = None,
    content_weight: Annotated[float, option("How much the photograph counts.")] = 1.0,
    style_weight: Annotated[float, option("How much the style counts.")] = 8.0,
    tv_weight: Annotated[float, option("How much smoothness counts.")] = 0.05,
    tv_form: Annotated[str, option("Total variation: squared, absolute or gamma.")] = "squared",
    tv_gamma: Annotated[float, option("Exponent of the gamma form.")] = 1.25,
    features: Annotated[str, option("Network whose features are compared: vgg19, vgg16 or small.")] = "vgg19",
    content_layers: Annotated[str, option("Layers, with commas.")] = "relu3_3",
    style_layers: Annotated[
        str | None,
        option(
            "Layers, with commas; small:relu4_1 is a layer of another network. "
            "[relu1_1,relu2_1,relu3_1,relu3_4 and relu4_1 of vgg19, or of small where vgg19 ends before]"
        ),
    ] = None,
    learning_rate: Annotated[float, option("The peak of the one-cycle schedule.")] = 3e-3,
    light_jitter: Annotated[float, option("Vary exposure by up to e^J, for dim rooms.")] = 0.0,
    zoom: Annotated[float, option("Enlarge crops by up to this, for soft pictures at large sizes.")] = 1.0,
    seed: Annotated[int, option("Weights, order and crops follow from it.")] = 0,
    precision: Annotated[str, option("auto, fp32 or bf16 (autocast).")] = "auto",
    device: Annotated[str, option("auto, cpu or cuda.")] = "auto",
    devices: Annotated[int, option("How many of them, through Lightning Fabric.")] = 1,
    workers: Annotated[int, option("Processes that read pictures.")] = 0,
    threads: Annotated[int, option("CPU threads; 0 for all cores.")] = 0,
    weights: Annotated[
        Path | None, option("Feature weights: a file or folder, before LIVEBRUSH_WEIGHTS and the download.")
    ] = None,
    init_from: Annotated[Path | None, option("A checkpoint whose weights are the start.")] = None,
    samples: Annotated[Path | None, option("Photographs for the sample sheets.")] = None,
    run_dir: Annotated[Path | None, option("Logs, sheets and resume point. [OUT without .pt, .run]")] = None,
    fresh: Annotated[bool, option("Begin anew though there is a checkpoint to resume.")] = False,
    checkpoint_minutes: Annotated[float, option("Minutes between two checkpoints.")] = 3.0,
    sample_every: Annotated[int, option("Steps between two sample sheets.")] = 250,
    name: Annotated[str | None, option("The style's name. [the style picture's]")] = None,
    title: Annotated[str | None, option("Title of the picture. [from its name]")] = None,
    artist: Annotated[str, option("Who painted it.")] = "unknown",
    year: Annotated[str, option("When.")] = "unknown",
    debug: Annotated[bool, option("Show tracebacks.")] = False,
) -> None:
    """Train a transform network: one picture's style, painted in one pass (Johnson et al. 2016).

    Example: python -m training transform --style-image wave.jpg --content photos -o wave.pt

    The same command after a kill goes on from the last checkpoint.
    """
    from training.config import StyleCredits, TransformConfig
    from training.errors import OptionError
    from training.feature_weights import default_style_layers

    if precision not in ("auto", "fp32", "bf16"):
        raise OptionError(f"--precision must be auto, fp32 or bf16, instead got {precision!r}")
    style_name = name or style_image.stem
    config = TransformConfig(
        style_image=style_image,
        content=content,
        out=out,
        credits=StyleCredits(style_name, title or style_name.replace("_", " ").title(), artist, year),
        preset=preset,
        steps=steps,
        batch_size=batch_size,
        crop_size=crop_size,
        style_sizes=tuple(style_size or (384,)),
        content_weight=content_weight,
        style_weight=style_weight,
        tv_weight=tv_weight,
        tv_form=tv_form,
        tv_gamma=tv_gamma,
        features=features,
        content_layers=names(content_layers),
        style_layers=names(style_layers) if style_layers is not None else default_style_layers(weights),
        learning_rate=learning_rate,
        light_jitter=light_jitter,
        zoom=zoom,
        seed=seed,
        precision=precision,  # type: ignore[arg-type]
        device=device,
        devices=devices,
        workers=workers,
        weights=weights,
        init_from=init_from,
        samples=samples,
        run_dir=run_dir,
        fresh=fresh,
        checkpoint_minutes=checkpoint_minutes,
        sample_every=sample_every,
    )
    from training.train_transform import train_transform

    train_transform(config, threads=threads)
