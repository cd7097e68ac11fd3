"""Checks that every command's configuration makes, with one way of saying what was wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from training.errors import OptionError


def check_ranges(config: Any, ranges: Mapping[str, tuple[float, float]]) -> None:
    """Refuse values outside their range, both ends allowed.

    Args:
        config: has each name of `ranges` as an attribute, a number.
        ranges: lowest and highest value by name.
    Raises:
        OptionError: names the option, what it may be, and what it got.
    """
    for name, (low, high) in ranges.items():
        value = getattr(config, name)
        if not low <= value <= high:  # NaN is refused too
            raise OptionError(
                f"{option_name(name)} must be between {low:g} and {high:g}, instead got {value:g}"
            )


def check_choices(config: Any, choices: Mapping[str, Sequence[str]]) -> None:
    """Refuse words that are not among the choices.

    Raises:
        OptionError: names the option, the choices, and what it got.
    """
    for name, allowed in choices.items():
        value = getattr(config, name)
        if value not in allowed:
            raise OptionError(
                f"{option_name(name)} must be one of {', '.join(allowed)}, instead got {value!r}"
            )


def option_name(name: str) -> str:
    """Return how a field is typed on the command line: style_weight -> --style-weight."""
    return "--" + name.replace("_", "-")


def plain(value: Any) -> Any:
    """Return an option as a checkpoint keeps it: of a file its name, which stays after a move."""
    if isinstance(value, Path):
        return value.name
    return [plain(item) for item in value] if isinstance(value, tuple) else value


def changes(config: Any, was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Name the options that decide the result and were others in an earlier run: `style_weight 8.0 -> 3.0`.

    An option that the program did not have then had its default.

    Args:
        config: a dataclass of options.
        was, now: option by name, as plain values.
    """
    defaults = {one.name: plain(one.default) for one in fields(config) if one.default is not MISSING}
    before = {**defaults, **was}
    return [f"{key} {before.get(key)} -> {now[key]}" for key in now if before.get(key) != now[key]]
