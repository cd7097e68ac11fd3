"""The command `python -m training label-people`."""

from pathlib import Path
from typing import Annotated

import typer

from training.commands import training_options as given
from training.commands.words import option


def label_people(
    networks: Annotated[
        list[Path],
        typer.Argument(help="NAME.pt of `training person`, or NAME.onnx as exported; several vote."),
    ],
    pictures: Annotated[list[Path], option("Photographs without masks; may be given several times.")],
    people: Annotated[Path, option("The folder it was trained on: pictures in it are left out.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="A new folder, for `training person --also`.")],
    keep_unsure: Annotated[
        bool, option("Keep pictures that the network's views differ on, too, with its guess.")
    ] = False,
    precision: given.PrecisionOption = "auto",
    device: given.Device = "auto",
    threads: given.Threads = 0,
    debug: given.Debug = False,
) -> None:
    """Give photographs the masks that a trained network is sure of, to train the next one on.

    Example: python -m training label-people person.pt --pictures photographs --people data/people -o more
    """
    options = {key: value for key, value in locals().items() if key != "debug"}
    from training.config_person import LabelPeopleConfig
    from training.evaluate_person import label

    options["networks"], options["pictures"] = tuple(networks), tuple(pictures)
    label(LabelPeopleConfig(**options))
