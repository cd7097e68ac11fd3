"""The command `python -m training evaluate`."""

from pathlib import Path
from typing import Annotated

import typer

from training.commands.words import names, option


def evaluate(
    style: Annotated[str, typer.Argument(help="A style's name, a style file .onnx or a checkpoint .pt.")],
    content: Annotated[Path, option("A folder of photographs that no network has seen.")],
    style_image: Annotated[Path, option("The picture that the style was learnt from.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the report. [NAME.judge]")
    ] = None,
    sizes: Annotated[str, option("Short sides of the photographs, with commas.")] = "256,512,1024",
    references: Annotated[
        str | None,
        option(
            "How many photographs are optimised for the gap closed: 2 for every size, or 256:4,512:2. Each "
            "takes minutes at 256 pixels and an hour at 1024 on two cores, once. [256:2,512:1]"
        ),
    ] = None,
    noise_runs: Annotated[
        str | None,
        option("How many are optimised from noise until they equal the network (Johnson 2016). [256:1]"),
    ] = None,
    steps: Annotated[int, option("Steps of L-BFGS.")] = 500,
    photographs: Annotated[int | None, option("Judge only so many photographs. [all]")] = None,
    speed_rounds: Annotated[int, option("Turns of the speed-up's timing; 0 leaves it out.")] = 3,
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
    """Judge a style on photographs: losses, gap closed against optimisation, speed-up, pictures.

    Example: python -m training evaluate starry_night --content photos --style-image starry.jpg

    Figures compare only between reports that name the same weights. The optimisations are kept, and a
    killed run goes on from them.
    """
    from training.config_evaluate import NOISE_RUNS, REFERENCES, EvaluateConfig, parse_counts
    from training.errors import OptionError
    from training.evaluate import evaluate as run_evaluate

    try:
        wanted = tuple(int(size) for size in names(sizes))
    except ValueError as error:
        raise OptionError(f"--sizes must be numbers with commas, instead got {sizes!r}") from error
    run_evaluate(
        EvaluateConfig(
            style=style,
            content=content,
            style_image=style_image,
            out=out or Path(f"{Path(style).stem}.judge"),
            sizes=wanted,
            references=parse_counts(references, wanted, "--references", REFERENCES),
            noise_runs=parse_counts(noise_runs, wanted, "--noise-runs", NOISE_RUNS),
            steps=steps,
            photographs=photographs,
            speed_rounds=speed_rounds,
            json=json,
            cache=cache,
            weights=weights,
            device=device,
            precision=precision,  # type: ignore[arg-type]
            threads=threads,
        )
    )
