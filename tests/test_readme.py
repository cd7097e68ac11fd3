"""The README promises commands; each must exist as it is typed there."""

import re
import shlex
from pathlib import Path

import pytest
import typer

README_FILE = Path(__file__).parents[1] / "README.md"
README = README_FILE.read_text(encoding="utf-8")


def shell_lines() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


def options_of(app: typer.Typer, words: list[str]) -> set[str]:
    """Return the options of the command that the words name, through groups of groups."""
    command = typer.main.get_command(app)
    for word in words:
        if word not in getattr(command, "commands", {}):
            break
        command = command.commands[word]  # type: ignore[attr-defined]
    return {name for parameter in command.params for name in parameter.opts}


@pytest.mark.parametrize("line", [line for line in shell_lines() if "python" in line and "pip" not in line])
def test_every_command_of_the_readme_has_the_options_that_it_uses(line: str) -> None:
    words = shlex.split(line, comments=True)
    asked = {word for word in words if word.startswith("-")} - {"-m"}
    if words[1] == "run_camera.py":
        from realtime.camera_command import app

        known = options_of(app, [])
    elif words[1] == "-m":
        package = __import__(f"{words[2]}.cli", fromlist=["app"])
        known = options_of(package.app, words[3:])
    else:
        script = (README_FILE.parent / words[1]).read_text(encoding="utf-8")
        known = {option for option in asked if f'"{option}"' in script}
    assert asked <= known


def test_the_two_commands_set_everything_up() -> None:
    lines = shell_lines()
    assert 'pip install ".[cpu]" && python run_camera.py --style starry_night' in lines
    assert 'pip install -e ".[dev]" && python -m pytest -n 2 --dist loadfile' in lines


def test_every_picture_of_the_readme_is_there() -> None:
    for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (README_FILE.parent / target).is_file(), target
