"""The command `python -m training semantic`."""

from pathlib import Path
from typing import Annotated

import typer

from training.commands import training_options as given
from training.commands.words import names, option


def semantic(
    content: Annotated[Path, typer.Argument(help="The photograph.")],
    style: Annotated[Path, typer.Argument(help="The picture whose style it takes.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The picture to write, NAME.png.", show_default=False)
    ] = Path("semantic.png"),
    content_mask: Annotated[
        Path | None, option("Labels of the photograph's parts, as palette indices or greys.")
    ] = None,
    style_mask: Annotated[Path | None, option("Labels of the style's parts.")] = None,
    statistic: Annotated[
        str, option("linear (means), bn (and deviations), cov (second moments) or swap (patches).")
    ] = "bn",
    layer: Annotated[
        str | None,
        option(
            "Where it is done: relu3_1 (strokes), relu4_1 (larger ones), relu5_1 (shapes, too), or "
            "relu3_1,relu4_1, joined. "
            "[relu3_1; with --compare all that ship]"
        ),
    ] = None,
    strength: Annotated[float, option("From 0, the photograph, to 1, all of the style.")] = 1.0,
    passes: Annotated[
        int, option("Decode so often, each time corrected by what was missed: nearer to the style, slower.")
    ] = 2,
    polish: Annotated[
        int, option("Steps of the masked optimisation from there on: nearer still; some 20 are seen.")
    ] = 0,
    decoder: Annotated[
        list[Path] | None,
        option("A checkpoint of `training decoder`; with --compare several. [what ships for --layer]"),
    ] = None,
    size: Annotated[int | None, option("Short side of the picture. [the photograph's]")] = None,
    style_size: Annotated[int | None, option("Short side of the style. [--size, or its own]")] = None,
    compare: Annotated[
        bool, option("Draw a sheet: no mask, each statistic and decoder, and the masked optimisation.")
    ] = False,
    steps: Annotated[int, option("Of that optimisation.")] = 500,
    device: given.Device = "auto",
    threads: given.Threads = 0,
    weights: given.Weights = None,
    debug: given.Debug = False,
) -> None:
    """Paint each part of a photograph in the style of the same part of a painting (Lu et al. 2017).

    Example: python -m training semantic a.jpg b.jpg --content-mask a.png --style-mask b.png -o out.png

    A label that only the photograph has takes the style of the whole painting, and is named.
    """
    from training.config_semantic import SemanticConfig
    from training.semantic_command import semantic as run_semantic
    from training.semantic_compare import compare_semantic

    config = SemanticConfig(
        content=content,
        style=style,
        out=out,
        content_mask=content_mask,
        style_mask=style_mask,
        statistic=statistic,  # type: ignore[arg-type]
        layers=names(layer or ""),
        strength=strength,
        passes=passes,
        polish=polish,
        decoders=tuple(decoder or ()),
        size=size,
        style_size=style_size,
        steps=steps,
        device=device,
        weights=weights,
    )
    if compare:
        compare_semantic(config, threads=threads)
    else:
        run_semantic(config, threads=threads)
