"""The command `python -m training evaluate-person`."""

from pathlib import Path
from typing import Annotated

import typer

from training.commands import training_options as given
from training.commands.words import option


def evaluate_person(
    network: Annotated[Path, typer.Argument(help="NAME.pt of `training person`, or NAME.onnx as exported.")],
    people: Annotated[Path, option("A folder with images/ and masks/, by the same names.")],
    area: Annotated[int | None, option("Pixels at which the network looks. [its own]")] = None,
    sheet: Annotated[Path | None, option("A PNG: every picture and what was found, worst first.")] = None,
    debug: given.Debug = False,
) -> None:
    """Measure how well a network finds people: mean IoU, its edges, and ms a picture on one core.

    Example: python -m training evaluate-person person.onnx --people data/people/test --sheet found.png
    """
    from training.config_person import EvaluatePersonConfig
    from training.evaluate_person import evaluate

    evaluate(EvaluatePersonConfig(network=network, people=people, area=area, sheet=sheet))
