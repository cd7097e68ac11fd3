"""How training's commands speak: one line for an error, a traceback only when asked for."""

import logging
import sys
from collections.abc import Sequence

import typer
from rich.console import Console
from rich.logging import RichHandler

from training.errors import TrainingError


def plain_console(*, stderr: bool = False) -> Console:
    """Return Rich's console for tables and bars; names stay as they are, neither markup nor emoji."""
    return Console(stderr=stderr, markup=False, emoji=False)


def run(app: typer.Typer, arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code: 0, 1 for what nobody foresaw, 2 for the user's to mend."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    logging.basicConfig(
        level=logging.WARNING,
        format="%(message)s",
        handlers=[RichHandler(show_time=False, show_path=debug)],
    )
    logging.getLogger("training").setLevel(logging.DEBUG if debug else logging.INFO)
    command = typer.main.get_command(app)
    try:
        result = command.main(args=arguments, prog_name="python -m training", standalone_mode=False)
    except TrainingError as error:
        if debug:
            raise
        return _complain(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _complain("stopped; the same command goes on from the last checkpoint", 130)
    except Exception as error:
        # Typer's own errors (an unknown option, say) know how to say themselves in one line.
        describe = getattr(error, "format_message", None)
        if type(error).__name__ == "NoArgsIsHelpError" and describe is not None:
            print(describe())
            return 2
        if describe is not None:
            return _complain(f"{describe()} (--help lists the options)", 2)
        if type(error).__name__ == "Abort":
            return _complain("stopped; the same command goes on from the last checkpoint", 130)
        if debug:
            raise
        return _complain(f"{type(error).__name__}: {error} (--debug shows where)".replace("\n", " "), 1)
    return result if isinstance(result, int) else 0


def _complain(text: str, exit_code: int) -> int:
    print(f"error: {text}", file=sys.stderr)
    return exit_code
