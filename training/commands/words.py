"""What the commands share in reading their options."""

from typing import Any

import typer


def option(help_text: str, **kwargs: Any) -> Any:
    """Return a Typer option that is known by its parameter's name."""
    return typer.Option(help=help_text, **kwargs)


def names(text: str) -> tuple[str, ...]:
    """Split a list written with commas: `relu1_1, relu2_1` -> ("relu1_1", "relu2_1")."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
