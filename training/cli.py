"""All commands of `python -m training`."""

import typer

from training.commands.decoder import decoder
from training.commands.evaluate import evaluate
from training.commands.evaluate_meta import evaluate_meta
from training.commands.evaluate_person import evaluate_person
from training.commands.evaluate_video import evaluate_video
from training.commands.label_people import label_people
from training.commands.meta import meta
from training.commands.optimize import optimize
from training.commands.person import person
from training.commands.semantic import semantic
from training.commands.student import student
from training.commands.texture import texture
from training.commands.texture_sample import texture_sample
from training.commands.transform import transform

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Make styles: train the networks that paint.",
)


@app.callback()
def main() -> None:
    """Make styles: train the networks that paint."""


app.command()(transform)
app.command()(texture)
app.command()(texture_sample)
app.command()(meta)
app.command()(decoder)
app.command()(semantic)
app.command()(student)
app.command()(optimize)
app.command()(person)
app.command()(label_people)
app.command()(evaluate)
app.command()(evaluate_meta)
app.command()(evaluate_person)
app.command()(evaluate_video)
