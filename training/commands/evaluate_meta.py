"""The command `python -m training evaluate-meta`."""

from pathlib import Path
from typing import Annotated

import typer

from training.commands.words import names, option


def evaluate_meta(
    meta: Annotated[
        Path,
        typer.Argument(
            help="A checkpoint NAME.pt, of a student too, or meta.npz, as the runtime makes styles with it."
        ),
    ],
    styles: Annotated[Path, option("A folder of style pictures that it has not seen.")],
    content: Annotated[Path, option("A folder of photographs that it has not seen.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the report. [NAME.judge]")
    ] = None,
    sizes: Annotated[str, option("Short sides of the photographs, with commas.")] = "256,512",
    photographs: Annotated[int | None, option("Judge only so many in each style. [all]")] = None,
    references: Annotated[
        str,
        option(
            "How many photographs of each style are optimised for the gap closed: 1, or 256:1. Each takes "
            "minutes at 256 pixels, once."
        ),
    ] = "0",
    steps: Annotated[int, option("Steps of L-BFGS.")] = 500,
    shown: Annotated[int, option("Photographs on the sheet.")] = 6,
    json: Annotated[Path | None, option("Write the report to this file too.")] = None,
    cache: Annotated[Path | None, option("Folder of the references. [~/.cache/livebrush/references]")] = None,
    weights: Annotated[
        Path | None, option("Feature weights: a file or folder, before LIVEBRUSH_WEIGHTS and the download.")
    ] = None,
    device: Annotated[str, option("auto, cpu or cuda.")] = "auto",
    precision: Annotated[
        str, option("Of the optimisation: auto, fp32 or bf16. Scores are in fp32.")
    ] = "auto",
    threads: Annotated[int, option("CPU threads; 0 for all cores.")] = 0,
    debug: Annotated[bool, option("Show tracebacks.")] = False,
) -> None:
    """Judge a meta network or a student: styles and photographs that it has not seen, all against all.

    Example: python -m training evaluate-meta realtime/models/meta.npz --styles paintings --content photos

    By the same loss as `evaluate`. The gap closed is at least what it would be if optimisation lost
    nothing at all; --references measures it.
    """
    from training.config_evaluate import parse_counts
    from training.config_evaluate_meta import EvaluateMetaConfig
    from training.errors import OptionError
    from training.evaluate_meta import evaluate_meta as run_evaluate_meta

    try:
        wanted = tuple(int(size) for size in names(sizes))
    except ValueError as error:
        raise OptionError(f"--sizes must be numbers with commas, instead got {sizes!r}") from error
    run_evaluate_meta(
        EvaluateMetaConfig(
            meta=meta,
            styles=styles,
            content=content,
            out=out or Path(f"{meta.stem}.judge"),
            sizes=wanted,
            photographs=photographs,
            references=parse_counts(references, wanted, "--references", ()),
            steps=steps,
            shown=shown,
            json=json,
            cache=cache,
            weights=weights,
            device=device,
            precision=precision,  # type: ignore[arg-type]
            threads=threads,
        )
    )
