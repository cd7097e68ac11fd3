"""All commands of `python -m training`."""

import typer

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
