"""The command `python -m training texture-sample`."""

from pathlib import Path
from typing import Annotated

import typer

from training.commands.training_options import Debug
from training.commands.words import option


def texture_sample(
    checkpoint: Annotated[Path, typer.Argument(help="What `python -m training texture` wrote, NAME.pt.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The picture to write, NAME.png; several are NAME_SEED.png.")
    ],
    size: Annotated[
        str | None, option("Width and height in pixels. [512x512, or the photograph's own]")
    ] = None,
    seed: Annotated[int, option("Of the noise; the next picture has the next.")] = 0,
    count: Annotated[int, option("How many pictures.")] = 1,
    content_image: Annotated[
        Path | None, option("The photograph to paint, for a network that was trained with --content.")
    ] = None,
    device: Annotated[str, option("auto, cpu or cuda.")] = "auto",
    threads: Annotated[int, option("CPU threads; 0 for all cores.")] = 0,
    debug: Debug = False,
) -> None:
    """Make pictures of a trained texture: other noise, another picture.

    Example: python -m training texture-sample bricks.pt -o wall.png --size 512x512 --seed 3 --count 4

    A texture whose sides are multiples of 16 tiles: it continues at its left where its right ends.
    """
    from training.config_texture import SampleConfig, parse_size
    from training.sample_texture import sample_texture

    config = SampleConfig(
        checkpoint=checkpoint,
        out=out,
        size_wh=parse_size(size) if size is not None else None,
        seed=seed,
        count=count,
        content_image=content_image,
        device=device,
    )
    sample_texture(config, threads=threads)
